"""The gas schedule is held against anvil's receipts: every way and kind, and a run through the whole loop."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from scripts.measure_gas import PROTOCOL, ROUTES, Figure, fit, kinds, measure
from simulator import gas
from simulator.chain.anvil import AnvilChain
from simulator.chain.base import Receipt, Transaction
from simulator.gas import Entry
from simulator.simulate import simulate
from tests.small import account, points, pool, small

BOUND = 0.1
"""The schedule may differ from a receipt by this share of it, either way."""


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return measure()


@pytest.mark.parametrize("way", ROUTES)
def test_the_schedule_is_within_a_tenth_of_every_receipt(figures: list[Figure], way: str) -> None:
    """Whatever the account's balances, with and without bad debt, for an order alone in its transaction."""
    entry = gas.schedule()[PROTOCOL][way]
    found = [figure for figure in figures if figure.kind.way == way]
    assert {figure.kind.write_off for figure in found} == {False, True}
    for figure in found:
        scheduled = entry.total(figure.kind.positions, losses=figure.kind.losses)
        assert scheduled == pytest.approx(figure.receipt, rel=BOUND), figure


def test_measuring_again_gives_the_same_figures(figures: list[Figure]) -> None:
    """Two anvils, one schedule: nothing in it depends on the machine or the hour."""
    assert fit(measure()) == fit(figures)


def test_a_fit_of_exact_lines_gives_them_back() -> None:
    """What is measured is a line over balances, and a line over lost debts on top of it."""
    truth = Entry(300_000, 40_000, -5_000, 12_000)
    found = [Figure(kind, truth.total(kind.positions, losses=kind.losses), 0) for kind in kinds()]
    assert set(fit(found).values()) == {truth}


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


@pytest.mark.parametrize("sell", ["hold", "venue"])
def test_a_run_s_gas_is_within_a_tenth_of_its_receipts(sell: str) -> None:
    """The last of three liquidations through the loop, each alone in its block: trace against receipt."""
    prices = {"WETH": points(("0s", 2000), ("12s", 1990), ("24s", 1960), ("36s", 1940))}
    book = [account("a", 10, 16_570), account("b", 10, 16_400), account("c", 10, 16_200)]
    wanted = small(
        book,
        prices=prices,
        clock={"steps": 4},
        venues=[pool(100_000, 200_000_000)],
        keepers=[{"name": "k", "sell": sell}],
        assets={"WETH": {"protocol_fee": "0.1"}},
    )
    with Receipts() as chain:
        rows = simulate(wanted, chain).trace.liquidations
        assert len(rows) == 3
        assert rows[-1].gas_used == pytest.approx(chain.single[-1], rel=BOUND)
