"""Health and balances behind the adapter, against the comptroller's and the markets' own views."""

from random import Random

import pytest

from simulator.book import Position
from simulator.chain import abi
from simulator.world import addresses
from tests.contracts.desk import MAX, WAD, ether, refuses, usdc, who
from tests.protocols.compound_v2.desk import PRICES, Desk, opened, scenario

RATE = {"base": "0.05", "slope1": "0.5", "slope2": "3", "optimal": "0.8"}
DAI = {"decimals": 11, "ltv": "0.77", "liquidation_threshold": "0.77", "liquidation_bonus": "0.05"}
THREE = {"WETH": 2000, "USDC": 1, "DAI": 1}


def crowd(seed: int, accounts: int = 12) -> tuple[Desk, list[str], Random]:
    """Accounts with collateral and debt in any of three assets, after interest and a move of all prices."""
    draw = Random(seed)
    assets = {name: {"rate": RATE, "reserve_factor": "0.2"} for name in ("WETH", "USDC")}
    terms = scenario({**assets, "DAI": {**DAI, "rate": RATE}}, prices={"DAI": {"kind": "constant", "value": 1}})
    desk = Desk(terms, THREE)
    desk.lend(WETH=ether(2_000), USDC=usdc(10**7), DAI=10**18)
    found = [desk.open(f"a{index}", *drawn(draw)) for index in range(accounts)]
    desk.start()
    for _ in range(2):
        desk.skip(draw.randrange(1, 50_000))
        desk.accrue()
    for name, price in THREE.items():
        desk.report(name, round(price * draw.uniform(0.8, 1.2), 8))
    return desk, found, draw


def drawn(draw: Random) -> tuple[dict[str, int], dict[str, int]]:
    """Up to 100 000 USD of collateral of two assets, and debts of at most 70 % of it."""
    whole = {"WETH": 10**18 // 2000, "USDC": 10**6, "DAI": 10**11}
    posted = draw.sample(sorted(whole), 2)
    worth = [draw.randrange(1, 50_000), draw.randrange(1, 50_000)]
    owed = draw.sample(sorted(whole), draw.randrange(1, 4))
    budget = sum(worth) * 7 // 10
    collateral = {name: value * whole[name] + draw.randrange(100) for name, value in zip(posted, worth, strict=True)}
    return collateral, {name: budget * whole[name] // len(owed) + draw.randrange(1, 100) for name in owed}


@pytest.mark.parametrize("seed", range(5))
def test_health_is_below_one_exactly_when_there_is_a_shortfall(seed: int) -> None:
    """Prices walk every account through its line; the row's health, the single read and the comptroller agree."""
    desk, accounts, draw = crowd(seed)
    seen = set()
    for _ in range(4):
        desk.report("WETH", round(2000 * draw.uniform(0.4, 1.6), 8))
        for account in accounts:
            liquidity, shortfall = desk.liquidity(account)
            health = desk.health(account)
            assert health == desk.row(account)[0]
            assert (health < WAD) == (shortfall > 0), (health, liquidity, shortfall)
            seen.add(shortfall > 0)
    assert seen == {False, True}


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_the_line_itself(step: int) -> None:
    """10 WETH at 0.83 against 15 200 USDC: 1 831.325301204… USD is the line; a 1e-8 lower there is a shortfall."""
    desk, account = opened()
    line = -(-15_200 * 10**8 * 100 // 830)  # [USD 1e8] the lowest price at which it is healthy
    desk.send(addresses.HARNESS, "PriceFeed", desk.feeds["WETH"], "report", line + step)
    assert (desk.health(account) < WAD) == (desk.liquidity(account)[1] > 0) == (step < 0)


def test_health_exactly_one_is_healthy() -> None:
    """8 300 of 10 WETH at 1 000: collateral counts for exactly what is owed."""
    desk, account = opened(owed=usdc(8_300), price=1000)
    assert desk.health(account) == WAD
    assert desk.liquidity(account) == (0, 0)
    assert desk.max_repay(account) == 0


@pytest.mark.parametrize("seed", range(3))
def test_health_is_the_sums_of_the_comptroller(seed: int) -> None:
    """floor(Σ collateral · 1e18 / Σ debt) in Compound's order of truncations, from balances and prices."""
    desk, accounts, _ = crowd(seed)
    for account in accounts:
        collateral = debts = 0
        for name, asset in desk.scenario.assets.items():
            price = int(desk.price(name) * 10 ** (36 - asset.decimals))
            rate = desk.market(name, "exchangeRateStored")[0]
            factor = int(asset.liquidation_threshold * WAD)
            weight = factor * rate // WAD * price // WAD
            collateral += weight * desk.market(name, "balanceOf", account)[0] // WAD
            debts += price * desk.market(name, "borrowBalanceStored", account)[0] // WAD
        assert desk.health(account) == collateral * WAD // debts


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_the_markets_own_balances(seed: int) -> None:
    """In one batch, to the unit: cTokens at the stored exchange rate, stored borrow balance."""
    desk, accounts, _ = crowd(seed)
    flat = abi.array(desk.ask("accounts", [*accounts, who("lender")]))
    assert len(flat) == 7 * (len(accounts) + 1)
    for index, account in enumerate(accounts):
        row = flat[7 * index + 1 : 7 * index + 7]
        for at, name in enumerate(desk.tokens):
            tokens, rate = desk.market(name, "balanceOf", account)[0], desk.market(name, "exchangeRateStored")[0]
            assert row[2 * at : 2 * at + 2] == (
                tokens * rate // WAD,
                *desk.market(name, "borrowBalanceStored", account),
            )
    assert flat[-7:] == (MAX, *[0] * 6)


def test_who_owes_nothing_has_no_health() -> None:
    desk = Desk(scenario(), PRICES, (Position("A", {"WETH": ether(1)}, {}),))
    account = desk.open("A", {"WETH": ether(1)}, {})
    assert desk.row(account) == (MAX, ether(1), 0, 0, 0)
    assert desk.health(account) == desk.health(who("non_owner")) == MAX
    assert desk.max_repay(account) == 0


def test_a_debt_that_is_worth_nothing_has_no_health() -> None:
    """One unit of a token of 18 places at 0.5 USD truncates to no value: Compound sees no shortfall either."""
    desk = Desk(scenario(), PRICES)
    desk.lend(WETH=ether(1))
    account = desk.open("A", {"USDC": usdc(1)}, {"WETH": 1})
    desk.report("WETH", 0.5)
    desk.report("USDC", 1e-8)
    assert desk.row(account)[2] == 1
    assert desk.health(account) == MAX
    assert desk.liquidity(account)[1] == 0


@pytest.mark.parametrize("seed", range(4))
def test_totals_are_the_sums_of_the_rows(seed: int) -> None:
    """Supplies within a unit an account from below; debts within the stated rounding of two accruals."""
    desk, accounts, _ = crowd(seed)
    rows = [desk.row(account)[1:] for account in [*accounts, addresses.LENDER]]
    for index, name in enumerate(desk.tokens):
        totals = desk.totals(name)
        supplied, owed = (sum(row[2 * index + side] for row in rows) for side in (0, 1))
        assert 0 <= totals.supply - supplied <= len(rows)
        assert abs(totals.debt - owed) <= len(rows) + 3 * totals.rounding_per_touch
        assert totals.held == desk.wallet(desk.lending.markets[name], desk.tokens[name])
        assert totals.debt == desk.market(name, "totalBorrows")[0]
        assert totals.supply_index == desk.market(name, "exchangeRateStored")[0] * 10**9
        assert totals.debt_index == desk.market(name, "borrowIndex")[0] * 10**9
        assert totals.written_off == 0


def test_it_converts_at_the_oracles_prices_rounded_down() -> None:
    desk, _ = opened()
    weth, dollars = desk.tokens["WETH"], desk.tokens["USDC"]
    assert abi.uint256(desk.ask("convertDown", weth, ether(1), dollars)) == usdc(1800)
    assert abi.uint256(desk.ask("convertDown", weth, 5 * 10**8, dollars)) == 0
    assert abi.uint256(desk.ask("convertDown", dollars, 1, weth)) == 10**12 // 1800


def test_a_conversion_beyond_256_bits_is_refused_not_cut() -> None:
    desk, _ = opened()
    with refuses("MulDivOverflow"):
        desk.ask("convertDown", desk.tokens["USDC"], MAX, desk.tokens["WETH"])
