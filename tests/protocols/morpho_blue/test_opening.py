"""From a scenario to Morpho: what is created, how the book opens to the unit, and what cannot be expressed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from simulator import run
from simulator.book import Book, Position, build_book
from simulator.chain import abi
from simulator.errors import InputError, TransactionReverted
from simulator.world.protocols import Ground
from simulator.world.protocols.morpho_blue import SELECTORS, Params, attach, read_params
from tests.contracts.desk import usdc
from tests.protocols.morpho_blue.desk import BLUE, KINKED, LENDER, TREASURY, VIRTUAL, Desk, asset, blue
from tests.small import WAD, account, constant, points, rows

ASSETS = {
    "WETH": asset("0.86"),
    "WBTC": asset("0.77", 8),
    "USDC": asset(decimals=6, rate=KINKED, reserve_factor="0.1"),
    "DAI": asset(rate=KINKED, reserve_factor="0.25"),
}
PRICES = {"WETH": constant(2000), "WBTC": constant(30_000), "USDC": constant(1), "DAI": constant("0.99")}
BOOK: list[dict[str, Any]] = [
    account("a", 10, "9000.000001"),
    {"name": "b", "collateral": {"WBTC": "2.00000001"}, "debt": {"USDC": "3000.999999"}},
    {"name": "c", "collateral": {"WETH": "1.000000000000000007"}, "debt": {"DAI": "77.000000000000000003"}},
    account("d", 7, "1.999999"),
    {"name": "e", "collateral": {"WBTC": 1}, "debt": {}},
]


def several(**changes: Any) -> Desk:
    wanted = {"assets": ASSETS, "prices": PRICES, "oracle": {}, "lenders": {"USDC": 60_000, "DAI": 500}}
    return Desk(blue(BOOK, **{**wanted, **changes}))


def test_selectors_are_morphos() -> None:
    assert {name: BLUE.selector(name) for name in SELECTORS} == SELECTORS


def test_the_books_pairs_become_markets() -> None:
    """Three pairs of the book: LLTV the collateral's threshold, fee the loan asset's reserve factor, one rate model."""
    desk = several()
    names = {token: name for name, token in desk.tokens.items()}
    shown = [(names[each.collateral], names[each.loan], each.lltv) for each in desk.markets]
    assert shown == [
        ("WETH", "USDC", 86 * WAD // 100),
        ("WBTC", "USDC", 77 * WAD // 100),
        ("WETH", "DAI", 86 * WAD // 100),
    ]
    assert [desk.market(index).fee for index in range(3)] == [WAD // 10, WAD // 10, WAD // 4]
    assert len({each.rate_model for each in desk.markets}) == 1
    assert len({each.oracle for each in desk.markets}) == 3
    assert desk.price(2) == 2000 * 10**8 * 10**36 // (99 * 10**6)
    owner = abi.uint256(desk.read_raw(desk.morpho, BLUE.encode("feeRecipient")))
    assert abi.to_address(owner) == TREASURY


def test_markets_of_the_scenario_come_before_those_of_the_book() -> None:
    """`protocol.markets` names the pair and its LLTV; the asset's own threshold then says nothing."""
    markets = [{"collateral": "WETH", "loan": "USDC", "lltv": "0.915"}]
    desk = Desk(blue([account("a", 10, 15_000)], protocol={"kind": "morpho-blue", "markets": markets}))
    assert [each.lltv for each in desk.markets] == [915 * WAD // 1000]
    assert desk.health("a") == 18_300 * WAD // 15_000


def test_balances_are_the_scenarios_to_the_unit() -> None:
    """A share of debt is a millionth of a unit while nothing has accrued: valued up, it is what was borrowed."""
    desk = several()
    book = desk.row("a", "b", "c", "d", "e", LENDER)
    assert [row[1:] for row in book] == [
        (10 * WAD, 0, 0, 0, 0, 9_000_000_001, 0, 0),
        (0, 0, 200_000_001, 0, 0, 3_000_999_999, 0, 0),
        (WAD + 7, 0, 0, 0, 0, 0, 0, 77 * WAD + 3),
        (7 * WAD, 0, 0, 0, 0, 1_999_999, 0, 0),
        (0, 0, 10**8, 0, 0, 0, 0, 0),
        (0, 0, 0, 0, usdc(60_000), 0, 500 * WAD, 0),
    ]
    assert desk.position("d").debt_shares == 1_999_999 * VIRTUAL


def test_any_number_of_borrowers_opens_exactly() -> None:
    """Fifty random debts in one market, one unit among them."""
    draw = Random(5)
    debts = [1, *(draw.randrange(1, 10**11) for _ in range(49))]
    book = [account(f"x{i}", 100, Decimal(debt).scaleb(-6)) for i, debt in enumerate(debts)]
    desk = Desk(blue(book))
    assert [row[-1] for row in desk.row(*(each["name"] for each in book))] == debts
    assert desk.totals("USDC").debt == sum(debts)


def test_what_lenders_supply_follows_the_debts() -> None:
    """60 000 USDC over 9 002.0 against WETH and 3 001.0 against WBTC, rounded down; the rest in the last market."""
    desk = several()
    weth, btc = 9_000_000_001 + 1_999_999, 3_000_999_999
    assert desk.market(0).supply == 60_000 * 10**6 * weth // (weth + btc)
    assert desk.market(1).supply == 60_000 * 10**6 - desk.market(0).supply
    assert desk.market(2).supply == 500 * WAD


def test_rates_hold_once_the_book_stands() -> None:
    """The curve of each loan asset, and none for what is no loan."""
    desk = several()
    for name, expected in (("USDC", (1, 7, 60)), ("DAI", (1, 7, 60)), ("WETH", (0, 0, 0))):
        words = abi.words(desk.read("KinkedRate", desk.markets[0].rate_model, "rateOf", desk.tokens[name]))
        assert words[:3] == tuple(each * WAD // 100 for each in expected)


@pytest.mark.parametrize("seed", range(12))
def test_an_account_on_the_very_line_opens(seed: int) -> None:
    """Debts at or beyond what a pair's LLTV allows: Morpho's rounding may want a unit more, and feeds rise for it."""
    draw = Random(seed)
    held, price = (
        Decimal(draw.randrange(10**17, 10**19)).scaleb(-18),
        Decimal(draw.randrange(10**11, 10**12)).scaleb(-8),
    )
    owed = (held * price * Decimal("0.86") * Decimal(draw.choice(("1", "1.07")))).quantize(Decimal("0.000001"))
    desk = Desk(blue([account("a", held, owed)], prices={"WETH": constant(price), "USDC": constant(1)}))
    assert desk.row("a")[0][1:] == (int(held * WAD), 0, 0, int(owed * 10**6))


def test_a_crash_socialises_its_loss() -> None:
    """Through the whole loop: the account's last collateral goes, the market's lenders lose, the books agree."""
    crash = {"WETH": points(("0s", 2000), ("12s", 1000)), "USDC": constant(1)}
    clock = {"start": "2020-01-01T00:00:00Z", "step": "12s", "steps": 3, "block": "12s"}
    scenario = blue([account("a", 10, 15_200)], prices=crash, clock=clock, gas={"per_liquidation": 200_000})
    result = run(scenario)
    (row,) = rows(result, "liquidations")
    assert (row["repaid"], json.loads(row["bad_debt"])) == ("9580000001", {"USDC": 5619999999})
    assert result.summary["realised_bad_debt_usd"] == Decimal("5619.999999")


def test_who_comes_too_late_is_refused_in_morphos_words() -> None:
    """Two keepers see one account; the second finds it healthy, or gone."""
    fall = {"WETH": points(("0s", 2000), ("12s", 1700)), "USDC": constant(1)}
    clock = {"start": "2020-01-01T00:00:00Z", "step": "12s", "steps": 2, "block": "12s"}
    keepers = [{"name": name, "sell": "hold"} for name in ("first", "second")]
    book = [account("a", 10, 15_200)]
    result = run(blue(book, prices=fall, clock=clock, keepers=keepers, gas={"per_liquidation": 200_000}))
    assert [row["keeper"] for row in rows(result, "liquidations")] == ["first"]
    assert [(row["keeper"], row["error"]) for row in rows(result, "refusals")] == [("second", "position is healthy")]


# ---------------------------------------------------------------- what stands already


def ground_of(desk: Desk) -> Ground:
    scenario = blue(BOOK, assets=ASSETS, prices=PRICES, oracle={}, lenders={"USDC": 60_000, "DAI": 500})
    return Ground(desk.build, scenario, desk.tokens, desk.feeds, build_book(scenario, dict.fromkeys(ASSETS, 10**8)))


def test_it_attaches_to_markets_by_id() -> None:
    """A second adapter over the standing markets, in another order, reads what the first reads of them."""
    desk = several()
    ground = ground_of(desk)
    found = read_params(desk.build, desk.morpho, desk.ids)
    assert found == desk.markets
    other = attach(ground, desk.morpho, found[::-1])
    assert other.start() == []
    before = desk.row("a", "b", "c", LENDER)
    desk.adapter = other.adapter
    assert desk.row("a", "b", "c", LENDER) == before
    assert before[0][6] == 9_000_000_001


def test_accounts_of_a_fork_may_stand_in_several_markets() -> None:
    """Attaching takes a book as it is: nothing is opened."""
    desk = several()
    odd = Position("odd", {"WETH": 1, "WBTC": 1, "USDC": 5}, {"USDC": 1, "DAI": 1})
    other = attach(replace(ground_of(desk), book=Book((odd,))), desk.morpho, desk.markets[:2])
    assert [(each.collateral, each.loan) for each in other.markets] == [("WETH", "USDC"), ("WBTC", "USDC")]


def test_a_market_that_is_not_there_is_an_error() -> None:
    """An id, a token or parameters that Morpho, or the scenario, does not know."""
    desk = several()
    ground = ground_of(desk)
    with pytest.raises(InputError, match="markets of this Morpho"):
        read_params(desk.build, desk.morpho, [bytes(32)])
    with pytest.raises(InputError, match="among the assets"):
        attach(ground, desk.morpho, [Params(LENDER, *desk.markets[0][1:])])
    with pytest.raises(TransactionReverted, match="DeploymentFailed"):
        attach(ground, desk.morpho, [*desk.markets[:2], Params(*desk.markets[2][:4], 1)])


# ---------------------------------------------------------------- what cannot be expressed


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"assets": {**ASSETS, "DAI": asset(reserve_factor="0.26")}}, "assets.DAI.reserve_factor"),
        ({"assets": {**ASSETS, "WETH": asset("1")}}, "assets.WETH.liquidation_threshold"),
        ({"lenders": {"USDC": 60_000, "DAI": 500, "WBTC": 1}}, "lenders.WBTC"),
        ({"lenders": {"USDC": 10_000, "DAI": 500}}, "lenders.USDC"),
        ({"assets": {**ASSETS, "WETH": asset("0.86", liquidation_bonus="0.05")}}, "assets.WETH.liquidation_bonus"),
        ({"assets": {**ASSETS, "WETH": asset("0.86", supply_cap=1)}}, "assets.WETH.supply_cap"),
    ],
)
def test_what_morpho_has_not_is_an_error_at_its_key(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as raised:
        several(**changes)
    assert raised.value.path == path


@pytest.mark.parametrize(
    "holdings",
    [
        {"collateral": {"WETH": 10, "WBTC": 1}, "debt": {"USDC": 1}},
        {"collateral": {"WETH": 10}, "debt": {"USDC": 1, "DAI": 1}},
        {"collateral": {"USDC": 10}, "debt": {"DAI": 1}},
    ],
)
def test_an_account_stands_in_one_market(holdings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="odd"):
        several(book={"accounts": [*BOOK, {"name": "odd", **holdings}]})
