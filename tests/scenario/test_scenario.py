"""Changing a scenario, writing it back, identifying it; and the scenarios that ship."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from simulator.errors import InputError, NotBuilt, UnknownKey
from simulator.scenario import Lltv, Scenario, shipped
from simulator.scenario.scenario import SHIPPED
from simulator.scenario.yaml_text import parse_yaml
from simulator.units import WAD
from tests.scenario.base import ETH_CSV, PRICES, SAMPLE, base, broken, plain

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded"
NAMES = [name for name, _ in shipped()]


@pytest.fixture
def scenario() -> Scenario:
    """The base."""
    return Scenario.parse(base())


@pytest.mark.parametrize(
    "path,value,expected",
    [
        ("assets.WETH.ltv", "0.5", "0.5"),
        ("assets.WETH.ltv", Decimal("0.50"), "0.5"),
        ("assets.WETH.rate.slope1", "0.04", "0.04"),
        ("clock.step", "12s", "12s"),
        ("protocol.target_health", "1.1", "1.1"),
        ("protocol.target_health", "null", None),
        ("protocol.incentive.kind", "fixed", "fixed"),
        ("oracle.USDC.deviation", "0", "0"),
        ("oracle.WETH.source", "market", "market"),
        ("gas.block_limit", "30_000_000", "30000000"),
        ("venues.amm.recovery.half_life", "10m", "600s"),
        ("venues.0.reserves", "[20_000, 38_000_000]", ["20000", "38000000"]),
        ("venues.amm.reserves.1", "18_000_000", "18000000"),
        ("keepers.k1.capital", "1_000", "1000"),
        ("book.accounts.B.debt.USDC", "1", "1"),
        ("book.accounts.1.debt.USDC", "1", "1"),
        ("prices.WETH.points.1.1", "1800", "1800"),
        ("seed", 7, "7"),
    ],
)
def test_replace_changes_one_value(scenario: Scenario, path: str, value: object, expected: object) -> None:
    changed = scenario.replace(path, value).resolved()
    here: object = changed
    for part in path.split("."):
        if isinstance(here, list):
            names = [item.get("name") if isinstance(item, dict) else None for item in here]
            here = here[names.index(part) if part in names else int(part)]
        else:
            assert isinstance(here, dict)
            here = here[part]
    assert here == expected
    assert scenario.resolved() == Scenario.parse(base()).resolved()


def test_replace_takes_a_flow_mapping(scenario: Scenario) -> None:
    changed = scenario.replace("protocol.incentive", "{kind: lltv, cursor: 0.3, cap: 0.15}")
    assert changed.protocol.incentive == Lltv(kind="lltv", cursor=Decimal("0.3"), cap=Decimal("0.15"))


@pytest.mark.parametrize(
    "path,near",
    [
        ("asets.WETH.ltv", "'assets'"),
        ("assets.WETHH.ltv", "'WETH'"),
        ("assets.WETH.lvt", "'ltv'"),
        ("venues.amn.fee", "'amm'"),
        ("venues.1.fee", "amm"),
        ("keepers.k2.policy", "'k1'"),
        ("name.x", "none"),
        ("clock.step.x", "none"),
        ("", "known"),
        ("nme", "'name'"),
    ],
)
def test_replace_of_an_unknown_path_names_the_nearest(scenario: Scenario, path: str, near: str) -> None:
    with pytest.raises(UnknownKey) as caught:
        scenario.replace(path, "1")
    assert near in str(caught.value)


def test_replace_checks_the_new_value(scenario: Scenario) -> None:
    with pytest.raises(InputError, match=r"^assets\.WETH\.liquidation_threshold: found 0\.83; allowed: at least"):
        scenario.replace("assets.WETH.ltv", "0.9")
    with pytest.raises(NotBuilt):
        scenario.replace("protocol.kind", "aave-v4")
    with pytest.raises(InputError, match=r"^clock\.step line \d: .*valid YAML"):
        scenario.replace("clock.step", "{")
    with pytest.raises(InputError, match="binary float"):
        scenario.replace("assets.WETH.ltv", 0.5)


def test_replace_may_add_what_a_mapping_of_assets_lacks(scenario: Scenario) -> None:
    assert scenario.replace("lenders.WETH", "5").lenders["WETH"] == 5


def test_every_asset_has_a_feed(scenario: Scenario) -> None:
    assert list(scenario.oracle) == ["WETH", "USDC"]
    feed = scenario.oracle["USDC"]
    assert (feed.source, feed.deviation, feed.heartbeat, feed.delay) == ("market", Decimal("0.005"), 3600, 0)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_resolved_runs_again_alone(name: str) -> None:
    scenario = Scenario.load(name)
    again = Scenario.parse(scenario.resolved())
    assert again.digest == scenario.digest
    assert again.resolved() == scenario.resolved()
    assert parse_yaml(scenario.to_yaml(), name) == scenario.resolved()
    named = Scenario.parse(parse_yaml(scenario.to_yaml(inline_files=False), name), scenario.base_dir)
    assert named.digest == scenario.digest


@pytest.mark.parametrize("kind", sorted(PRICES))
def test_each_price_kind_resolves_to_itself(kind: str, tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    scenario = Scenario.parse(broken("prices.WETH", PRICES[kind]), tmp_path)
    assert Scenario.parse(scenario.resolved()).digest == scenario.digest
    assert scenario.first_price("WETH") == (1850 if kind == "csv" else 1900)


def test_a_sample_resolves_to_itself() -> None:
    scenario = Scenario.parse(broken("book", {"sample": plain(SAMPLE)}))
    assert scenario.positions is None
    assert Scenario.parse(scenario.resolved()).digest == scenario.digest


def test_the_digest_knows_values_not_their_writing(tmp_path: Path) -> None:
    same = Scenario.parse(broken("assets.WETH.ltv", "0.800"))
    assert same.digest == Scenario.parse(base()).digest
    assert same.replace("assets.WETH.ltv", "0.801").digest != same.digest
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    before = Scenario.parse(broken("prices.WETH", PRICES["csv"]), tmp_path).digest
    (tmp_path / "eth.csv").write_text(ETH_CSV.replace("1750", "1751"))
    assert Scenario.parse(broken("prices.WETH", PRICES["csv"]), tmp_path).digest != before


def test_the_digest_is_that_of_another_process() -> None:
    code = "from simulator.scenario import Scenario; print(Scenario.load('black-thursday').digest)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    assert found.stdout.strip() == Scenario.load("black-thursday").digest


def test_resolved_is_plain(scenario: Scenario) -> None:
    assert json.loads(json.dumps(scenario.resolved())) == scenario.resolved()


def test_what_ships_says_what_it_is() -> None:
    """The spine's four, the market's own, an incident for each fault that has one; each says what is reconstructed."""
    assert NAMES == [
        "aave-wsteth-cap-2026", "black-thursday", "compound-dai-2020", "crash-in-minutes-or-a-day", "flash-crash-2021",
        "lst-depeg-loop", "moonwell-cbeth-2026", "morpho-base-2026", "stream-xusd-2025", "two-account-cascade",
        "two-collaterals", "usdc-depeg-2023", "venues-of-2023", "venus-luna-2022",
    ]  # fmt: skip
    for name, description in shipped():
        assert description.startswith("Reconstructed"), name
        assert "ecorded" in description.partition(".")[2] or "nothing is recorded" in description


@pytest.mark.parametrize("name", NAMES)
def test_every_calibrated_section_has_its_source(name: str) -> None:
    scenario = Scenario.load(name)
    covered = {each.covers.partition(".")[0] for each in scenario.provenance}
    assert {"assets", "book", "prices", "venues", "oracle", "lenders"} <= covered
    prices = {each.covers for each in scenario.provenance if each.covers.startswith("prices")}
    assert "prices" in prices or {path.split(".")[1] for path in prices} == set(scenario.prices)


def test_two_account_cascade_is_the_example() -> None:
    scenario = Scenario.load("two-account-cascade")
    assert scenario.positions is not None
    assert [(each.name, each.collateral["WETH"], each.debt["USDC"]) for each in scenario.positions] == [
        ("A", Decimal(500), Decimal(800_000)),
        ("B", Decimal(100), Decimal(152_000)),
    ]
    assert scenario.venues[0].reserves == (Decimal(10_000), Decimal(19_000_000))
    assert scenario.oracle["WETH"].source == "venue"


CRASHES = [
    ("black-thursday", 348, "195.34", "90", "111.87"),
    ("flash-crash-2021", 50, "2872.85", "1860.0", "2468.5"),
]


@pytest.mark.parametrize("name,bars,first,low,last", CRASHES)
def test_a_crash_covers_every_bar(name: str, bars: int, first: str, low: str, last: str) -> None:
    scenario = Scenario.load(name)
    points = scenario.series("WETH").points
    assert len(points) == 2 * bars - 1
    assert [offset for offset, _ in points] == [150 * index for index in range(2 * bars - 1)]
    assert points[-1][0] == scenario.clock.step * (scenario.clock.steps - 1)
    assert (points[0][1], points[-1][1]) == (Decimal(first), Decimal(last))
    assert min(price for _, price in points) == Decimal(low)


@pytest.mark.parametrize("name", ["black-thursday", "flash-crash-2021", "morpho-base-2026"])
def test_the_venue_has_the_quoted_depth_at_the_first_price(name: str) -> None:
    scenario = Scenario.load(name)
    base_reserve, quote_reserve = map(Fraction, scenario.venues[0].reserves)
    first, sold = scenario.first_price("WETH"), Fraction(44_400_000)
    assert abs(quote_reserve / base_reserve / first - 1) < Fraction(1, 10**12)
    amount = sold / first
    average = quote_reserve / (base_reserve + amount)
    assert abs(1 - average / first - Fraction(2, 100)) < Fraction(1, 10**7)


def test_morpho_health_is_that_of_the_record() -> None:
    """The record cuts debt to six places, and its health does not: the debt it implies is less than 1e-6 above."""
    scenario = Scenario.load("morpho-base-2026")
    price = scenario.first_price("WETH")
    threshold = Fraction(scenario.assets["WETH"].liquidation_threshold)
    with (RECORDED / "morpho_health_factors_2026-06-01.csv").open(encoding="utf-8", newline="") as file:
        stored = {row["account"]: Fraction(row["health_factor_stored"]) for row in csv.DictReader(file)}
    assert scenario.positions is not None
    assert len(scenario.positions) == len(stored) == 43
    for account in scenario.positions:
        backing, debt = Fraction(account.collateral["WETH"]) * price * threshold, Fraction(account.debt["USDC"])
        assert abs(backing / debt - stored[account.name]) < Fraction(5, 10**9), account.name
        assert 0 <= backing / stored[account.name] - debt < Fraction(1, 10**6), account.name
    assert sum(each.debt["USDC"] for each in scenario.positions) == Decimal("670626.635102")


def test_morpho_bonus_is_that_of_its_threshold() -> None:
    incentive = Scenario.load("morpho-base-2026").protocol.incentive
    assert isinstance(incentive, Lltv)
    factor = 1 / (1 - Fraction(incentive.cursor) * (1 - Fraction("0.86")))
    assert factor * WAD == Fraction(500, 479) * WAD


def test_loading_a_scenario_needs_neither_numpy_nor_pandas() -> None:
    code = (
        "import sys; from simulator.scenario import Scenario; Scenario.load('two-account-cascade');"
        "print([name for name in ('numpy', 'pandas', 'web3', 'ape', 'eth_abi', 'pyrevm') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    assert found.stdout.strip() == "[]"
    assert SHIPPED.is_dir()


def test_provenance_of_what_a_change_takes_away_goes_with_it() -> None:
    crash = Scenario.load("black-thursday")
    alone = crash.replace("keepers", []).replace("venues", [])
    assert not alone.venues
    assert len(alone.provenance) == len(crash.provenance) - sum(
        entry.covers.startswith("venues.") for entry in crash.provenance
    )
    assert all(not entry.covers.startswith("venues.") for entry in alone.provenance)


def test_a_threshold_lowered_below_the_ltv_takes_the_ltv_along() -> None:
    lowered = Scenario.load("black-thursday").replace("assets.WETH.liquidation_threshold", "0.80")
    weth = lowered.assets["WETH"]
    assert (weth.ltv, weth.liquidation_threshold) == (Decimal("0.8"), Decimal("0.8"))
    raised = Scenario.load("black-thursday").replace("assets.WETH.liquidation_threshold", "0.9")
    assert raised.assets["WETH"].ltv == Decimal("0.805")
    with pytest.raises(InputError, match="at least the asset's ltv"):
        lowered.replace("assets.WETH.ltv", "0.81")
