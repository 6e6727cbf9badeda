"""Liquidations on Compound v2's own bytecode, through the adapter, to the unit."""

from fractions import Fraction
from random import Random

import pytest

from simulator.book import Position
from tests.contracts.desk import MAX, PURSE, WAD, Refused, ether, operands, refuses, usdc, who
from tests.protocols.compound_v2 import theory
from tests.protocols.compound_v2.desk import PRICES, Desk, Seizure, opened, scenario
from tests.small import constant

RATE = {"base": "0.1", "slope1": "0.5", "slope2": "3", "optimal": "0.8"}


def books(desk: Desk, asset: str) -> theory.Market:
    """The market's own numbers as of its last accrual."""
    names = ("getCash", "totalBorrows", "totalReserves", "totalSupply")
    cash, borrows, reserves, supply = (desk.market(asset, name)[0] for name in names)
    price = desk.price(asset) / 10 ** desk.scenario.assets[asset].decimals
    return theory.Market(cash, borrows, reserves, supply, price)


def test_the_worked_example_to_the_unit() -> None:
    """10 WETH at 1 800 against 15 200 USDC: half is repaid, 1.05 times its worth is seized, 2.8 % of that is kept."""
    desk, account = opened()
    assert desk.health(account) == 10 * 1800 * 83 * WAD // (100 * 15_200)
    assert desk.max_repay(account) == usdc(7_600)
    seized = 7_600 * 105 * WAD // (100 * 1_800)
    kept = seized * 28 // 1000
    assert (seized, kept) == (4_433_333_333_333_333_333, 124_133_333_333_333_333)
    done = desk.liquidate(account, usdc(7_600))
    assert done == Seizure(usdc(7_600), usdc(7_600), seized, seized - kept, kept)
    assert desk.row(account)[1:] == (ether(10) - seized, 0, 0, usdc(7_600))
    assert desk.market("WETH", "totalReserves") == (kept,)
    assert desk.purse("non_owner", "WETH") == PURSE + seized - kept
    assert desk.purse("keeper", "USDC") == PURSE - usdc(7_600)


def aged(seed: int) -> tuple[Desk, str, Random]:
    """`A` owes USDC against WETH in markets that have earned interest for some time; WETH then falls."""
    draw = Random(seed)
    weth, price = draw.randrange(ether(1), ether(100)), 2000
    owed = weth * price * draw.randrange(60, 82) // 100 // 10**12
    rates = {name: {"rate": RATE, "reserve_factor": "0.1"} for name in ("WETH", "USDC")}
    positions = (Position("A", {"WETH": weth}, {"USDC": owed}), Position("B", {"USDC": usdc(10**6)}, {"WETH": weth}))
    desk = Desk(scenario(rates), PRICES, positions)
    desk.lend(USDC=2 * owed, WETH=2 * weth)
    opened = [desk.open(each.name, each.collateral, each.debt) for each in positions]
    desk.start()
    for _ in range(3):
        desk.skip(draw.randrange(1, 100_000))
        desk.accrue()
    for asset in desk.lending.markets:  # nothing more accrues: what is read is what a liquidation finds
        desk.freeze(asset)
    desk.report("WETH", price * draw.randrange(40, 75) / 100)
    return desk, opened[0], draw


@pytest.mark.parametrize("seed", range(12))
def test_a_liquidation_is_what_the_formula_and_the_quote_say(seed: int) -> None:
    """At an exchange rate that interest has moved, for a random part of what may be repaid."""
    desk, account, draw = aged(seed)
    most = desk.max_repay(account)
    repay = most if seed % 3 == 0 else draw.randrange(1, most)
    collateral, debt = books(desk, "WETH"), books(desk, "USDC")
    assert collateral.rate > 1
    ctokens = theory.seized(repay, Fraction(105, 100), debt, collateral)
    received, fee = theory.paid_out(ctokens, collateral)
    assert desk.quote(account, repay) == (repay, received)
    (owned,), held = desk.market("WETH", "balanceOf", account), desk.row(account)[1]
    done = desk.liquidate(account, repay)
    assert done == Seizure(repay, repay, held - theory.down(collateral.rate * (owned - ctokens)), received, fee)
    assert abs(done.seized - done.received - done.protocol_fee) <= 2 + collateral.supply // WAD
    # what truncation leaves in the market lifts the exchange rate's last place, for whom anything is left
    assert -2 - held // WAD <= held - done.seized - desk.row(account)[1] <= 1
    assert desk.purse("non_owner", "WETH") == PURSE + received


@pytest.mark.parametrize("price", [50, 10])
@pytest.mark.parametrize("seed", range(4))
def test_max_repay_is_the_largest_that_succeeds(seed: int, price: int) -> None:
    """The close factor binds at 50 % of the first price, the collateral at 10 %; one unit more is refused."""
    desk, account, _ = aged(seed)
    desk.report("WETH", 20 * price)
    most, half = desk.max_repay(account), desk.row(account)[4] // 2
    assert most == half if price == 50 else most < half
    refusal = operands("TooMuchRepay", most + 1, most) if price == 50 else "LIQUIDATE_SEIZE_TOO_MUCH"
    with desk.tried(), refuses(refusal):
        desk.liquidate(account, most + 1)
    assert desk.liquidate(account, most).repaid == most
    assert desk.number("maxPartialRepay", account, "WETH", "USDC") == desk.max_repay(account)


def against_wbtc(debt: int, price: float) -> tuple[Desk, str]:
    """`A` posts 10 WBTC (8 decimals) at 100 000, which then falls to 90 000, against whole tokens at `price`."""
    assets = {"WBTC": {"decimals": 8, "ltv": "0.75", "liquidation_threshold": "0.75", "liquidation_bonus": "0.05"}}
    assets["TKN"] = {"decimals": 18, "ltv": "0", "liquidation_threshold": "0"}
    prices = {**PRICES, "WBTC": 100_000, "TKN": 1}
    paths = {name: constant(each) for name, each in prices.items()}
    desk = Desk(scenario(assets, prices=paths), prices, (Position("A", {"WBTC": 10**9}, {"TKN": ether(debt)}),))
    desk.report("TKN", price)
    desk.lend(TKN=ether(debt))
    account = desk.open("A", {"WBTC": 10**9}, {"TKN": ether(debt)})
    desk.report("WBTC", 90_000)
    return desk, account


def test_the_seize_ratio_has_eighteen_decimals() -> None:
    """A dollar against WBTC at 90 000: 1.05 / 90 000 · 5e9 = 58 333.3 cToken units for 1e18 units, cut to 58 333."""
    desk, account = against_wbtc(740_000, 1)
    assert desk.max_repay(account, "WBTC", "TKN") == ether(370_000)
    done = desk.liquidate(account, ether(370_000), "WBTC", "TKN")
    assert done.seized == 58_333 * 370_000 // 50  # 50 cToken units are a unit of WBTC
    assert done.seized < 10**8 * 370_000 * 105 // (100 * 90_000)


def test_a_token_too_cheap_for_the_ratio_is_not_repaid_for_nothing() -> None:
    """At 0.00001 the ratio is 0.58, cut to 0: Compound would take any repayment and seize nothing."""
    desk, account = against_wbtc(74_000_000_000, 0.00001)
    assert desk.health(account) < WAD
    assert desk.max_repay(account, "WBTC", "TKN") == desk.number("maxPartialRepay", account, "WBTC", "TKN") == 0
    assert desk.liquidate(account, ether(37_000_000_000), "WBTC", "TKN").seized == 0


def test_a_healthy_account_is_refused_by_a_revert() -> None:
    """Compound itself only returns a code and says Failure(3, 18, 3)."""
    desk, account = opened(price=2000)
    assert desk.max_repay(account) == 0
    before = desk.row(account), desk.purse("keeper", "USDC")
    with refuses(operands("InsufficientShortfall", account)):
        desk.liquidate(account, usdc(1))
    assert (desk.row(account), desk.purse("keeper", "USDC")) == before


@pytest.mark.parametrize(
    ("repay", "error"),
    [(0, "CompoundFailure(7, 0)"), (MAX, "InsufficientBalance"), (usdc(7_600) + 1, "TooMuchRepay")],
)
def test_amounts_that_are_refused(repay: int, error: str) -> None:
    """7: INVALID_CLOSE_AMOUNT_REQUESTED."""
    desk, account = opened()
    with refuses(error):
        desk.liquidate(account, repay)


def test_without_a_price_nothing_is_liquidated() -> None:
    """13: PRICE_ERROR of the comptroller."""
    desk, account = opened()
    desk.report("USDC", 0)
    for refused in (lambda: desk.max_repay(account), lambda: desk.quote(account, 1)):
        with refuses("CompoundFailure(13, 0)"):
            refused()
    with refuses("CompoundFailure(3, 13)"):
        desk.liquidate(account, usdc(1))


def test_a_paused_seizure_passes_through() -> None:
    desk, account = opened()
    desk.command("_setSeizePaused", 1)
    with refuses("seize is paused"):
        desk.liquidate(account, usdc(100))


def test_an_asset_without_market_is_unknown() -> None:
    desk, account = opened()
    with refuses(operands("UnknownAsset", who("keeper"))):
        desk.ask("maxRepay", account, who("keeper"), desk.tokens["USDC"])


def test_at_full_utilisation_the_collateral_cannot_leave() -> None:
    """`B` has borrowed all WETH there is: the liquidation fails whole, and what it may take is still said."""
    desk, account = opened(price=2000)
    other = desk.open("B", {"USDC": usdc(100_000)}, {"WETH": ether(10)})
    desk.report("WETH", 1800)
    assert desk.market("WETH", "getCash") == (0,)
    most = desk.max_repay(account)
    _, received = desk.quote(account, most)
    before = desk.row(account), desk.row(other), desk.purse("keeper", "USDC")
    with refuses(operands("InsufficientLiquidity", desk.tokens["WETH"], received, 0)):
        desk.liquidate(account, most)
    assert (desk.row(account), desk.row(other), desk.purse("keeper", "USDC")) == before


def test_what_cash_there_is_can_be_paid_out() -> None:
    """With 1 WETH left in the market, a seizure that pays out 1 WETH succeeds, a unit more does not."""
    desk, account = opened(price=2000)
    desk.open("B", {"USDC": usdc(100_000)}, {"WETH": ether(9)})
    desk.report("WETH", 1800)
    least, most = 1, desk.max_repay(account)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if desk.quote(account, middle)[1] <= ether(1) else (least, middle)
    with desk.tried(), refuses("InsufficientLiquidity"):
        desk.liquidate(account, most)
    assert 0 <= ether(1) - desk.liquidate(account, least).received < 10**9


def test_collateral_and_debt_of_one_asset() -> None:
    """An account may owe what it also holds: seizing in the debt's own market pays what was quoted."""
    desk = Desk(scenario(), PRICES, (Position("A", {"WETH": ether(10), "USDC": usdc(1_000)}, {}),))
    desk.lend(USDC=usdc(100_000))
    account = desk.open("A", {"WETH": ether(10), "USDC": usdc(1_000)}, {"USDC": usdc(15_000)})
    desk.report("WETH", 1500)
    repay = usdc(900)
    repaid, received = desk.quote(account, repay, "USDC", "USDC")
    done = desk.liquidate(account, repay, "USDC", "USDC")
    assert (done.repaid, done.received) == (repaid, received)
    assert done.seized == 945 * 10**6
    assert (done.received, done.protocol_fee) == (945 * 972 * 10**3, 945 * 28 * 10**3)
    assert desk.purse("keeper", "USDC") == PURSE - repay
    assert desk.purse("non_owner", "USDC") == PURSE + received


def test_an_insolvent_account_keeps_its_debt() -> None:
    """At 1 000 the collateral covers less than is owed: when it is gone, debt stays, and nobody books a loss."""
    desk, account = opened(price=1000)
    while repay := desk.max_repay(account):
        desk.liquidate(account, repay)
    health, weth, _, _, owed = desk.row(account)
    covered = 10 * 1000 * 10**6 * 100 // 105
    assert weth <= 1_100_000_000  # less than a unit of USDC buys
    assert abs(usdc(15_200) - covered - owed) <= 2
    assert health < WAD
    totals = desk.totals("USDC")
    assert (totals.written_off, totals.debt) == (0, owed)
    with pytest.raises(Refused):
        desk.liquidate(account, usdc(1))


def test_the_adapter_keeps_nothing() -> None:
    desk, account = opened()
    desk.liquidate(account, usdc(5_000))
    assert desk.wallet(desk.adapter, desk.tokens["USDC"]) == desk.wallet(desk.adapter, desk.tokens["WETH"]) == 0
    assert desk.market("WETH", "balanceOf", desk.adapter) == (0,)


def test_cleared_is_what_left_the_debt() -> None:
    desk, account = opened()
    before = desk.row(account)[4]
    done = desk.liquidate(account, usdc(1_234))
    assert done.cleared == before - desk.row(account)[4] == usdc(1_234)
