"""PriceFeed: its writers report, everybody reads."""

from simulator.chain import abi
from simulator.world import addresses
from tests.contracts.desk import START, Bench, ether, opened, operands, refuses, usdc, who


def opened_feed() -> tuple[Bench, str]:
    bench = Bench()
    return bench, bench.feed("WETH", 2000 * 10**8)


def test_a_report_opens_a_round() -> None:
    """The owner reports at two times: the latest round is the second, the first stays readable."""
    bench, feed = opened_feed()
    bench.wait(60)
    receipt = bench.send(addresses.HARNESS, "PriceFeed", feed, "report", -7)
    latest = abi.words(bench.read("PriceFeed", feed, "latestRoundData"))
    assert (latest[0], abi.signed(latest[1]), *latest[2:]) == (2, -7, START + 60, START + 60, 2)
    first = abi.words(bench.read("PriceFeed", feed, "getRoundData", 1))
    assert first == (1, 2000 * 10**8, START, START, 1)
    (event,) = receipt.logs
    assert abi.signed(abi.uint256(event.topics[1])) == -7
    assert (abi.uint256(event.topics[2]), abi.words(event.data)) == (2, (START + 60,))


def test_it_speaks_chainlinks_interface() -> None:
    bench, feed = opened_feed()
    assert abi.uint256(bench.read("PriceFeed", feed, "decimals")) == 8
    assert abi.uint256(bench.read("PriceFeed", feed, "version")) == 1
    assert b"WETH / USD" in bench.read("PriceFeed", feed, "description")


def test_only_writers_report() -> None:
    """`keeper` may once the owner has allowed it; `non_owner` never."""
    bench, feed = opened_feed()
    with refuses(operands("Unauthorised", who("keeper"))):
        bench.send("keeper", "PriceFeed", feed, "report", 1)
    bench.send(addresses.HARNESS, "PriceFeed", feed, "allow", who("keeper"))
    bench.send("keeper", "PriceFeed", feed, "report", 1)
    with refuses(operands("Unauthorised", who("non_owner"))):
        bench.send("non_owner", "PriceFeed", feed, "report", 1)


def test_only_the_owner_allows() -> None:
    bench, feed = opened_feed()
    with refuses(operands("Unauthorised", who("non_owner"))):
        bench.send("non_owner", "PriceFeed", feed, "allow", who("non_owner"))


def test_a_round_that_never_was_is_refused() -> None:
    """NoRound says which was asked for and which is the latest; a feed without reports has none."""
    bench, feed = opened_feed()
    with refuses(operands("NoRound", 2, 1)):
        bench.read("PriceFeed", feed, "getRoundData", 2)
    mute = bench.deploy("PriceFeed", "mute", abi.encode(b"", addresses.HARNESS, 96, 8) + abi.word(0))
    with refuses(operands("NoRound", 0, 0)):
        bench.read("PriceFeed", mute, "latestRoundData")


READS = (("latestRoundData",), ("latestAnswer",), ("getRoundData", 1))


def test_a_closed_feed_answers_its_owner_alone() -> None:
    """Closed, each read of a price is Unavailable for others and what it was for the owner, until it opens."""
    bench, feed = opened_feed()
    before = {read: bench.read("PriceFeed", feed, *read) for read in READS}
    assert bench.read("PriceFeed", feed, "isClosed") == abi.word(0)
    receipt = bench.send(addresses.HARNESS, "PriceFeed", feed, "setClosed", 1)
    assert [log.data for log in receipt.logs] == [abi.word(0)]  # AvailabilityChanged: not available
    assert bench.read("PriceFeed", feed, "isClosed") == abi.word(1)
    for read in READS:
        with refuses(operands("Unavailable")):
            bench.read("PriceFeed", feed, *read)
        assert bench.read("PriceFeed", feed, *read, role=addresses.HARNESS) == before[read]
    receipt = bench.send(addresses.HARNESS, "PriceFeed", feed, "setClosed", 0)
    assert [log.data for log in receipt.logs] == [abi.word(1)]
    assert {read: bench.read("PriceFeed", feed, *read) for read in READS} == before


def test_a_closed_feed_goes_on_reporting() -> None:
    """A report while it is closed is what everybody reads when it opens."""
    bench, feed = opened_feed()
    bench.send(addresses.HARNESS, "PriceFeed", feed, "setClosed", 1)
    bench.send(addresses.HARNESS, "PriceFeed", feed, "report", 1500 * 10**8)
    bench.send(addresses.HARNESS, "PriceFeed", feed, "setClosed", 0)
    assert abi.uint256(bench.read("PriceFeed", feed, "latestAnswer")) == 1500 * 10**8


def test_only_the_owner_closes() -> None:
    """A writer reports; whether the feed answers is not its to say."""
    bench, feed = opened_feed()
    bench.send(addresses.HARNESS, "PriceFeed", feed, "allow", who("keeper"))
    with refuses(operands("Unauthorised", who("keeper"))):
        bench.send("keeper", "PriceFeed", feed, "setClosed", 1)


def test_who_began_the_call_counts_and_not_who_asks() -> None:
    """The pool reads the feed for both: the owner learns the account's health through it, the keeper is refused."""
    desk = opened(ether(10), usdc(15_200))
    healthy = desk.view("health", who("borrower"))
    desk.send(addresses.HARNESS, "PriceFeed", desk.feeds["WETH"], "setClosed", 1)
    with refuses(operands("Unavailable")):
        desk.view("health", who("borrower"))
    ask = ("LendingPool", desk.pool, "health", who("borrower"))
    assert abi.words(desk.read(*ask, role=addresses.HARNESS)) == healthy
