"""An attacker trades on the venue a feed reads: how far its budget moves the price, whom it liquidates, what it costs.

On a pool of reserves x, y without fee a budget B of the quote takes the spot from y/x to (y + B)²/(x·y); an amount a of
the base takes it to x·y/(x + a)².
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from simulator import Scenario, run
from simulator.errors import InputError
from simulator.result import Result
from tests.small import account, column, constant, points, pool, rows, small

X, Y = 10_000, 20_000_000
BUDGET = 5_000_000
UP = {"asset": "WETH", "kind": "spike", "from": "12s", "until": "24s", "budget": BUDGET, "direction": "up"}
DOWN = {**UP, "direction": "down"}
SPOT = {"WETH": {"source": "venue", "deviation": 0, "heartbeat": "0s"}}
GAS = {"per_liquidation": 500_000}


def attacked(*faults: dict[str, Any], book: list[dict[str, Any]] | None = None, **changes: Any) -> Scenario:
    """Four steps of one block; the feed reads a pool of 10 000 WETH and 20 M USDC; the market says 2 000."""
    wanted: dict[str, Any] = {
        "clock": {"steps": 4},
        "oracle": SPOT,
        "venues": [pool(X, Y)],
        "faults": list(faults),
        "gas": GAS,
        **changes,
    }
    return small(book or [account("a", 10, 100)], **wanted)


def cost(result: Result) -> Fraction:
    """[USD], rounded to six places."""
    return Fraction(result.summary["attack_cost_usd"])


def shown(result: Result) -> list[Fraction]:
    """The feed at each step's end."""
    return [Fraction(price) for price in column(result, "steps", "oracle_WETH")]


# ---------------------------------------------------------------- how far, and for how long


def test_a_budget_moves_the_price_by_the_square_of_what_it_adds() -> None:
    """5 M beside 20 M: (25/20)² of 2 000 is 3 125, for the one step it lasts; then the pool is what it was."""
    result = run(attacked(UP))
    assert shown(result) == [2000, Fraction((Y + BUDGET) ** 2, X * Y), 2000, 2000] == [2000, 3125, 2000, 2000]
    assert set(column(result, "steps", "market_WETH")) == {"2000.00000000"}


def test_downwards_it_sells_base_worth_the_budget() -> None:
    """5 M buy 2 500 WETH on the market: 10 000² · 2 000/12 500² = 1 280."""
    assert shown(run(attacked(DOWN))) == [2000, 1280, 2000, 2000]


def test_the_budget_is_worth_what_the_market_says_then() -> None:
    """At 2 500 on the market 5 M are 2 000 WETH: (10/12)² of the pool's 2 000. At 1.25 a USDC they are 4 M of it."""
    higher = run(attacked(DOWN, prices={"WETH": points(("0s", 2000), ("12s", 2500))}))
    assert abs(shown(higher)[1] - Fraction(2000 * 100, 144)) <= Fraction(1, 10**8)
    dearer = run(attacked(UP, prices={"USDC": constant("1.25"), "WETH": constant(2500)}))
    assert abs(shown(dearer)[1] - Fraction(5, 4) * Fraction(24_000_000**2, X * Y)) <= Fraction(2, 10**8)


def test_who_is_not_repaid_leaves_the_price_where_it_is() -> None:
    for until in ({}, {"until": "24s"}):
        faults = {key: value for key, value in UP.items() if key != "until"}
        assert shown(run(attacked({**faults, "repaid": "false", **until}))) == [2000, 3125, 3125, 3125]


def test_the_attack_ends_with_the_run_if_that_comes_first() -> None:
    """Nothing is traded back; what is held counts at the market's price."""
    result = run(attacked({**UP, "until": "1h"}))
    assert shown(result) == [2000, 3125, 3125, 3125]
    assert cost(result) == BUDGET - 2000 * 2000


def test_arbitrage_comes_first_and_the_trade_back_after_it() -> None:
    """With arbitrage in each block the pool is back at 2 000 when the attacker sells its 2 000 WETH into it: it gets
    20 M/6 for them, and the feed shows (10/12)² of 2 000 for a step."""
    result = run(attacked(UP, venues=[pool(X, Y, recovery={"half_life": "0s"})]))
    expected = [Fraction(2000), Fraction(3125), Fraction(2000 * 100, 144), Fraction(2000)]
    assert all(abs(one - other) <= Fraction(1, 10**4) for one, other in zip(shown(result), expected, strict=True))
    assert abs(cost(result) - (BUDGET - Fraction(Y, 6))) <= 1  # arbitrage stops a little short of the market


def test_two_attackers_add_up() -> None:
    """2 M and 3 M in one block are the 5 M; the one that stays keeps its part of the move."""
    first = {**UP, "budget": 2_000_000}
    second = {**UP, "budget": 3_000_000, "until": "36s"}
    prices = shown(run(attacked(first, second)))
    assert abs(prices[1] - 3125) <= Fraction(1, 10**8)
    assert prices[0] == 2000 < prices[2] < 3125
    assert abs(prices[3] - 2000) <= Fraction(1, 10**8)


def test_a_feed_that_reads_the_market_does_not_notice() -> None:
    """The trade is made and costs what it costs; nobody is told."""
    result = run(attacked({**UP, "repaid": "false"}, oracle={"WETH": {"source": "market", "deviation": 0}}))
    assert shown(result) == [2000] * 4
    assert column(result, "steps", "venue_WETH")[1] == "3125.00000000"
    assert cost(result) == BUDGET - 2000 * 2000


L, KEEPS = 10**17, Decimal("0.9995")
RANGE = {"lower": 1000, "upper": 4000, "liquidity": L}


def ranged(**changes: Any) -> Scenario:
    """A v3 pool of 5 bps at 2 000, with liquidity from 1 000 to 4 000 only."""
    venue = {"name": "uni", "kind": "uniswap-v3", "base": "WETH", "quote": "USDC", "fee": "0.0005", "price": 2000}
    return attacked({**UP, **changes}, venues=[{**venue, "liquidity": [RANGE]}])


@pytest.mark.parametrize("direction", ["up", "down"])
def test_within_a_range_the_root_of_the_price_moves_by_what_is_traded_over_the_liquidity(direction: str) -> None:
    """√P grows by g·B/L, or 1/√P by g·a/L, in base units; and it is repaid but for twice the fee."""
    unit = Decimal(10) ** 12  # base units of WETH for one of USDC, at the same price
    root = (2000 / unit).sqrt()
    after = {
        "up": root + KEEPS * 300_000 * 10**6 / L,
        "down": 1 / (1 / root + KEEPS * 150 * 10**18 / L),
    }[direction]
    result = run(ranged(budget=300_000, direction=direction))
    assert abs(shown(result)[1] - Fraction(after**2 * unit)) <= Fraction(1, 10**6)
    assert abs(shown(result)[2] - 2000) <= Fraction(2000, 1000)
    assert 270 < cost(result) < 300  # 5 bps of 300 000 twice, less as what is given back is worth less than that


CURVE = [["0.01", 22_500_000], ["0.02", 44_400_000]]


def booked(**changes: Any) -> Scenario:
    """An exchange's book around the market's 2 000, of which 22.5 M sell 1 % below it on average, and 44.4 M 2 %."""
    book = {"name": "book", "kind": "depth", "base": "WETH", "quote": "USDC", "curve": CURVE, "measure": "average"}
    return attacked({**DOWN, "budget": 10_000_000, **changes}, venues=[{**book, "recovery": {"half_life": "never"}}])


def test_on_a_book_it_pays_the_average_and_leaves_the_margin() -> None:
    """10 M sell 10/22.5 % below the mid on average, which is what the attack costs, and twice that below it at last."""
    average = Fraction(10, 2250)
    kept = run(booked(repaid="false"))
    assert abs(shown(kept)[1] - 2000 * (1 - 2 * average)) <= Fraction(2, 10**8)
    assert abs(cost(kept) - 10_000_000 * average) <= Fraction(1, 10**5)
    repaid = run(booked())
    assert abs(shown(repaid)[2] - 2000) <= Fraction(2, 10**8)
    assert abs(cost(repaid)) <= Fraction(1, 10**5)


# ---------------------------------------------------------------- what it costs


def test_an_attack_that_is_repaid_costs_nothing_without_a_fee() -> None:
    """2 000 WETH bought with 5 M are sold for 5 M."""
    assert cost(run(attacked(UP))) == 0
    assert cost(run(attacked(DOWN))) == 0


@pytest.mark.parametrize("fee", ["0.003", "0.05"])
def test_a_fee_is_paid_twice(fee: str) -> None:
    """g = 1 − fee: B buys q = x·gB/(y + gB), the fee stays in the pool, and q sells for (y + B)·gq/(x − q + gq)."""
    keeps = 1 - Fraction(fee)
    bought = Fraction(X) * keeps * BUDGET / (Y + keeps * BUDGET)
    back = (Y + BUDGET) * keeps * bought / (X - bought + keeps * bought)
    assert abs(cost(run(attacked(UP, venues=[pool(X, Y, fee=fee)]))) - (BUDGET - back)) <= Fraction(2, 10**6)


def test_who_is_not_repaid_pays_the_impact() -> None:
    """2 000 WETH for 5 M, worth 4 M on the market; 4 M USDC for 2 500 WETH, worth 5 M."""
    assert cost(run(attacked({**UP, "repaid": "false"}))) == 1_000_000
    assert cost(run(attacked({**DOWN, "repaid": "false"}))) == 1_000_000


def test_what_is_held_counts_at_the_market_of_the_end() -> None:
    """Its 2 000 WETH rise to 2 600: 200 000 more than it put in, a cost below zero."""
    rising = {"WETH": points(("0s", 2000), ("36s", 2600))}
    assert cost(run(attacked({**UP, "repaid": "false"}, prices=rising))) == -200_000


def test_flows_count_at_the_market_of_their_time() -> None:
    """Without a fee it gets back every USDC, which is worth 0.90 by then."""
    falling = {"USDC": points(("0s", 1), ("24s", "0.9"))}
    assert cost(run(attacked(UP, prices=falling))) == BUDGET / 10


def test_without_an_attack_there_is_no_cost() -> None:
    assert run(attacked()).summary["attack_cost_usd"] == Decimal("0.000000")


# ---------------------------------------------------------------- whom it liquidates


def at_price(name: str, price: str) -> dict[str, Any]:
    """10 WETH against the debt at which `price` is the account's liquidation price (threshold 83 %)."""
    return account(name, 10, str(Decimal(price) * 10 * Decimal("0.83")))


LADDER = [
    at_price("at" + price.replace(".", "-"), price)
    for price in ("1000", "1279", "1279.999", "1280.001", "1281", "1500", "1990")
]
KINDS = ("lending-pool", "aave-v3", "morpho-blue", "compound-v2")


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_of_it_liquidates_those_whose_liquidation_price_lies_above(kind: str) -> None:
    """1 280 for one step, on a market that says 2 000: each account whose liquidation price is above it, and no other.
    The shock did it, not the cascade: nothing is induced, though the feed's twin reads a venue of its own. (Compound
    closes half at a loss: what it leaves at 1 280 is under water at 2 000 too, and goes on being liquidated.)"""
    result = run(attacked(DOWN, book=LADDER).replace("protocol.kind", kind))
    found = rows(result, "liquidations")
    struck = {"at1280-001", "at1281", "at1500", "at1990"}
    assert {row["account"] for row in found} == {row["account"] for row in found if row["step"] == "1"} == struck
    assert {row["induced"] for row in found} == {"0"}
    assert cost(result) == 0
    undisturbed = run(attacked(book=LADDER).replace("protocol.kind", kind))
    assert undisturbed.summary["liquidations"] == 0


def test_a_mean_over_two_minutes_feels_a_tenth_of_it() -> None:
    """1 280 for 12 s of 120 s, 2 000 for the rest: 1 928, seen from the block after on; two steps of it are 1 856."""
    mean = {"WETH": {"source": "twap:2m", "deviation": 0, "heartbeat": "0s"}}
    result = run(attacked(DOWN, book=LADDER, oracle=mean))
    assert shown(result) == [2000, 2000, 1928, 1928]
    assert column(result, "liquidations", "account") == ["at1990"]
    longer = {**DOWN, "until": "36s"}
    assert shown(run(attacked(longer, oracle=mean, book=LADDER))) == [2000, 2000, 1928, 1856]


BLACK_FRIDAY_BUDGET = "1_401_754.25"
"""10 M · (√1.3 − 1): what takes a pool of 10 M and 10 M to 1.30."""


def dai(source: str, kind: str, *faults: dict[str, Any]) -> Scenario:
    """DAI on an exchange of 10 M against 10 M USDC; 10 WETH at 2 000 back 16 600 of debt."""
    book = [
        {"name": "more", "collateral": {"WETH": 10}, "debt": {"DAI": 12_800}},
        {"name": "less", "collateral": {"WETH": 10}, "debt": {"DAI": 12_700}},
        {"name": "other", "collateral": {"WETH": 10}, "debt": {"USDC": 16_500}},
    ]
    stable = {"ltv": 0, "liquidation_threshold": 0}
    return attacked(
        *faults,
        book=book,
        assets={"DAI": {"decimals": 18, **stable}},
        lenders={"DAI": 1_000_000},
        prices={"DAI": constant(1)},
        oracle={"WETH": {"source": "market"}, "DAI": {"source": source, "deviation": 0, "heartbeat": "0s"}},
        venues=[
            {"name": "exchange", "kind": "constant-product", "base": "DAI", "quote": "USDC", "reserves": [10**7, 10**7]}
        ],
    ).replace("protocol.kind", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_debt_asset_that_is_spiked_up_liquidates_who_owes_it(kind: str) -> None:
    """DAI at 1.30 on one exchange, as on 26 November 2020, and 1.00 on the market: who owes more than 16 600/1.3 DAI is
    liquidated while the market has their debt covered; who owes USDC is not."""
    spike = {**UP, "asset": "DAI", "budget": BLACK_FRIDAY_BUDGET}
    result = run(dai("venue:exchange", kind, spike))
    steps = rows(result, "steps")
    assert abs(Fraction(steps[1]["oracle_DAI"]) - Fraction("1.3")) <= Fraction(1, 10**8)
    assert [row["market_DAI"] for row in steps] == ["1.00000000"] * 4
    found = rows(result, "liquidations")
    assert {(row["step"], row["account"], row["debt"]) for row in found} == {("1", "more", "DAI")}
    assert int(found[0]["repaid"]) > 6_000 * 10**18
    assert run(dai("market", kind, spike)).summary["liquidations"] == 0


# ---------------------------------------------------------------- more than a venue fills


def test_more_than_a_venue_fills_is_refused_with_what_it_fills() -> None:
    """An error that names the fault, and a budget that goes through; a hundredth of a dollar more does not."""
    with pytest.raises(InputError) as refused:
        run(ranged(budget="900_000_000"))
    assert refused.value.path == "faults.0.budget"
    text = refused.value.allowed
    assert text.startswith("at most ")
    assert text.endswith(", what uni fills then")
    most = Decimal(text.removeprefix("at most ").partition(",")[0])
    filled = run(ranged(budget=str(most)))
    assert 3990 < shown(filled)[1] <= 4000
    with pytest.raises(InputError):
        run(ranged(budget=str(most + Decimal("0.01"))))


def test_a_book_fills_up_to_its_last_point() -> None:
    """44.4 M and not a cent more."""
    with pytest.raises(InputError, match=r"faults\.0\.budget: .* at most 44400000\.00, what book fills then"):
        run(booked(budget=50_000_000))
    assert cost(run(booked(budget=44_400_000, repaid="false"))) == 888_000
    with pytest.raises(InputError):
        run(booked(budget="44_400_000.01"))


def test_a_venue_that_cannot_take_back_what_was_bought_is_an_error() -> None:
    """Bought at 2 000 and above; when it would sell, arbitrage has taken the pool to the lower end of its liquidity."""
    raw = ranged(budget=300_000).resolved()
    raw["prices"]["WETH"] = points(("0s", 2000), ("24s", 1001))
    raw["venues"][0]["recovery"] = {"half_life": "0s"}
    with pytest.raises(InputError, match=r"faults\.0\.until: found '140\.5\d* WETH'; .* all that it got; then"):
        run(Scenario.parse(raw))


@pytest.mark.parametrize("kind", KINDS)
def test_no_venue_takes_a_feed_beyond_the_bound_of_a_price(kind: str) -> None:
    """9e14 USD on a pool of 1 000 DOT and a tenth of a cent: 8.1e32 of its quote a DOT, where a product of Compound's
    does not fit its words. The feed says what stands below 1e12, and who owes DOT is liquidated."""
    dot = {"decimals": 18, "ltv": "0.5", "liquidation_threshold": "0.6", "liquidation_bonus": "0.05"}
    scenario = attacked(
        {**UP, "asset": "DOT", "budget": 9 * 10**14},
        book=[{"name": "b", "collateral": {"WETH": 100_000}, "debt": {"DOT": 10**13}}],
        assets={"DOT": dot},
        lenders={"DOT": 10**14, "USDC": 0},
        prices={"DOT": constant("0.000001")},
        oracle={"WETH": {"source": "market"}, "DOT": {"source": "venue", "deviation": 0}},
        venues=[pool(1000, "0.001", base="DOT")],
    ).replace("protocol.kind", kind)
    result = run(scenario)
    assert column(result, "steps", "oracle_DOT") == ["0.00000100", "999999999999.99999999", "0.00000100", "0.00000100"]
    assert result.summary["accounts_liquidated"] == 1


def test_a_budget_below_one_unit_buys_nothing() -> None:
    with pytest.raises(InputError, match=r"faults\.0\.budget: found 1E-7.*one base unit of USDC"):
        run(attacked({**UP, "budget": "0.0000001"}))
