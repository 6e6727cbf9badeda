"""The gas schedule is held against anvil's receipts: every protocol, way and kind, and runs through the whole loop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.measure_gas import PROTOCOLS, VENUES, Figure, fit, kinds, measure, ways, write
from simulator import gas
from simulator.chain.anvil import AnvilChain
from simulator.chain.base import Receipt, Transaction
from simulator.errors import InputError
from simulator.gas import Entry
from simulator.scenario.sections import Gas
from simulator.simulate import simulate
from tests.small import account, points, pool, small

BOUND = 0.1
"""The schedule may differ from a receipt by this share of it, either way."""
CASES = [(protocol, way) for protocol in PROTOCOLS for way in ways(protocol)]


@pytest.fixture(scope="module")
def figures() -> dict[str, list[Figure]]:
    """Everything, measured anew: by protocol."""
    return {protocol: measure(protocol, ways(protocol)) for protocol in PROTOCOLS}


@pytest.mark.parametrize(("protocol", "way"), CASES)
def test_the_schedule_is_within_a_tenth_of_every_receipt(
    figures: dict[str, list[Figure]], protocol: str, way: str
) -> None:
    """Whatever the account's balances, with and without bad debt, for an order alone in its transaction."""
    entry = gas.schedule()[protocol][way]
    found = [figure for figure in figures[protocol] if figure.kind.way == way]
    assert [figure.kind for figure in found] == list(kinds(protocol, [way]))
    for figure in found:
        scheduled = entry.total(figure.kind.positions, losses=figure.kind.losses)
        assert scheduled == pytest.approx(figure.receipt, rel=BOUND), figure


def test_every_pair_of_venue_kinds_is_measured() -> None:
    """Held, not sold, one venue of each kind, and each kind after each: no run of these protocols lacks a figure."""
    pairs = [f"{first}+{second}" for first in VENUES for second in VENUES]
    for protocol, measured in gas.schedule().items():
        assert {*measured, "none"} == {"hold", "none", *VENUES, *pairs}, protocol


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_measuring_again_gives_the_same_figures(figures: dict[str, list[Figure]], protocol: str) -> None:
    """Two anvils, one schedule: nothing in it depends on the machine, the hour, or what else is measured."""
    along = ["hold", "uniswap-v3", "uniswap-v2+constant-product"]
    again = measure(protocol, along)
    for way in along:
        one, other = ([f for f in found if f.kind.way == way] for found in (figures[protocol], again))
        assert fit(one) == fit(other)


def test_a_fit_of_exact_lines_gives_them_back() -> None:
    """What is measured is a line over balances, and a line over lost debts on top of it."""
    truth = Entry(300_000, 40_000, -5_000, 12_000)
    wanted = kinds("lending-pool", ways("lending-pool"))
    found = [Figure(kind, truth.total(kind.positions, losses=kind.losses), 0) for kind in wanted]
    assert set(fit(found).values()) == {truth}


def test_a_fit_says_nothing_of_what_a_protocol_lacks() -> None:
    """Morpho Blue's accounts have one size, Compound v2 books no loss: those terms are 0."""
    morpho = [Figure(kind, 250_000 if kind.write_off else 220_000, 0) for kind in kinds("morpho-blue", ["hold"])]
    assert fit(morpho) == {"hold": Entry(220_000, 0, 30_000, 0)}
    line = Entry(700_000, 90_000, 0, 0)
    compound = [Figure(kind, line.total(kind.positions), 0) for kind in kinds("compound-v2", ["hold"])]
    assert fit(compound) == {"hold": line}


def test_a_protocol_that_was_not_measured_asks_for_a_number() -> None:
    """Compound III is attached to, never deployed: `auto` says what to give instead, and a number is taken."""
    with pytest.raises(InputError, match="compound-v3 was not measured along hold"):
        gas.entry("compound-v3", "hold", Gas())
    assert gas.entry("compound-v3", "hold", Gas(per_liquidation="500000")).total(5, losses=2) == 500_000


def test_the_file_keeps_its_day_while_its_figures_stay(tmp_path: Path) -> None:
    """Writing what stands there already changes nothing, and it reads back as it was."""
    target = tmp_path / "schedule.json"
    write(target, gas.schedule())
    content = json.loads(target.read_text()) | {"as_of": "2020-01-01"}
    target.write_text(json.dumps(content))
    write(target, gas.schedule())
    again = json.loads(target.read_text())
    assert again == content
    assert max(map(len, target.read_text().splitlines())) <= 150


class Receipts(AnvilChain):
    """Anvil, and the gas of each block that held one transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.single: list[int] = []

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        receipts = super().send(number, timestamp, transactions)
        if len(receipts) == 1:
            self.single.append(receipts[0].gas_used)
        return receipts


UNISWAP = {
    "uniswap-v2": {
        "name": "amm",
        "kind": "uniswap-v2",
        "base": "WETH",
        "quote": "USDC",
        "reserves": [10**5, 2 * 10**8],
    },
    "uniswap-v3": {
        "name": "amm",
        "kind": "uniswap-v3",
        "base": "WETH",
        "quote": "USDC",
        "fee": "0.0005",
        "price": 2000,
        "liquidity": [{"lower": 1500, "upper": 2500, "liquidity": 5 * 10**18}],
    },
}


@pytest.mark.parametrize(
    ("protocol", "venue"),
    [
        ("lending-pool", None),
        ("lending-pool", "constant-product"),
        ("aave-v3", "constant-product"),
        ("aave-v3", "uniswap-v3"),
        ("morpho-blue", "uniswap-v2"),
        ("compound-v2", None),
        ("compound-v2", "constant-product"),
    ],
)
def test_a_run_s_gas_is_within_a_tenth_of_its_receipts(protocol: str, venue: str | None) -> None:
    """The last of three liquidations through the loop, each alone in its block: trace against receipt. Debts bear
    interest, which Compound v2 accrues once more in the keeper's block."""
    prices = {"WETH": points(("0s", 2000), ("12s", 1990), ("24s", 1960), ("36s", 1940))}
    book = [account("a", 10, 16_570), account("b", 10, 16_400), account("c", 10, 16_200)]
    keys = {"ltv": "0.83"} if protocol in ("morpho-blue", "compound-v2") else {"protocol_fee": "0.1"}
    bonus = None if protocol == "morpho-blue" else "0.05"
    wanted = small(
        book,
        protocol={"kind": protocol},
        prices=prices,
        clock={"steps": 4},
        venues=[pool(100_000, 200_000_000) if venue == "constant-product" else UNISWAP[venue]] if venue else [],
        keepers=[{"name": "k", "sell": "venue" if venue else "hold"}],
        assets={"WETH": {"liquidation_bonus": bonus, **keys}, "USDC": {"rate": {"slope1": "0.05", "slope2": "0.8"}}},
    )
    with Receipts() as chain:
        rows = simulate(wanted, chain).trace.liquidations
        assert len(rows) == 3
        assert rows[-1].gas_used == pytest.approx(chain.single[-1], rel=BOUND)
