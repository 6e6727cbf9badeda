"""Liquidity that is not there: what a sale pays follows from what is left, wherever the price stands."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor, sqrt
from typing import Any

import pytest

from simulator import compare, run
from simulator.result import Result
from simulator.scenario import Scenario
from tests.small import USDC, WAD, account, column, points, pool, rows, small
from tests.venues.test_runs import GAS, V2, V3, by_ranges

X, Y = 10_000 * WAD, 20_000_000 * USDC
LEAVE = {"leave": "0.4", "drop": "0.05", "within": "1m"}
FALLS = points(("0s", 2000), ("12s", 1900))
BOOK: dict[str, Any] = {
    "name": "amm", "kind": "depth", "base": "WETH", "quote": "USDC", "curve": [["0.1", 10_000_000]],
}  # fmt: skip
LINE = {"points": [["0s", 1], ["24s", "0.5"]], "interpolate": "linear"}


def crash(venue: dict[str, Any], **changes: Any) -> Scenario:
    """An account that is liquidated at 1 900, in the second step; its collateral is sold at once."""
    content = {"clock": {"steps": 3, "step": "12s"}, "prices": {"WETH": FALLS}, "keepers": [{"name": "k"}], "gas": GAS}
    return small([account("a", 500, 800_000)], **{**content, "venues": [venue], **changes})


def first(result: Result) -> tuple[int, int]:
    """What the first liquidation sold [WETH units] and what that brought [USDC units]."""
    row = rows(result, "liquidations")[0]
    return int(row["received"]), int(row["proceeds"])


def proceeds(share: Fraction, sold: int) -> int:
    """Of x · y = k with `share` of both reserves."""
    return floor(share * Y * sold / (share * X + sold))


# ---------------------------------------------------------------- depth


@pytest.mark.parametrize("share", ["0.5", "1", "2"])
def test_a_sale_pays_what_the_depth_pays(share: str) -> None:
    """Slippage is q/(d·x + q) of x · y = k: with half the depth almost twice as much."""
    sold, paid = first(run(crash(pool(10_000, 20_000_000, depth=share))))
    assert paid == proceeds(Fraction(share), sold)
    slippage = 1 - Fraction(paid, sold) * Fraction(X, Y)
    assert abs(slippage - sold / (Fraction(share) * X + sold)) < Fraction(1, 10**10)


@pytest.mark.parametrize(
    ("depth", "share"), [(LINE, "0.75"), ({**LINE, "interpolate": "hold"}, "1")], ids=["line", "hold"]
)
def test_the_depth_of_the_moment_counts(depth: dict[str, Any], share: str) -> None:
    """Halved within 24 s: at 12 s three quarters are there if the points are joined, all of it if they hold."""
    sold, paid = first(run(crash(pool(10_000, 20_000_000, depth=depth))))
    assert abs(paid - proceeds(Fraction(share), sold)) <= 1


def test_what_a_sale_does_to_the_price() -> None:
    """(d·x/(d·x + q))² of where it stood: at half the depth the venue falls almost twice as far, in logarithms."""
    for share in (Fraction(1, 2), Fraction(1), Fraction(2)):
        result = run(crash(pool(10_000, 20_000_000, depth=str(float(share)))))
        sold, _ = first(result)
        expected = 2000 * (share * X / (share * X + sold)) ** 2
        assert abs(Fraction(column(result, "steps", "venue_WETH")[1]) - expected) < Fraction(1, 10**6)


def test_depth_that_goes_and_comes_leaves_the_price_alone() -> None:
    """Nobody trades: whatever the depth does, the venue stays where it is."""
    depth = {"points": [["0s", 1], ["12s", "0.001"], ["24s", 3], ["36s", "0.7"]], "interpolate": "linear"}
    for venue in (pool(10_000, 20_000_000), {**V2, "reserves": [10_000, 20_000_000]}, {**V3, "price": 2000}):
        result = run(crash({**venue, "depth": depth}, keepers=[], clock={"steps": 20, "step": "4s", "block": "4s"}))
        for price in column(result, "steps", "venue_WETH"):
            assert abs(Decimal(price) - 2000) <= Decimal("0.00001")


@pytest.mark.parametrize("kind", ["uniswap-v2", "uniswap-v3"])
def test_half_a_pool_pays_half_of_what_all_of_it_pays_for_twice_as_much(kind: str) -> None:
    """A pool that is half as deep at every price: p_½(q) = ½ · p(2q)."""
    venue = {**V2, "reserves": [4000, 7_600_000]} if kind == "uniswap-v2" else V3
    prices = {"WETH": {"kind": "constant", "value": 1900}}
    sold, paid = first(run(crash({**venue, "depth": "0.5"}, prices=prices)))
    if kind == "uniswap-v3":
        expected = by_ranges(1900, 2 * sold / WAD) / 2
    else:
        useful = 2 * sold / WAD * 0.997
        expected = 7_600_000 * useful / (4000 + useful) / 2
    assert paid == pytest.approx(expected * USDC, rel=1e-7)


@pytest.mark.parametrize("share", ["0.25", "1", "4"])
def test_a_books_curve_is_as_much_longer(share: str) -> None:
    """An average impact of 10 % at 10 M USD, in proportion below: a sale worth V pays V · (1 − V / (d · 100 M))."""
    sold, paid = first(run(crash({**BOOK, "depth": share}, prices={"WETH": {"kind": "constant", "value": 1900}})))
    value = Fraction(sold * 1900, 10**12)
    expected = value * (1 - value / (Fraction(share) * 100_000_000 * USDC))
    assert 0 <= expected - paid <= 1


# ---------------------------------------------------------------- providers


def test_who_leaves_after_the_drop_takes_the_depth_along() -> None:
    """2 000 to 1 900 is a drop of a twentieth, and 40 % leave: the keeper gets what 60 % pay, that much less."""
    sold, whole = first(run(crash(pool(10_000, 20_000_000))))
    again, paid = first(run(crash(pool(10_000, 20_000_000, providers=LEAVE))))
    assert (again, whole) == (sold, proceeds(Fraction(1), sold))
    assert paid == proceeds(Fraction(3, 5), sold) < whole


@pytest.mark.parametrize("protocol", ["aave-v3", "morpho-blue", "compound-v2"])
def test_on_every_protocol(protocol: str) -> None:
    """Whatever it lets a keeper seize: 60 % of the pool pay for it."""
    scenario = crash(pool(10_000, 20_000_000, providers=LEAVE)).replace("protocol.kind", protocol)
    sold, paid = first(run(scenario))
    assert 0 < paid == proceeds(Fraction(3, 5), sold)


def test_from_a_smaller_drop_nobody_runs() -> None:
    stay = {**LEAVE, "drop": "0.050000000000000001"}
    sold, paid = first(run(crash(pool(10_000, 20_000_000, providers=stay))))
    assert paid == proceeds(Fraction(1), sold)


def test_arbitrage_finds_what_is_left() -> None:
    """Those who leave go before arbitrage comes: it moves 60 % of the pool to 1 900, and the sale starts there."""
    venue = pool(10_000, 20_000_000, providers=LEAVE, recovery={"half_life": "0s"})
    sold, paid = first(run(crash(venue)))
    with localcontext(prec=40):
        base = Decimal("0.6") * (Decimal(X) * Decimal(Y) * 10**12 / 1900).sqrt()
        quote = base * 1900 / 10**12
        assert abs(paid - quote * sold / (base + sold)) <= 2


def test_they_come_back_and_the_next_sale_finds_all_of_it() -> None:
    """Half leave at 12 s; 2 000 is forgotten a minute later, and they are back; b falls at 84 s, and its sale finds the
    whole pool, where a's sale into the half of it has left the price."""
    weth = points(("0s", 2000), ("12s", 1900), ("84s", 1880))
    book = [account("a", 500, 800_000), account("b", 100, 156_500)]  # b's health is one at 1 885.5
    leave = {**LEAVE, "leave": "0.5", "return": "0s"}
    scenario = crash(
        pool(10_000, 20_000_000, providers=leave), prices={"WETH": weth}, clock={"steps": 8, "step": "12s"}
    )
    result = run(small_book(scenario, book))
    one, two = rows(result, "liquidations")[:2]
    assert (one["account"], two["account"]) == ("a", "b")
    sold, paid = int(one["received"]), int(one["proceeds"])
    assert paid == proceeds(Fraction(1, 2), sold)
    base, quote = 2 * (X // 2 + sold), 2 * (Y // 2 - paid)
    more = int(two["received"])
    assert int(two["proceeds"]) == floor(Fraction(quote * more, base + more))


def small_book(scenario: Scenario, book: list[dict[str, Any]]) -> Scenario:
    return scenario.replace("book.accounts", book)


def test_each_world_has_its_own_providers() -> None:
    """With all of the sale's impact in the market, the real one falls below where providers stay, the twins' does not:
    what the second account loses by it is induced."""
    providers = {"leave": "0.5", "drop": "0.06", "within": "1h"}
    weth = {**FALLS, "impact": {"permanent": 1}}
    book = [account("a", 500, 800_000), account("b", 100, 156_000)]
    scenario = crash(pool(10_000, 20_000_000, providers=providers, recovery={"half_life": "0s"}), prices={"WETH": weth})
    result = run(small_book(scenario, book))
    one, two = rows(result, "liquidations")[:2]
    market = Fraction(column(result, "steps", "market_WETH")[2])
    assert (two["account"], two["induced"]) == ("b", "1")
    assert Fraction(1900) > market and market <= Fraction(94, 100) * 2000
    base = sqrt(X * Y * 10**12 / 1900) + int(one["received"])  # after a's sale, which is where the market now rests
    quote = X * Y / base
    more = int(two["received"])
    assert int(two["proceeds"]) == pytest.approx(quote / 2 * more / (base / 2 + more), rel=1e-6)


# ---------------------------------------------------------------- both chains


KINDS = pytest.mark.parametrize(
    "venue", [pool(10_000, 20_000_000), V2, V3, BOOK], ids=["constant-product", "v2", "v3", "depth"]
)


@KINDS
def test_both_chains_and_the_twins_agree(venue: dict[str, Any]) -> None:
    """Depth on a line and providers who leave and return, under a feed that reads the venue: equal traces; the first
    liquidation, which no sale caused, is not induced, so that the twin of the venue has the same liquidity."""
    oracle = {"WETH": {"source": "venue", "deviation": 0, "heartbeat": "0s"}}
    leave = {**LEAVE, "within": "24s", "return": "12s"}
    start = 1900 if venue in (V2, V3) else 2000
    weth = points(("0s", start), ("12s", start * 95 // 100), ("48s", start * 94 // 100))
    changes = {"depth": LINE, "providers": leave, "recovery": {"half_life": "12s"}}
    scenario = crash({**venue, **changes}, oracle=oracle, prices={"WETH": weth}, clock={"steps": 8, "step": "12s"})
    scenario = small_book(scenario, [account("a", 100, 79 * start), account("b", 20, 156 * start // 10)])
    ours, theirs = compare(scenario)
    assert ours.digest == theirs.digest
    accounts, induced = (column(ours, "liquidations", name) for name in ("account", "induced"))
    assert (accounts[0], induced[0]) == ("a", "0")
    assert ("b", "1") in zip(accounts, induced, strict=True)
