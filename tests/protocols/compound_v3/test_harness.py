"""The whole harness on a Comet: a small one is deployed where a fork would have a real one, and attached to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from simulator import run
from simulator.chain import abi
from simulator.errors import InputError
from simulator.scenario import Scenario
from simulator.world import addresses, protocols
from simulator.world.protocols import Ground, Lending, compound_v3
from tests.contracts.desk import load_test
from tests.protocols.compound_v3.stand import NO_CAP, PERCENT, STOREFRONT, Curve
from tests.small import account, column, points, pool, rows, small

LIQUIDATION_FACTOR = 95 * PERCENT
COMET = {"kind": "compound-v3"}
WETH = {"decimals": 18, "ltv": "0.825", "liquidation_threshold": "0.895", "liquidation_bonus": "0.03"}
FALL = {"WETH": points(("0s", 2000), ("12s", 1670), ("24s", 1400))}
GAS = {"per_liquidation": 500_000}


def standing(monkeypatch: pytest.MonkeyPatch, curves: tuple[Curve, Curve] = (Curve(), Curve())) -> None:
    """From now on `compound-v3` is a small Comet of USDC against WETH."""

    def deploy(ground: Ground) -> Lending:
        terms = (
            ground.tokens["USDC"], ground.feeds["USDC"], STOREFRONT, 10**12, 0, tuple(curves[0]), tuple(curves[1]),
        )  # fmt: skip
        factors = 825 * PERCENT // 10, 895 * PERCENT // 10, LIQUIDATION_FACTOR, NO_CAP
        listing: list[abi.Static] = [(0, ground.tokens["WETH"], ground.feeds["WETH"], 0, *factors)]
        arguments = abi.encode(b"", addresses.HARNESS, terms, listing)
        comet = ground.build.deploy_artifact(load_test("SmallComet"), "", arguments)
        return compound_v3.attach(ground, comet)

    monkeypatch.setitem(protocols._DEPLOY, "compound-v3", deploy)  # type: ignore[arg-type]


def falling(accounts: list[dict[str, Any]], **changes: Any) -> Scenario:
    return small(
        accounts,
        protocol=COMET,
        clock={"steps": 3},
        assets={"WETH": WETH},
        prices=FALL,
        gas=GAS,
        **changes,
    )


TWO = [account("a", 10, 15_000), account("b", 10, 13_000)]


def test_a_run_books_absorptions_and_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 1 670 a is absorbed whole and b is healthy; at 1 400 b misses nothing: 13 300 against 13 000. The ledger is
    checked by the run after every step."""
    standing(monkeypatch)
    result = run(falling(TWO))
    made = rows(result, "liquidations")
    assert [(row["account"], row["repaid"], row["seized"], row["bad_debt"]) for row in made] == [
        ("a", str(16_199 * 10**6), str(10**19), ""),
        ("b", str(13_580 * 10**6), str(10**19), ""),
    ]
    assert column(result, "accounts", "debt_USDC_end") == ["0", "0"]
    assert column(result, "accounts", "collateral_USDC_end") == [str(865 * 10**6), str(300 * 10**6)]


def test_bad_debt_reaches_the_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    """b owes 16 400 from the start; straight to 1 400 it misses 3 100."""
    standing(monkeypatch)
    scenario = falling([account("b", 10, 16_400)]).replace("prices.WETH", points(("0s", 1400)))
    result = run(scenario)
    (row,) = rows(result, "liquidations")
    assert row["bad_debt"] == '{"USDC": 3100000000}'
    assert Fraction(result.summary["realised_bad_debt_usd"]) == 3100


def test_a_venue_and_interest_along_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interest runs, keepers sell, debts of those who stay are rounded each on its own; both chains agree."""
    standing(monkeypatch, (Curve(base=10**8), Curve(base=3 * 10**9)))
    many = [account(f"a{index}", 10, 4_000 + 1_051 * index) for index in range(12)]
    scenario = falling(many, venues=[pool(10_000, 20_000_000)], keepers=[{"name": "k", "sell": "venue"}]).replace(
        "clock.step", "30d"
    )
    results = [run(scenario, chain) for chain in ("revm", "anvil")]
    assert results[0].digest == results[1].digest
    survivors = [debt for debt in column(results[0], "accounts", "debt_USDC_end") if debt != "0"]
    assert len(rows(results[0], "liquidations")) == 12 - len(survivors) > 0
    assert len(survivors) > 5


DAI = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}


@pytest.mark.parametrize(
    ("asset", "section", "path"),
    [
        ("WETH", {**WETH, "ltv": "0.82"}, "assets.WETH.ltv"),
        ("WETH", {**WETH, "liquidation_threshold": "0.9"}, "assets.WETH.liquidation_threshold"),
        ("USDC", {"decimals": 6, "ltv": 0, "liquidation_threshold": "0.5"}, "assets.USDC.liquidation_threshold"),
        ("DAI", DAI, "assets.DAI"),
    ],
)
def test_what_the_market_has_otherwise_is_an_error(
    monkeypatch: pytest.MonkeyPatch, asset: str, section: dict[str, Any], path: str
) -> None:
    """Parameters are the market's own: a scenario that says others would be screened and summed up wrongly."""
    standing(monkeypatch)
    raw = falling(TWO).resolved()
    raw["assets"][asset] = section
    raw["prices"].setdefault(asset, points(("0s", 1)))
    with pytest.raises(InputError) as caught:
        run(Scenario.parse(raw))
    assert caught.value.path == path


def test_only_the_base_token_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A book that owes WETH cannot stand on a market of USDC."""
    standing(monkeypatch)
    book = [{"name": "a", "collateral": {"USDC": 40_000}, "debt": {"WETH": 1}}]
    with pytest.raises(InputError, match="USDC"):
        run(falling(book))


def test_without_a_market_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind alone deploys nothing, and says why."""
    monkeypatch.setitem(protocols._DEPLOY, "compound-v3", compound_v3.deploy)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="bytecode"):
        run(falling(TWO))


def test_the_selectors_are_those_of_the_interface() -> None:
    """The small Comet has the interface's functions: the compiler says which four bytes they are."""
    assert {name: load_test("SmallComet").ids[name] for name in compound_v3.SELECTORS} == compound_v3.SELECTORS
