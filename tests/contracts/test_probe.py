"""Probe: an account's health at other prices, from the protocol's own code, leaving nothing behind."""

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.world import addresses
from tests.contracts.desk import WAD, load_test, operands, refuses, usd, usdc, who
from tests.contracts.floor import Floor


def test_health_at_other_prices() -> None:
    """WETH at 2 500 and USDC at 1.10, while the feeds say 1 800 and 1."""
    floor = Floor()
    prices = [(floor.feeds["WETH"], usd(2500)), (floor.feeds["USDC"], usd(1.1))]
    rounds = floor.read("PriceFeed", floor.feeds["WETH"], "latestRound")
    receipt = floor.send("keeper", "Probe", floor.probe, "healthAt", floor.adapter, who("borrower"), prices)
    assert abi.uint256(receipt.output) == 25_000 * 83 * WAD // 1_672_000
    assert receipt.logs == ()
    assert floor.read("PriceFeed", floor.feeds["WETH"], "latestRound") == rounds
    assert floor.health() == 982894736842105263


def test_without_other_prices_it_is_the_health() -> None:
    floor = Floor()
    receipt = floor.send("keeper", "Probe", floor.probe, "healthAt", floor.adapter, who("borrower"), [])
    assert abi.uint256(receipt.output) == floor.health()


def test_only_itself_may_attempt() -> None:
    """OnlyItself for anyone else; from itself an attempt ends in Answer, which carries the health."""
    floor = Floor()
    ask = ("Probe", floor.probe, "attempt", floor.adapter, who("borrower"), [(floor.feeds["WETH"], usd(3600))])
    with refuses(operands("OnlyItself", who("keeper"))):
        floor.send("keeper", *ask)
    itself = floor.deploy("Borrowed")  # the probe's code, calling itself
    floor.send(addresses.HARNESS, "PriceFeed", floor.feeds["WETH"], "allow", itself)
    attempt = load("Probe").encode(*ask[2:])
    head = abi.encode(load_test("Borrowed").selector("run"), floor.probe, 64, len(attempt))
    with refuses(operands("Answer", 36_000 * 83 * WAD // 1_520_000)):
        floor.send_raw("keeper", itself, head + attempt + bytes(-len(attempt) % 32))


def test_a_failed_attempt_says_why() -> None:
    """A feed that does not know the probe, or a price of zero: their own errors come through."""
    floor = Floor()
    stranger = floor.feed("stranger", usdc(1))
    with refuses(operands("Unauthorised", floor.probe)):
        floor.send("keeper", "Probe", floor.probe, "healthAt", floor.adapter, who("borrower"), [(stranger, 1)])
    zero = [(floor.feeds["WETH"], 0)]
    with refuses(operands("InvalidPrice", floor.weth, 0)):
        floor.send("keeper", "Probe", floor.probe, "healthAt", floor.adapter, who("borrower"), zero)
