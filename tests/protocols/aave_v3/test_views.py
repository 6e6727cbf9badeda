"""What the adapter reads is what the protocol's own views say; interest told is the debt's own growth."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil

from simulator.chain import abi
from simulator.chain.artifact import load
from tests.protocols.aave_v3.market import ASSETS, FEES, RAY, YEAR, Market
from tests.protocols.aave_v3.test_quotes import EMODES, accounts

ETHER, USDC = 10**18, 10**6
TENTH = {"base": "0.1", "slope1": "0", "slope2": "0", "optimal": "0.9"}


def with_rates(rate: Mapping[str, str] = TENTH, reserve_factor: str = "0.2") -> Market:
    assets = {name: {**asset, "rate": dict(rate), "reserve_factor": reserve_factor} for name, asset in ASSETS.items()}
    return Market(assets=assets, emodes=EMODES, fees=FEES)


def test_accounts_and_totals_are_the_protocols_own() -> None:
    market = with_rates()
    for drawn in accounts(market, seed=11, count=40):
        row, lender = market.rows("borrower", "lender")
        assert row.health == market.account_data()[5] == market.health()
        for name in market.names:
            assert (row.collateral[name], row.debt[name]) == (market.supplied(name), market.owed(name))
            totals = market.totals(name)
            assert 0 <= totals.supply - row.collateral[name] - lender.collateral[name] <= 3
            assert 0 <= row.debt[name] - totals.debt <= 1
        assert set(drawn.debt) == {name for name in market.names if row.debt[name]}


def test_only_what_backs_the_debt_is_collateral_of_who_owes() -> None:
    market = with_rates()
    market.open("borrower", {"WETH": 10 * ETHER, "WBTC": 10**8}, {"USDC": 1_000 * USDC})
    market.open("saver", {"WETH": 10 * ETHER}, {})
    for account in ("borrower", "saver"):
        market.verb(account, "setUserUseReserveAsCollateral", market.tokens["WETH"], 0)
    borrower, saver = market.rows("borrower", "saver")
    assert (borrower.collateral["WETH"], borrower.collateral["WBTC"]) == (0, 10**8)
    assert saver.collateral["WETH"] == 10 * ETHER
    market.report("WBTC", 500)
    assert market.max_repay("WETH", "USDC") == 0 and market.quote("WETH", "USDC", USDC) == (0, 0)


def test_a_year_of_interest_is_told_as_it_grew() -> None:
    """At 10 % a year Aave's three terms make 1 + .1 + .1²/2 + .1³/6 of it."""
    market = with_rates()
    market.open("borrower", {"WETH": 1_000 * ETHER}, {"USDC": 100_000 * USDC})
    market.start()
    assert market.accrue() == {}
    market.wait(YEAR)
    expected = 100_000 * USDC * (Fraction(1, 10) + Fraction(1, 200) + Fraction(1, 6000))
    assert market.accrue() == {"USDC": ceil(expected)}
    assert market.owed("USDC") == 100_000 * USDC + ceil(expected)
    assert market.accrue() == {}


def test_interest_told_in_pieces_adds_up_to_the_debts_growth() -> None:
    market = with_rates()
    market.open("borrower", {"WETH": 1_000 * ETHER}, {"USDC": 100_000 * USDC, "DAI": 7 * ETHER})
    market.start()
    told = {"USDC": 0, "DAI": 0}
    for _ in range(52):
        market.wait(YEAR // 52)
        for name, amount in market.accrue().items():
            told[name] += amount
    assert told == {"USDC": market.owed("USDC") - 100_000 * USDC, "DAI": market.owed("DAI") - 7 * ETHER}


def test_a_liquidation_tells_the_interest_it_finds() -> None:
    market = with_rates()
    market.open("borrower", {"WETH": 10 * ETHER}, {"USDC": 15_000 * USDC})
    market.start()
    market.wait(YEAR // 12)
    market.report("WETH", 1700)
    owed = market.owed("USDC")
    _, told = market.liquidate_telling("WETH", "USDC", 5_000 * USDC)
    assert told == {"USDC": owed - 15_000 * USDC}
    assert market.accrue() == {}
    totals = market.totals("USDC")
    assert abs(owed - 5_000 * USDC - totals.debt) <= totals.rounding_per_touch


def test_while_nothing_is_owed_no_index_grows() -> None:
    """The pool quotes a growing index with a base rate, and forgets it at the first loan: no such growth is shown."""
    market = with_rates()
    market.wait(YEAR)
    assert market.totals("USDC").debt_index == RAY
    market.open("borrower", {"WETH": 10 * ETHER}, {"USDC": 10_000 * USDC})
    assert market.totals("USDC").debt_index == RAY
    market.wait(YEAR)
    assert market.accrue() == {"USDC": market.owed("USDC") - 10_000 * USDC}


def test_an_adapter_attached_later_reads_the_same_and_tells_what_comes() -> None:
    market = with_rates()
    market.open("borrower", {"WETH": 10 * ETHER}, {"USDC": 15_000 * USDC})
    market.start()
    market.wait(YEAR // 12)
    market.report("WETH", 1800)
    attached = market.attached()
    tokens = abi.array(market.ask("assets", adapter=attached))
    assert [abi.to_address(token) for token in tokens] == list(reversed(market.tokens.values()))
    assert market.quote("WETH", "USDC", 10**9, adapter=attached) == market.quote("WETH", "USDC", 10**9)
    _, logs = market.transact("keeper", attached, load("AaveV3Adapter").encode("accrue"))
    assert not logs


def test_prices_convert_rounded_down() -> None:
    market = Market()
    pair = market.tokens["WBTC"], 10**8 + 1, market.tokens["USDC"]
    assert abi.uint256(market.ask("convertDown", *pair)) == 60_000_000_600
    back = abi.uint256(market.ask("convertDown", market.tokens["USDC"], 60_000_000_599, market.tokens["WBTC"]))
    assert back == 10**8
