"""Time: steps, waves, blocks."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simulator import Scenario, run
from simulator.chain.artifact import load
from simulator.chain.base import Chain
from simulator.errors import BlockMismatch
from tests.recording import After, Between, OtherNumbers, run_on
from tests.small import START, account, column, points, pool, rows, small

LONG = {"kind": "lending-pool", "close_factor": "0.01", "full_close_below_health": 0}
"""One percent at a time: health 0.9 stays below one for a hundred waves."""


def lasting(step: str, steps: int = 1, block: str = "12s") -> Scenario:
    """An account that is liquidated in every wave there is time for."""
    return small([account("a", 9, 16_600)], protocol=LONG, clock={"step": step, "steps": steps, "block": block})


def test_steps_open_at_start_plus_k_steps() -> None:
    """Step k opens at start + k·step."""
    result = run(small([account("a", 1, 1)], clock={"step": "90s", "steps": 4}))
    assert column(result, "steps", "time") == [str(START + k * 90) for k in range(4)]
    assert column(result, "steps", "step") == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("step", "most"), [("5s", 1), ("12s", 1), ("23s", 1), ("24s", 2), ("60s", 5), ("71s", 5)])
def test_a_step_holds_as_many_waves_as_blocks(step: str, most: int) -> None:
    """A step holds max(1, step ÷ block) waves at most."""
    result = run(lasting(step, steps=2))
    assert column(result, "steps", "waves") == [str(most)] * 2
    assert result.summary["waves_max"] == most


def test_waves_happen_a_block_apart() -> None:
    """Wave w (from 1) happens at step opening + (w − 1)·block."""
    result = run(lasting("35s", steps=2, block="7s"))
    found = [(int(row["step"]), int(row["wave"]), int(row["time"])) for row in rows(result, "liquidations")]
    assert found == [(k, w, START + k * 35 + (w - 1) * 7) for k in range(2) for w in range(1, 6)]


def test_a_wave_is_two_chain_blocks_of_one_time_and_one_read_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """…and is two chain blocks with that one timestamp: a market block, then, after one read of the world, a keeper
    block."""
    result, chain = run_on(monkeypatch, Between, lasting("36s", steps=2))
    site = result.outcome.world.site
    run_blocks = chain.blocks[-12:]
    assert [block.targets for block in run_blocks] == [(site.market,), (site.keepers[0].liquidator,)] * 6
    assert [block.timestamp - START for block in run_blocks] == [t for w in range(6) for t in (12 * w, 12 * w)]
    for number in (block.number for block in run_blocks[1::2]):
        read = [each for each in chain.asked if each.kind == "call" and each.number == number]
        state = load("Lens").selector("state")
        assert sum(data.startswith(state) for each in read for data in each.data) == 1
        assert {each.timestamp for each in read} == {block.timestamp for block in run_blocks if block.number == number}


def test_the_market_moves_in_the_first_wave_only() -> None:
    """A market block: in wave 1 the outside market moves."""
    scenario = lasting("36s", steps=2).replace("prices.WETH", points(("0s", 2000), ("12s", 1999), ("36s", 1990)))
    found = rows(run(scenario), "liquidations")
    assert [row["wave"] for row in found] == ["1", "2", "3"] * 2
    weights = [Fraction(int(row["seized"]), int(row["repaid"])) for row in found]
    assert weights[0] == pytest.approx(weights[2], rel=1e-9)
    assert weights[3] / weights[2] == pytest.approx(2000 / 1990, rel=1e-9)


def test_arbitrage_goes_before_the_feeds_and_interest_is_charged() -> None:
    """A market block: the outside market moves; arbitrage; feeds report — so a venue's feed sees arbitrage at once."""
    scenario = small(
        [account("a", 1, 100)],
        clock={"steps": 2},
        prices={"WETH": points(("0s", 2000), ("12s", 2500))},
        oracle={"WETH": {"source": "venue", "deviation": 0}},
        venues=[pool(1000, 2_000_000, recovery={"half_life": "0s"})],
    )
    oracle = [float(price) for price in column(run(scenario), "steps", "oracle_WETH")]
    assert oracle == [2000, pytest.approx(2500, rel=1e-9)]


def test_waves_go_on_until_one_liquidates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waves go on until one liquidates nothing.

    Health 0.96 heals to 1.048 in one: the second wave only looks, and sends no keeper block.
    """
    scenario = small([account("a", 1, "1729.1666")], clock={"step": "10m"})
    result, chain = run_on(monkeypatch, Between, scenario)
    site = result.outcome.world.site
    assert column(result, "steps", "waves") == ["1"]
    assert [block.targets for block in chain.blocks[-3:]] == [
        (site.market,), (site.keepers[0].liquidator,), (site.market,),
    ]  # fmt: skip
    assert chain.blocks[-1].timestamp == START + 12


def test_a_wave_that_only_refuses_is_the_last_of_its_step() -> None:
    """Waves go on until one liquidates nothing: refusals liquidate nothing."""
    scenario = lasting("10m").replace("keepers.k.min_profit", "1_000_000")
    result = run(scenario)
    assert column(result, "refusals", "wave") == ["1"]
    assert column(result, "steps", "waves") == ["0"]


def test_the_loop_owns_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop owns number and time on every chain: numbers from one without a gap, times as the clock has them; reads
    see the coming block's."""
    _, chain = run_on(monkeypatch, Between, lasting("36s", steps=3))
    assert [block.number for block in chain.blocks] == list(range(1, len(chain.blocks) + 1))
    last = 0
    for asked in chain.asked:
        if asked.kind == "send":
            last = asked.number
        else:
            assert asked.number == last + 1


def strange_block(chain: Chain, number: int, timestamp: int) -> None:
    """A block that the loop did not ask for."""
    chain.send(number + 1, timestamp, [])


@pytest.mark.parametrize("chain", ["revm", "anvil"])
def test_receipts_are_checked_against_number_and_time(chain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receipts are checked against them: a block nobody asked for ends the run (the chains' own tests do the rest)."""
    with pytest.raises(BlockMismatch) as raised:
        run_on(monkeypatch, lambda inner: After(inner, 15, strange_block), lasting("36s", steps=3), chain)
    assert raised.value.exit_code == 3


def test_no_outcome_hangs_on_block_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A protocol that accrues by block number gets step ÷ block numbers per step: none built does; the lending pool
    accrues by time, so the same run under other block numbers has the same digest."""
    scenario = Scenario.load("flash-crash-2021").replace("book.sample.accounts", "40").replace("clock.steps", "40")
    moved, _ = run_on(monkeypatch, OtherNumbers, scenario)
    assert moved.digest == run(scenario).digest


def test_debt_accrues_by_time() -> None:
    """Interest over ten days at 10 % a year, charged a day at a time, by Aave's three-term expansion."""
    rate = {"base": "0.1", "slope1": 0, "slope2": 0, "optimal": "0.9"}
    scenario = small(
        [account("a", 100, 100_000)], assets={"USDC": {"rate": rate}}, clock={"step": "1d", "steps": 11}, keepers=[]
    )
    (row,) = rows(run(scenario), "accounts")
    per_second, day = Fraction(1, 10 * 31_536_000), 86_400
    grown = 1 + per_second * day + day * (day - 1) * per_second**2 / 2 + day * (day - 1) * (day - 2) * per_second**3 / 6
    assert abs(int(row["debt_USDC_end"]) - 100_000 * 10**6 * grown**10) <= 2
