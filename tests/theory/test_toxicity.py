"""Where a liquidation under an oracle that reads the venue makes the account worse, and where better.

Collateral N at the spot p of a constant-product venue that holds x of it and keeps 1 − g of what comes in; debt
D = v·p·N, of which a share c is repaid. Seized is w·N, w = c·v·(1 + b); sold is the share m of that which the keeper
gets. The venue ends at p·(x/(x + g·mNw))·(x/(x + mNw)), for the fee stays in the reserves, and the feed says so. So

    HF′/HF = (1 − w)·x²/((x + g·mNw)(x + mNw)) ÷ (1 − c),

facts' (1 − q/N)(x/(x + q))² > 1 − r/D where g = m = 1. Equal to one, it is a parabola in x as well as in w:

    (1 − S)·x² − S(1 + g)·q·x − S·g·q² = 0,   q = mNw, S = (1 − c)/(1 − w),
    (1 − c)·g·(mN)²·w² + x·((1 − c)(1 + g)·mN + x)·w − c·x² = 0.

For c → 0 the second gives w/c → x/(x + (1 + g)·mN): v < 1/((1 + b)(1 + (1 + g)·mN/x)), facts' 1/((1 + b)(1 + 2N/x)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

from simulator import compare, run
from simulator.scenario import Scenario
from tests.small import account, pool, rows, small
from tests.theory.sales import root

PRICE = 2000
NEAR = Fraction(1, 10**9)
"""How far from the root, as a share of it: a feed of eight places resolves 5e-12 of 2 000."""


@dataclass(frozen=True)
class Case:
    """N [WETH], b, c, g, and m by the protocol."""

    held: int
    bonus: Fraction
    share: Fraction = Fraction(1, 2)
    kept: Fraction = Fraction(1)
    kind: str = "lending-pool"

    @property
    def sold(self) -> Fraction:
        """m: Compound leaves 2.8 % of what is seized with its reserves."""
        return Fraction(972, 1000) if self.kind == "compound-v2" else Fraction(1)

    def ratio(self, depth: Fraction, ltv: Fraction) -> Fraction:
        """HF′/HF."""
        seized = self.share * ltv * (1 + self.bonus)
        sold = self.sold * self.held * seized
        falls = depth**2 / ((depth + self.kept * sold) * (depth + sold))
        return (1 - seized) * falls / (1 - self.share)

    def depth(self, ltv: Fraction) -> Fraction:
        """The x at which a liquidation at `ltv` changes nothing."""
        seized = self.share * ltv * (1 + self.bonus)
        both, left = 1 + self.kept, (1 - self.share) / (1 - seized)
        inside = root((left * both) ** 2 + 4 * left * (1 - left) * self.kept)
        return self.sold * self.held * seized * (left * both + inside) / (2 * (1 - left))

    def ltv(self, depth: Fraction) -> Fraction:
        """The v at which a liquidation changes nothing where the venue holds `depth`."""
        sold, left = self.sold * self.held, 1 - self.share
        square, linear = left * self.kept * sold**2, depth * (left * (1 + self.kept) * sold + depth)
        seized = (root(linear**2 + 4 * square * self.share * depth**2) - linear) / (2 * square)
        return seized / (self.share * (1 + self.bonus))

    def small_limit(self, depth: Fraction) -> Fraction:
        return 1 / ((1 + self.bonus) * (1 + (1 + self.kept) * self.sold * self.held / depth))

    def scenario(self, depth: Fraction, ltv: Fraction, around: Fraction) -> Scenario:
        """`around`: an LTV near `ltv`; the threshold stands 2 % below it, so that Aave closes half."""
        threshold = str(Decimal(int(around * 9800)).scaleb(-4))
        terms = {"ltv": threshold, "liquidation_threshold": threshold, "liquidation_bonus": _text(self.bonus, 4)}
        base = Fraction(int(depth * 10**9), 10**9)
        free = {"full_close_below_health": 0} if self.kind == "lending-pool" else {}
        close = {} if self.kind == "aave-v3" else {"close_factor": _text(self.share, 18)}
        return small(
            [account("a", self.held, _text(ltv * self.held * PRICE, 6))],
            assets={"WETH": terms},
            lenders={"USDC": 10**9},
            protocol={"kind": self.kind, **close, **free},
            clock={"step": "24s"},  # the feed tells what the sale did in the second wave
            oracle={"WETH": {"source": "venue", "deviation": 0}},
            venues=[pool(_text(base, 9), _text(base * PRICE, 6), fee=_text(1 - self.kept, 6))],
            keepers=[{"name": "k"}],
            gas={"per_liquidation": 500_000},
        )

    def change(self, depth: Fraction, ltv: Fraction, around: Fraction | None = None) -> int:
        """What one liquidation, told by the feed, does to health [wad]: its sign is what is asked."""
        result = run(self.scenario(depth, ltv, around or ltv))
        first, *more = rows(result, "liquidations")
        before = int(first["health_before"])
        after = int(more[0]["health_before"] if more else rows(result, "accounts")[0]["health_end"])
        expected = before * self.ratio(depth, ltv)
        assert abs(after - expected) <= expected / 10**10
        return after - before


def _text(value: Fraction, places: int) -> str:
    """`value` to so many places, rounded down."""
    return f"{Decimal(int(value * 10**places)).scaleb(-places):f}"


CASES = [
    Case(500, Fraction(5, 100)),
    Case(500, Fraction(5, 100), Fraction(1, 10)),
    Case(40, Fraction(10, 100), Fraction(1, 4)),
    Case(12_000, Fraction(15, 1000), Fraction(3, 10)),
    Case(500, Fraction(5, 100), Fraction(1, 2), Fraction(997, 1000)),
    Case(2500, Fraction(8, 100), Fraction(1, 20), Fraction(99, 100)),
    Case(500, Fraction(5, 100), kind="aave-v3"),
    Case(70, Fraction(6, 100), Fraction(1, 2), Fraction(997, 1000), kind="aave-v3"),
    Case(500, Fraction(8, 100), kind="compound-v2"),
    Case(800, Fraction(10, 100), Fraction(1, 5), Fraction(997, 1000), kind="compound-v2"),
]
NAMES = [f"{case.kind} {index}" for index, case in enumerate(CASES)]


def test_the_roots_are_facts_own_where_the_venue_takes_no_fee() -> None:
    """x = q·√S/(1 − √S); 200/231 for 500 of 10 000 and 5 % in the limit; both roots are roots of the identity."""
    case, ltv = CASES[0], Fraction(85, 100)
    seized = ltv * (1 + case.bonus) / 2
    left = root((1 - case.share) / (1 - seized))
    assert case.depth(ltv) == pytest.approx(case.held * seized * left / (1 - left), rel=1e-30)
    assert case.small_limit(Fraction(10_000)) == Fraction(200, 231)
    for each in CASES:
        assert each.ratio(each.depth(ltv), ltv) == pytest.approx(Fraction(1), rel=1e-30)
        assert each.ratio(Fraction(9000), each.ltv(Fraction(9000))) == pytest.approx(Fraction(1), rel=1e-30)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("ltv", [Fraction(80, 100), Fraction(88, 100)], ids=str)
def test_a_deeper_venue_heals_from_the_depth_the_identity_says(case: Case, ltv: Fraction) -> None:
    """At a billionth less than that depth health falls, at a billionth more it rises."""
    turn = case.depth(ltv)
    assert case.change(turn * (1 - NEAR), ltv) < 0 < case.change(turn * (1 + NEAR), ltv)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("times", [12, 40])
def test_a_smaller_debt_heals_up_to_the_ltv_the_identity_says(case: Case, times: int) -> None:
    """The venue holds 12 or 40 times the account's collateral."""
    depth = Fraction(case.held * times)
    turn = case.ltv(depth)
    assert case.change(depth, turn * (1 + NEAR), turn) < 0 < case.change(depth, turn * (1 - NEAR), turn)


@pytest.mark.parametrize("case", [CASES[0], CASES[7], CASES[9]], ids=["lending-pool", "aave-v3", "compound-v2"])
def test_both_chains_agree_next_to_the_turn(case: Case) -> None:
    """In process and on anvil, at a billionth less than the depth: equal digests."""
    ltv = Fraction(88, 100)
    first, second = compare(case.scenario(case.depth(ltv) * (1 - NEAR), ltv, ltv))
    assert first.digest == second.digest


def bisected(heals: Callable[[Fraction], bool], yes: Fraction, no: Fraction) -> Fraction:
    """Where `heals` turns, to 1e-8 of it."""
    while abs(yes - no) > yes / 10**8:
        middle = (yes + no) / 2
        yes, no = (middle, no) if heals(middle) else (yes, middle)
    return yes


@pytest.mark.parametrize("case", [CASES[0], CASES[3], CASES[5]], ids=["halves", "deep", "with a fee"])
def test_what_the_runs_bisect_to_is_the_root(case: Case) -> None:
    """Asked of runs alone, in depth and in debt, and found within 1e-6."""
    ltv, depth = Fraction(9, 10), Fraction(case.held * 20)
    found = bisected(lambda each: case.change(each, ltv) > 0, Fraction(case.held * 1000), Fraction(case.held))
    assert found == pytest.approx(case.depth(ltv), rel=1e-6)
    near = case.ltv(depth)
    found = bisected(partial(_heals, case, depth, near), near * Fraction(99, 100), near * Fraction(101, 100))
    assert found == pytest.approx(near, rel=1e-6)


def _heals(case: Case, depth: Fraction, around: Fraction, ltv: Fraction) -> bool:
    return case.change(depth, ltv, around) > 0


@pytest.mark.parametrize("changes", [{}, {"kept": Fraction(997, 1000)}, {"kind": "compound-v2"}], ids=str)
def test_in_the_limit_of_a_small_sale_it_heals_below_the_known_line(changes: dict[str, Any]) -> None:
    """v < 1/((1 + b)(1 + 2N/x)): bisected for two small shares of the debt, and extrapolated to none at all; the next
    term is of their square."""
    depth, found = Fraction(10_000), []
    near = Case(500, Fraction(5, 100), **changes).small_limit(depth)
    for share in (Fraction(1, 2500), Fraction(1, 5000)):
        case = Case(500, Fraction(5, 100), share, **changes)
        found.append(
            bisected(partial(_heals, case, depth, near), near * Fraction(999, 1000), near * Fraction(1001, 1000))
        )
    assert abs(found[0] - near) > abs(found[1] - near) > near / 10**6
    assert 2 * found[1] - found[0] == pytest.approx(near, rel=1e-6)
