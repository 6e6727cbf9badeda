"""`route: split`: a keeper's sale goes over all routes of its pair at once, as one sale over what they are together."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from simulator import compare, gas, run
from simulator.agents.routes import Arm, Split, arms, splits
from simulator.errors import InputError
from simulator.scenario.sections import Gas
from tests.small import USDC, WAD, account, constant, pool, rows, small

PROTOCOLS = ["lending-pool", "aave-v3", "morpho-blue", "compound-v2"]
SPLIT = {"name": "k", "sell": "venue", "route": "split"}
BEST = {**SPLIT, "route": "best"}
PRICE = 2000


def half(name: str, weth: object, price: object = PRICE, **changes: Any) -> dict[str, Any]:
    """A pool of so much WETH at `price`."""
    return pool(weth, Decimal(str(weth)) * Decimal(str(price)), name=name, **changes)


def sold(venues: list[dict[str, Any]], keeper: dict[str, Any] = SPLIT, **changes: Any) -> dict[str, str]:
    """The first liquidation of an account of 1000 WETH that owes 1 700 000 USDC: half is repaid, 446.25 WETH sold."""
    content = {"venues": venues, "keepers": [keeper], **changes}
    (row, *_) = rows(run(small([account("a", 1000, 1_700_000)], **content)), "liquidations")
    return row


def under(protocol: str, bonus: str) -> dict[str, Any]:
    """The protocol with a threshold of 0.83 and that bonus; Morpho's follows from its threshold: 1/(1 − 0.3·0.17)."""
    rules: dict[str, Any] = {"kind": protocol}
    asset = {"liquidation_bonus": bonus}
    if protocol == "morpho-blue":
        rules["markets"] = [{"collateral": "WETH", "loan": "USDC", "lltv": "0.83"}]
        asset["liquidation_bonus"] = "0"
    if protocol in ("morpho-blue", "compound-v2"):
        asset["ltv"] = "0.83"
    return {"protocol": rules, "assets": {"WETH": asset}}


# ------------------------------------------------------------------ what theory says


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_two_equal_pools_slip_like_one_of_twice_the_depth(protocol: str) -> None:
    """To the unit of each pool's rounding; the best single route slips by the depth of one. Both chains agree."""
    rules = under(protocol, "0.05")
    book, two = [account("a", 1000, 1_700_000)], [half("one", 5000), half("two", 5000)]
    scenario = small(book, venues=two, keepers=[SPLIT], **rules)
    results = compare(scenario)
    assert len({result.digest for result in results}) == 1
    row = rows(results[0], "liquidations")[0]
    amount = Fraction(int(row["received"]), WAD)
    assert amount > 400
    double = 20_000_000 * USDC * amount / (10_000 + amount)
    assert double - 2 <= int(row["proceeds"]) <= double
    alone = rows(run(small(book, venues=two, keepers=[BEST], **rules)), "liquidations")[0]
    assert alone["received"] == row["received"]
    single = 10_000_000 * USDC * amount / (5_000 + amount)
    assert single - 1 <= int(alone["proceeds"]) <= single
    slippage = [2000 * amount - Fraction(int(each["proceeds"]), USDC) for each in (row, alone)]
    assert float(slippage[0] / slippage[1]) == pytest.approx(float((5_000 + amount) / (10_000 + amount)), rel=1e-9)


def test_the_sale_leaves_every_pool_at_the_same_price() -> None:
    """Without fees the best split ends where the last unit costs the same everywhere: k of both pools joined."""
    book, venues = [account("a", 1000, 1_700_000)], [half("one", 3000), half("two", 9000)]
    row = sold(venues)
    amount = Fraction(int(row["received"]), WAD)
    expected = 24_000_000 * USDC * amount / (12_000 + amount)
    assert int(row["proceeds"]) == pytest.approx(float(expected), rel=1e-9)
    result = run(small(book, venues=venues, keepers=[SPLIT]))
    (step,) = rows(result, "steps")
    after = 2000 * (Fraction(12_000) / (12_000 + amount)) ** 2
    assert float(step["venue_WETH"]) == pytest.approx(float(after), rel=1e-7)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_best_size_repays_more_where_the_sale_is_split(protocol: str) -> None:
    """q* = x(√(1 + b) − 1) with x the depth of both pools together, and of the deeper one alone: with b = 10.25 % and
    pools of 4 000 and 6 000 it is 500, and 300 alone.

    Around its peak the profit is flat: a size within two thousandths is as good to a part in a million."""
    changes, found = under(protocol, "0.1025"), {}
    for route in ("best", "split"):
        keeper = {**SPLIT, "route": route, "policy": "best-size"}
        book = [account("a", 2000, 3_400_000)]
        scenario = small(book, venues=[half("one", 4000), half("two", 6000)], keepers=[keeper], **changes)
        found[route] = rows(run(scenario), "liquidations")[0]
    depths = {"best": 6000, "split": 10_000}
    for route, row in found.items():
        share = Fraction(int(row["received"]), WAD) / (Fraction(int(row["repaid"]), USDC) / PRICE)  # 1 + b, as it was
        target = depths[route] * (float(share) ** 0.5 - 1)
        assert int(row["received"]) / WAD == pytest.approx(target, rel=2e-3)
    assert int(found["split"]["profit"]) > int(found["best"]["profit"]) * 1.5


LIQUID = {"WSTETH": {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}}


def staked(venues: list[dict[str, Any]], keeper: dict[str, Any]) -> dict[str, str]:
    """A liquidation of 446.25 wstETH at 2000 (par with WETH, to keep figures plain) for USDC."""
    scenario = small(
        [{"name": "a", "collateral": {"WSTETH": 1000}, "debt": {"USDC": 1_700_000}}],
        assets=LIQUID,
        prices={"WSTETH": constant(PRICE)},
        oracle={"WSTETH": {"deviation": 0}},
        venues=venues,
        keepers=[keeper],
    )
    results = compare(scenario)
    assert results[0].digest == results[1].digest
    return rows(results[0], "liquidations")[0]


def test_two_hops_share_the_second_book() -> None:
    """Two wstETH/WETH pools into one WETH/USDC pool: like one pool of both, and then that of WETH; all comes in one
    piece, so the second book slips for the whole."""
    exits = [
        {"name": name, "kind": "constant-product", "base": "WSTETH", "quote": "WETH", "reserves": [weth, weth]}
        for name, weth in (("curve", 6000), ("other", 2000))
    ]
    row = staked([*exits, half("usdc", 10_000)], SPLIT)
    amount = Fraction(int(row["received"]), WAD)
    weth = 8000 * amount / (8000 + amount)
    assert int(row["proceeds"]) == pytest.approx(float(20_000_000 * USDC * weth / (10_000 + weth)), rel=1e-9)
    alone = staked([*exits, half("usdc", 10_000)], BEST)
    weth = 6000 * amount / (6000 + amount)
    assert int(alone["proceeds"]) == pytest.approx(float(20_000_000 * USDC * weth / (10_000 + weth)), rel=1e-9)


def test_a_direct_pool_beside_two_hops() -> None:
    """x·y = k after x·y = k is x·y = k: 1/out = 1/Y + R/(Y·in), so the way over WETH joins the direct pool like any.

    Over (5000, 5000) and (5000, 10 000 000) that is one of reserve 2500 and payout 5 000 000.
    """
    way = [
        {"name": "exit", "kind": "constant-product", "base": "WSTETH", "quote": "WETH", "reserves": [5000, 5000]},
        half("usdc", 5000),
    ]
    direct = half("direct", 1500, base="WSTETH")
    row = staked([*way, direct], SPLIT)
    amount = Fraction(int(row["received"]), WAD)
    assert int(row["proceeds"]) == pytest.approx(float(8_000_000 * USDC * amount / (4000 + amount)), rel=1e-9)


def test_a_kink_of_a_book_takes_what_the_pool_beside_it_leaves() -> None:
    """Sold for 300 000 USD the book's last unit brings 0.98 of the mid, and 0.93 from there on: in between stands what
    the pool's brings for all the rest, 1/(1 + x)² = 0.943. So the book sells its 150 WETH, at an average of 0.99."""
    book = {
        "name": "book", "kind": "depth", "base": "WETH", "quote": "USDC", "measure": "average",
        "curve": [["0.01", 300_000], ["0.05", 500_000]],
    }  # fmt: skip
    row = sold([half("amm", 10_000), book], gas={"per_liquidation": 500_000})
    rest = Fraction(int(row["received"]), WAD) - 150
    expected = 297_000 + 20_000_000 * rest / (10_000 + rest)
    assert int(row["proceeds"]) / USDC == pytest.approx(float(expected), rel=1e-6)


# ------------------------------------------------------------------ what it does not change


def test_one_route_is_taken_as_it_is() -> None:
    """A pair with one route has nothing to split: the same trace as by the best route."""
    one = [half("one", 5000)]
    assert sold(one, SPLIT) == sold(one, BEST)


def test_no_route_is_a_scenario_error_for_a_split_too() -> None:
    with pytest.raises(InputError, match="no route from WETH to USDC"):
        run(small([account("a", 10, 17_000)], keepers=[SPLIT]))


def test_a_keeper_that_splits_beside_one_that_does_not() -> None:
    """Both go for the account; the one in front sells by its own way, the other is told that there is nothing left."""
    two = [half("one", 5000), half("two", 5000)]
    first = {**BEST, "name": "first", "priority_fee": 1}
    result = run(small([account("a", 1000, 1_700_000)], venues=two, keepers=[SPLIT, first]))
    (row, *_) = rows(result, "liquidations")
    assert (row["keeper"], row["proceeds"]) == ("first", sold(two, BEST)["proceeds"])


def test_a_venue_that_ends_takes_what_it_can() -> None:
    """Half of the sale does not fit into a short range: the best route is the pool alone, a split uses both."""
    short = {
        "name": "short", "kind": "uniswap-v3", "base": "WETH", "quote": "USDC", "fee": "0.0005", "price": PRICE,
        "liquidity": [{"lower": 1960, "upper": 2040, "liquidity": 5 * 10**17}],
    }  # fmt: skip
    venues = [short, half("amm", 2000)]
    apart, together = sold(venues, BEST), sold(venues, SPLIT)
    amount = Fraction(int(apart["received"]), WAD)
    assert int(apart["proceeds"]) == pytest.approx(float(4_000_000 * USDC * amount / (2000 + amount)), rel=1e-9)
    most = 500_000 * (1 / 1960**0.5 - 1 / 2000**0.5) / 0.9995  # WETH, by Δ(1/√P) = Δx/L; ticks of ten move it by 5 %
    rest = float(amount) - most
    expected = most * (1960 * 2000) ** 0.5 * 0.9995 + 4_000_000 * rest / (2000 + rest)
    assert int(together["proceeds"]) / USDC == pytest.approx(expected, rel=2e-3)
    assert int(together["proceeds"]) > int(apart["proceeds"]) * 1.05


# ------------------------------------------------------------------ arms, and what they cost

PAIRS = [
    ("WSTETH", "WETH"),
    ("WETH", "USDC"),
    ("WETH", "WSTETH"),
    ("WSTETH", "USDC"),
    ("USDC", "WETH"),
    ("DAI", "USDC"),
]


def test_routes_over_one_asset_are_one_arm() -> None:
    """The direct venue; and over WETH both first venues and both second ones. DAI leads nowhere from wstETH."""
    assert arms(PAIRS, "WSTETH", "USDC") == (Arm((3,)), Arm((0, 2), (1, 4)))
    assert arms(PAIRS, "USDC", "WSTETH") == (Arm((3,)), Arm((1, 4), (0, 2)))
    assert arms(PAIRS, "WETH", "USDC") == (Arm((1,)), Arm((4,)), Arm((0, 2), (3,)))


def test_a_pair_with_one_route_has_no_split() -> None:
    names = ["WSTETH", "WETH", "USDC", "DAI"]
    wanted = [("WETH", "USDC"), ("DAI", "USDC"), ("WSTETH", "WETH")]
    found = splits(PAIRS, names, wanted)
    assert [(each.sold, each.bought) for each in found] == [(1, 2), (0, 1)]
    assert found[1] == Split(0, 1, (Arm((0,)), Arm((2,)), Arm((3,), (1, 4))))


@pytest.mark.parametrize("protocol", ["lending-pool", "aave-v3", "compound-v2"])
def test_gas_is_the_liquidation_once_and_every_sale(protocol: str) -> None:
    """The way without a sale, what each kind adds to it alone, and a second hop what it adds to its first."""
    ways = {way: entry.liquidation for way, entry in gas.schedule()[protocol].items()}
    found = gas.split(protocol, [(["constant-product"], []), (["uniswap-v3", "uniswap-v2"], ["uniswap-v2"])], Gas())
    sales = [ways[kind] - ways["none"] for kind in ("constant-product", "uniswap-v3", "uniswap-v2")]
    second = ways["uniswap-v3+uniswap-v2"] - ways["uniswap-v3"]
    assert found.liquidation == ways["none"] + sum(sales) + second
    assert found.per_position == gas.schedule()[protocol]["constant-product"].per_position


def test_gas_where_a_sale_is_never_left_out() -> None:
    """Morpho has no liquidation without a sale: a further sale costs there what it costs the house pool."""
    morpho, house = (gas.schedule()[kind] for kind in ("morpho-blue", "lending-pool"))
    found = gas.split("morpho-blue", [(["uniswap-v2"], []), (["constant-product"], [])], Gas())
    sale = house["constant-product"].liquidation - house["none"].liquidation
    assert found.liquidation == morpho["uniswap-v2"].liquidation + sale
    assert gas.split("morpho-blue", [(["uniswap-v2"], [])] * 3, Gas(per_liquidation="500000")).total(2) == 500_000


def test_the_trace_has_the_gas_of_all_sales() -> None:
    two = [half("one", 5000), half("two", 5000)]
    ways = gas.schedule()["lending-pool"]
    more = ways["constant-product"].liquidation - ways["none"].liquidation
    assert int(sold(two, SPLIT)["gas_used"]) == int(sold(two, BEST)["gas_used"]) + more


def test_a_split_is_never_refused_where_one_route_is_filled() -> None:
    """Two equal wstETH/WETH pools bring 408 WETH together, and one alone 377; the only book for WETH ends at 400. So
    nothing can be split; by one route it is sold all the same, for 377 WETH's worth less the book's impact."""
    exits = [
        {"name": name, "kind": "constant-product", "base": "WSTETH", "quote": "WETH", "reserves": [2400, 2400]}
        for name in ("curve", "other")
    ]
    book = {"name": "usdc", "kind": "depth", "base": "WETH", "quote": "USDC", "curve": [["0.01", 800_000]]}
    row = staked([*exits, book], SPLIT)
    amount = Fraction(int(row["received"]), WAD)
    value = 2000 * 2400 * amount / (2400 + amount)
    assert 2000 * 4800 * amount / (4800 + amount) > 800_000 > value
    assert int(row["proceeds"]) == pytest.approx(float(value * (1 - value / 80_000_000) * USDC), rel=1e-9)
    assert row == staked([*exits, book], BEST)
