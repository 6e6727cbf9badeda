"""Induced liquidations: twins, generations, amplification."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from simulator import Scenario, run
from simulator.result import Result
from tests.small import USDC, WAD, account, constant, points, pool, rows, small

SPOT = {"WETH": {"source": "venue", "deviation": 0}}
A, B = account("A", 500, 800_000), account("B", 100, 152_000)


def cascade(book: list[dict[str, Any]], **changes: Any) -> Scenario:
    """A feed that reads a pool of 10 000 WETH and 19 M USDC, at 1 900; waves for ten blocks."""
    wanted = {
        "clock": {"step": "2m"},
        "prices": {"WETH": constant(1900)},
        "oracle": SPOT,
        "venues": [pool(10_000, 19_000_000)],
        "keepers": [{"name": "k"}],
        **changes,
    }
    return small(book, **wanted)


def marks(result: Result) -> dict[tuple[str, str], tuple[str, str]]:
    """(induced, generation) by account and wave."""
    return {(row["account"], row["wave"]): (row["induced"], row["generation"]) for row in rows(result, "liquidations")}


def test_a_sale_makes_the_next_liquidation_induced() -> None:
    """A liquidation is induced if the account, as it then is, would be healthy at the twin feeds' prices."""
    found = marks(run(cascade([A, B])))
    assert found[("A", "1")] == ("0", "0")
    assert found[("B", "2")] == ("1", "1")


def test_generations_count_up_along_a_chain_of_sales() -> None:
    """*generation*: 0 if not induced, else 1 + the greatest generation in the latest earlier wave that sold."""
    third = account("C", 100, 150_200)  # below health one at 1 809.64: A's sale ends at 1 816.91, B's at 1 803.2
    found = marks(run(cascade([A, B, third])))
    generations = [found[("A", "1")][1], found[("B", "2")][1], found[("C", "3")][1]]
    assert generations == ["0", "1", "2"]


def test_a_wave_that_sold_nothing_does_not_count() -> None:
    """…the latest earlier wave that *sold*: F, pulled down by A's sale, is liquidated in waves 2 to 4 by a keeper that
    holds, one percent at a time: every time it is as near to A's sale as the first."""
    scenario = cascade(
        [account("A", 500, 870_000), account("F", 1, 1465)],
        clock={"step": "48s"},
        protocol={"kind": "lending-pool", "close_factor": "0.01"},
        keepers=[
            {"name": "seller", "min_profit": 100},
            {"name": "holder", "sell": "hold", "capital": 1000, "priority_fee": 1},
        ],
    )
    keys = ("keeper", "account", "wave", "generation")
    found = [tuple(row[key] for key in keys) for row in rows(run(scenario), "liquidations")]
    assert found == [("seller", "A", "1", "0"), *(("holder", "F", wave, "1") for wave in "234")]


def test_what_the_market_does_is_not_induced() -> None:
    """A twin of each feed and venue gets the same market and arbitrage: a fall it brings is no one's sale."""
    scenario = cascade(
        [B],
        clock={"step": "12s", "steps": 3},
        prices={"WETH": points(("0s", 1900), ("12s", 1700))},
        venues=[pool(10_000, 19_000_000, recovery={"half_life": "0s"})],
    )
    assert set(marks(run(scenario)).values()) == {("0", "0")}


def test_the_twin_gets_none_of_the_sales_and_recovers_nothing() -> None:
    """…but none of the liquidations' sales: with arbitrage at once the next block heals both, B stays whole."""
    scenario = cascade([A, B], venues=[pool(10_000, 19_000_000, recovery={"half_life": "0s"})])
    result = run(scenario)
    assert {row["account"] for row in rows(result, "liquidations")} == {"A"}


def test_a_market_feed_induces_nothing() -> None:
    """A feed that reads the market has a twin that says the same."""
    result = run(cascade([A, B], oracle={"WETH": {"source": "market", "deviation": 0}}))
    assert result.summary["induced_liquidations"] == 0


def test_as_it_then_is() -> None:
    """…the account *as it then is*: A, insolvent by its own sale, is measured with the balances it has left."""
    toxic = account("A", 500, 900_000)
    first, *later = [row for row in rows(run(cascade([toxic])), "liquidations") if row["account"] == "A"]
    collateral, debt = Fraction(500), Fraction(900_000)
    assert first["induced"] == "0"
    for row in [first, *later]:
        twin = collateral * 1900 * Fraction(83, 100) / debt
        assert row["induced"] == str(int(twin >= 1 > Fraction(int(row["health_before"]), WAD)))
        collateral -= Fraction(int(row["seized"]), WAD)
        debt -= Fraction(int(row["repaid"]), USDC)
        if debt <= 0:
            break


def test_amplification_is_debt_repaid_over_debt_not_induced() -> None:
    """*amplification* = debt repaid ÷ debt repaid by liquidations not induced."""
    result = run("two-account-cascade")
    assert str(result.summary["amplification"]) == "1.190000"  # (400 000 + 76 000) / 400 000
    assert str(result.summary["debt_repaid_usd"]) == "476000.000000"


def test_amplification_is_null_if_none() -> None:
    """…(null if none)."""
    result = run(cascade([account("fine", 500, 100_000)]))
    assert result.summary["amplification"] is None
    assert result.summary["liquidations"] == 0
