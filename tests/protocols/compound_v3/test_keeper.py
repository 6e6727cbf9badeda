"""A keeper on a Comet, end to end: flash loan, absorption, storefront, sale, repayment; profit by hand to the unit."""

from __future__ import annotations

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.world import addresses, records
from simulator.world.records import Filled, Outcome, Refused
from tests.contracts.desk import MAX, WAD, ether, usd, usdc, who
from tests.contracts.floor import ALLOWANCE, ANY_LOSS, ZERO
from tests.protocols.compound_v3.stand import ABSORB, Stand, opened

DEPTH = ether(10_000)
POOL = usdc(16_700_000)
"""The venue stands at 1 670."""


class Keeper:
    """Our hand, flash lender and venue before the adapter of `stand`."""

    def __init__(self, stand: Stand, flash_fee: int = 0) -> None:
        self.stand = stand
        self.weth, self.usdc = stand.tokens["WETH"], stand.tokens["USDC"]
        self.probe = stand.deploy("Probe")
        self.lender = stand.deploy("FlashLender", "", abi.word(flash_fee))
        stand.send("lender", "Token", self.usdc, "transfer", self.lender, usdc(10**9))
        self.venue = stand.deploy("ConstantProductPool", "", abi.encode(b"", self.weth, self.usdc, 0, ZERO))
        for token in (self.weth, self.usdc):
            stand.send("lender", "Token", token, "approve", self.venue, MAX)
        stand.send("lender", "ConstantProductPool", self.venue, "open", DEPTH, POOL)
        arguments = abi.encode(b"", who("keeper"), stand.adapter, self.lender, self.probe)
        self.hand = stand.deploy("Liquidator", "", arguments)
        stand.send("keeper", "Liquidator", self.hand, "trust", list(stand.tokens.values()), [self.venue])
        for feed in stand.feeds.values():
            stand.send(addresses.HARNESS, "PriceFeed", feed, "allow", self.probe)

    def order(self, account: str = "borrower", repay: int = MAX, least: int = ANY_LOSS) -> tuple[abi.Static, ...]:
        return (who(account), self.weth, self.usdc, repay, least, 0, self.venue, ZERO)

    def execute(self, *orders: tuple[abi.Static, ...], twins: tuple[tuple[str, int], ...] = ()) -> list[Outcome]:
        receipt = self.stand.send("keeper", "Liquidator", self.hand, "execute", ALLOWANCE, list(orders), list(twins))
        return records.outcomes(receipt.logs_of(self.hand), len(orders), load("CompoundV3Adapter").errors)

    def filled(self, *orders: tuple[abi.Static, ...]) -> list[Filled]:
        found = self.execute(*orders)
        assert all(isinstance(each, Filled) for each in found), found
        return [each for each in found if isinstance(each, Filled)]


def sale(amount: int, sold: int = 0) -> int:
    """What the venue pays for `amount` WETH after `sold`: x · y = k, rounded down once a sale."""
    reserve, quote = DEPTH + sold, POOL
    if sold:
        quote -= sale(sold)
    return quote * amount // (reserve + amount)


def test_it_earns_the_discount_less_the_slide() -> None:
    """16 199 borrowed buy 10 WETH; the venue pays 16 700 · 10 000/10 010 for them; the rest is the keeper's."""
    stand = opened()
    stand.report("WETH", usd(1670))
    keeper = Keeper(stand)
    (done,) = keeper.filled(keeper.order())
    assert (done.repaid, done.cleared) == (usdc(16_199), usdc(15_000))
    assert (done.seized, done.received, done.protocol_fee) == (ether(10), ether(10), 0)
    assert done.proceeds == usdc(16_700) * 10_000 // 10_010 == 16_683_316_683
    assert done.profit == 484_316_683 == stand.wallet(keeper.hand, keeper.usdc)
    assert (done.health_after, done.bad_debt) == (MAX, ())
    assert done.health_before == done.health_twin < WAD
    assert stand.wallet(keeper.lender, keeper.usdc) == usdc(10**9)
    assert stand.wallet(stand.adapter, keeper.usdc) == stand.wallet(stand.adapter, keeper.weth) == 0


def test_the_loan_has_its_price() -> None:
    """0.1 % of 16 199 goes to the lender."""
    stand = opened()
    stand.report("WETH", usd(1670))
    keeper = Keeper(stand, WAD // 1000)
    (done,) = keeper.filled(keeper.order())
    assert (done.proceeds, done.profit) == (16_683_316_683, 484_316_683 - 16_199_000)


def test_bad_debt_is_in_the_record() -> None:
    """At 1 400 the credit misses 1 700 of the debt. The venue at 1 670 makes the keeper rich all the same."""
    stand = opened()
    stand.report("WETH", usd(1400))
    keeper = Keeper(stand)
    (done,) = keeper.filled(keeper.order())
    assert (done.repaid, done.cleared, done.bad_debt) == (usdc(13_580), usdc(13_300), ((1, usdc(1_700)),))
    assert done.profit == sale(ether(10)) - usdc(13_580)


def test_who_comes_second_finds_it_absorbed() -> None:
    """Two orders for one account, and one for what stands in the storefront: part, nothing, the rest."""
    stand = opened()
    stand.report("WETH", usd(1670))
    keeper = Keeper(stand)
    first, second, third = keeper.execute(
        keeper.order(repay=usdc(1_000)), keeper.order(), keeper.order(account=stand.comet)
    )
    assert isinstance(first, Filled) and isinstance(third, Filled)
    bought = usdc(1_000) * 10**18 // (1619_900000)
    assert (first.received, first.protocol_fee) == (bought, ether(10) - bought)
    assert second == Refused("NotLiquidatable")
    assert third.repaid == (ether(10) - bought) * 1619_900000 // 10**18
    assert (third.cleared, third.seized) == (0, third.received)
    assert third.proceeds == sale(third.received, bought)


def test_refusals_have_the_comets_names() -> None:
    """NotForSale, Paused and Unprofitable are rows; the account stands as before after each."""
    stand = opened(target=usdc(100_000))
    stand.give(usdc(120_000))
    stand.report("WETH", usd(1670))
    keeper = Keeper(stand)
    before = stand.row("borrower"), stand.reserves()
    assert keeper.execute(keeper.order()) == [Refused("NotForSale")]
    stand.pause(ABSORB)
    assert keeper.execute(keeper.order()) == [Refused("Paused")]
    stand.pause(0)
    assert (stand.row("borrower"), stand.reserves()) == before
    stand.verb("lender", "withdrawTo", who("lender"), keeper.usdc, usdc(900_000))  # reserves are not lenders' money
    assert keeper.execute(keeper.order()) == [Refused("NotForSale")]


def test_a_loss_is_refused_and_nothing_was_absorbed() -> None:
    """The venue stands at 1 670, the Comet's price at 1 675: the keeper wants 500 and there are 436 to have."""
    stand = opened()
    stand.report("WETH", usd(1675))
    keeper = Keeper(stand)
    assert keeper.execute(keeper.order(least=usdc(500))) == [Refused("Unprofitable")]
    assert stand.owed() == usdc(15_000)
    (done,) = keeper.filled(keeper.order(least=usdc(435)))
    assert done.profit == 16_683_316_683 - usdc(16_247.5)


def test_the_twins_health_is_of_other_prices() -> None:
    """At the twin feed's 2 000 the account was healthy: 17 900 of weighted collateral against 15 000."""
    stand = opened()
    stand.report("WETH", usd(1670))
    keeper = Keeper(stand)
    (done,) = keeper.execute(keeper.order(), twins=((stand.feeds["WETH"], usd(2000)),))
    assert isinstance(done, Filled)
    assert done.health_twin == 17_900 * WAD // 15_000
    assert done.health_before == 149_465 * WAD // 150_000


def test_the_lens_finds_the_best_size() -> None:
    """Selling q against x · y = k at 1 670 pays while the marginal price is above 1 619.9: 152.99… WETH, so all ten."""
    stand = opened()
    stand.report("WETH", usd(1670))
    keeper = Keeper(stand)
    lens = stand.deploy("Lens")
    question = (who("borrower"), keeper.weth, keeper.usdc, keeper.venue, ZERO, keeper.lender)
    answer = stand.read("Lens", lens, "best", stand.adapter, [question], 0)
    assert abi.array(answer, 0) == (usdc(16_199),)
    assert abi.array(answer, 1) == (484_316_683,)
