"""The price ladder: what an instant drop does to an account of LTV v, from nothing to everything, on each protocol.

Collateral C₀ = 10 000 at the start, debt D = v·C₀, and after a drop x collateral C = C₀(1 − x).

- Liquidatable iff HF = C·LT/D < 1: beyond 1 − v/LT.
- Repaid in full as long as C covers D(1 + b). Beyond 1 − v(1 + b) all collateral goes for C/(1 + b), and a total
  liquidation leaves max(0, D − C/(1 + b)): a line of slope C₀/(1 + b) in x.
- With no keeper the loss is max(0, D − C), beyond 1 − v: a line of slope C₀.

Where they differ. Morpho's 1 + b is its factor 1/(1 − 0.3(1 − LLTV)), rounded down to 18 places. Aave repays half while
HF > 0.95, and all from a drop of 1 − 0.95·v/LT on. Compound repays half in each wave, books no loss (it stays latent),
and keeps 2.8 % of what is seized: that is the keeper's loss and not the borrower's, so the kinks stay where they are,
and a keeper earns (1 + b)·0.972 − 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from simulator import run
from simulator.result import Result
from simulator.scenario import Scenario
from tests.small import USDC, WAD, account, column, rows, small, wad

FROM = 10_000
TICK = Fraction(1, 10**8)
"""[USD] what a price is resolved to: a drop of 1e-12."""
THRESHOLD = Fraction(83, 100)
COMPOUNDS_SHARE = Fraction(28, 1000)
KINDS = ("lending-pool", "aave-v3", "morpho-blue", "compound-v2")
RULES: dict[str, dict[str, Any]] = {
    "lending-pool": {"close_factor": 1},
    "aave-v3": {},
    "morpho-blue": {},
    "compound-v2": {"close_factor": "0.5"},
}
FACTOR = dict.fromkeys(KINDS, Fraction(105, 100)) | {
    "morpho-blue": Fraction(wad(1 / (1 - Fraction(3, 10) * (1 - THRESHOLD))), WAD)
}
"""1 + b."""
UNITS = {"lending-pool": 1, "aave-v3": 1, "morpho-blue": 1, "compound-v2": 2}
"""[base units of debt] that a loss may be off by: what is repaid is rounded, by Compound in each of its waves."""
LONG = "1h"
"""Waves for as many liquidations as there are."""


def ladder(
    kind: str,
    price: Fraction,
    ltvs: Iterable[Fraction],
    *,
    weth: dict[str, Any] | None = None,
    rules: dict[str, Any] | None = None,
    step: str = "12s",
    **changes: Any,
) -> Scenario:
    """Accounts of 1 WETH at 10 000 that owe `ltvs` of it; at the second `step` it is worth `price`."""
    terms = {"ltv": "0.83", "liquidation_threshold": "0.83", "liquidation_bonus": 0 if "morpho" in kind else "0.05"}
    return small(
        [account(f"a{index}", 1, _text(ltv * FROM, 6)) for index, ltv in enumerate(ltvs)],
        assets={"WETH": {**terms, **(weth or {})}},
        protocol={"kind": kind, **(RULES[kind] if rules is None else rules)},
        prices={"WETH": {"kind": "instant", "at": step, "from": FROM, "drop": _text(1 - price / FROM, 12)}},
        clock={"steps": 2, "step": step},
        gas={"per_liquidation": 500_000},
        **changes,
    )


def _text(value: Fraction, places: int) -> str:
    """`value`, which must have no more than so many places."""
    scaled = value * 10**places
    assert scaled.denominator == 1
    return f"{Decimal(scaled.numerator).scaleb(-places):f}"


def loss(result: Result) -> Fraction:
    return Fraction(str(result.summary["loss_usd"]))


LTVS = [Fraction(5395, 10_000), Fraction(664, 1000), Fraction(747, 1000)]
"""0.83 of 0.65, 0.8 and 0.9."""


# ---------------------------------------------------------------- the kinks


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ltv", LTVS, ids=str)
def test_liquidations_begin_beyond_a_drop_of_one_minus_v_over_the_threshold(kind: str, ltv: Fraction) -> None:
    """Exactly: at that drop health is one and nothing happens, at the next 1e-12 of a drop it is liquidated."""
    at = ltv * FROM / THRESHOLD
    assert run(ladder(kind, at, [ltv])).summary["liquidations"] == 0
    assert run(ladder(kind, at - TICK, [ltv])).summary["liquidations"] == 1


@pytest.mark.parametrize("kind", ["lending-pool", "aave-v3"])
@pytest.mark.parametrize("ltv", LTVS, ids=str)
def test_the_whole_debt_goes_from_health_095_down(kind: str, ltv: Fraction) -> None:
    """Exactly: from a drop of 1 − 0.95·v/LT on, all; 1e-12 before it half."""
    at = ltv * FROM / THRESHOLD * Fraction(95, 100)
    for price, share in ((at, 1), (at + TICK, 2)):
        result = run(ladder(kind, price, [ltv], rules={}))
        assert column(result, "liquidations", "repaid") == [str(ltv * FROM * USDC / share)]


@pytest.mark.parametrize("ltv", LTVS, ids=str)
def test_a_deficit_begins_beyond_a_drop_of_one_minus_v_times_one_plus_b(ltv: Fraction) -> None:
    """To the last unit of everything. At that drop all collateral pays for all debt, 1e-12 before it some is left. A
    base unit is lost once the collateral pays for one less, D − 1e-6 = C/(1 + b), and not 1e-12 of a drop earlier."""
    factor, unit = FACTOR["lending-pool"], Fraction(1, USDC)
    at = ltv * FROM * factor
    for price, left, lost in (
        (at + TICK, True, 0),
        (at, False, 0),
        (at - unit * factor + TICK, False, 0),
        (at - unit * factor, False, 1),
    ):
        result = run(ladder("lending-pool", price, [ltv]))
        assert (column(result, "accounts", "collateral_WETH_end") != ["0"]) == left
        assert column(result, "accounts", "debt_USDC_end") == ["0"]
        assert loss(result) == lost * unit


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ltv", LTVS, ids=str)
def test_a_loss_begins_at_each_protocols_own_factor(kind: str, ltv: Fraction) -> None:
    """1 − v(1 + b) with Morpho's factor on Morpho; Compound's 2.8 % moves nothing. To the base units of rounding: none
    where the collateral pays for the debt, one where it pays for a few units less."""
    at, units = ltv * FROM * FACTOR[kind], Fraction(UNITS[kind], USDC)
    above, below = (-(-at // TICK) * TICK, (at - 2 * units * FACTOR[kind]) // TICK * TICK)
    assert loss(run(ladder(kind, above, [ltv], step=LONG))) == 0
    result = run(ladder(kind, below, [ltv], step=LONG))
    assert 0 < loss(result) <= 4 * units
    booked = {"realised_bad_debt_usd": kind != "compound-v2", "latent_bad_debt_usd": kind == "compound-v2"}
    assert {name: result.summary[name] > 0 for name in booked} == booked


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ltv", LTVS, ids=str)
def test_insolvency_begins_beyond_a_drop_of_one_minus_v(kind: str, ltv: Fraction) -> None:
    """With no keeper, D − C to the last place that is printed: half a millionth rounds to even, to nothing, and the
    next 1e-8 to a millionth."""
    at, half = ltv * FROM, Fraction(5, 10**7)
    for price, lost in ((at, 0), (at - half, 0), (at - half - TICK, 1)):
        result = run(ladder(kind, price, [ltv], keepers=[]))
        assert loss(result) == Fraction(lost, USDC)
        assert result.summary["realised_bad_debt_usd"] == 0


# ---------------------------------------------------------------- the lines between them

STEPS = [Fraction(step * 4, 100) for step in range(1, 16)]
"""Drops of 4 % to 60 %."""
BOOK = [*LTVS, Fraction(8, 10)]


def line(ltvs: Iterable[Fraction], drop: Fraction, factor: Fraction = Fraction(1)) -> Fraction:
    """Σ max(0, D − C/(1 + b)); with a factor of one, of an account that nobody liquidates."""
    return sum((max(Fraction(0), ltv * FROM - FROM * (1 - drop) / factor) for ltv in ltvs), Fraction(0))


def slopes(losses: list[Fraction]) -> list[Fraction]:
    """Finite differences between the steps of the ladder, as multiples of C₀."""
    gaps = zip(pairwise(losses), pairwise(STEPS), strict=True)
    return [(after - before) / (high - low) / FROM for (before, after), (low, high) in gaps]


def beyond(factor: Fraction) -> list[int | None]:
    """How many accounts are beyond their kink between two steps; None where one is in between."""
    kinks = [1 - ltv * factor for ltv in BOOK]
    inside = [any(low < kink < high for kink in kinks) for low, high in pairwise(STEPS)]
    counts = [sum(kink <= low for kink in kinks) for low in STEPS[:-1]]
    return [None if kinked else count for count, kinked in zip(counts, inside, strict=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_a_line_from_kink_to_kink(kind: str) -> None:
    """Each account's max(0, D − C/(1 + b)), to the unit of its rounding, and the slope of a book is C₀/(1 + b) for each
    account beyond its kink, to 1e-6."""
    factor, losses = FACTOR[kind], []
    for drop in STEPS:
        result = run(ladder(kind, FROM * (1 - drop), BOOK, step=LONG))
        losses.append(loss(result))
        assert abs(losses[-1] - line(BOOK, drop, factor)) * USDC <= UNITS[kind] * len(BOOK)
    found = [(slope, count) for slope, count in zip(slopes(losses), beyond(factor), strict=True) if count is not None]
    assert {count for _, count in found} == set(range(len(BOOK) + 1))
    for slope, count in found:
        assert abs(slope - count / factor) <= Fraction(1, 10**6)


@pytest.mark.parametrize("kind", KINDS)
def test_without_keepers_the_loss_is_a_line_of_slope_one(kind: str) -> None:
    """Exactly Σ max(0, D − C): with keepers an account loses earlier, by the bonus, and more slowly, by the bonus."""
    losses = [loss(run(ladder(kind, FROM * (1 - drop), BOOK, keepers=[]))) for drop in STEPS]
    assert losses == [line(BOOK, drop) for drop in STEPS]
    counts = beyond(Fraction(1))
    assert all(slope == count for slope, count in zip(slopes(losses), counts, strict=True) if count is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_wave_repays_is_all_or_half_or_what_the_collateral_pays_for(kind: str) -> None:
    """min(share·D, C/(1 + b)): the share is one on Morpho and on a house told so, half on Compound, and on Aave half
    above a health of 0.95. Seized is repaid·(1 + b) of value."""
    for drop in STEPS:
        price = FROM * (1 - drop)
        for row in rows(run(ladder(kind, price, BOOK)), "liquidations"):
            debt = BOOK[int(row["account"][1:])] * FROM
            half = kind == "compound-v2" or (kind == "aave-v3" and price * THRESHOLD > debt * Fraction(95, 100))
            wanted = min(debt / 2 if half else debt, price / FACTOR[kind])
            assert abs(int(row["repaid"]) - wanted * USDC) <= 1
            assert float(Fraction(row["seized"]) * price / WAD) == pytest.approx(float(wanted * FACTOR[kind]), rel=1e-9)


# ---------------------------------------------------------------- what the protocol keeps


@pytest.mark.parametrize("kind", ["lending-pool", "aave-v3"])
def test_a_fee_on_the_bonus_is_the_keepers_loss_alone(kind: str) -> None:
    """A tenth of the bonus goes to the protocol: the account loses what it lost without."""
    for drop in STEPS[::4]:
        price = FROM * (1 - drop)
        found = [run(ladder(kind, price, BOOK, weth={"protocol_fee": fee})) for fee in (0, "0.1")]
        assert loss(found[0]) == loss(found[1])
        assert column(found[0], "liquidations", "seized") == column(found[1], "liquidations", "seized")
        for row in rows(found[1], "liquidations"):
            bonus = Fraction(row["seized"]) * (1 - 1 / FACTOR[kind])
            assert abs(int(row["protocol_fee"]) - bonus / 10) <= 1


@pytest.mark.parametrize(("bonus", "pays"), [("0.028806", False), ("0.028807", True)])
def test_compounds_share_is_the_keepers_loss_alone(bonus: str, pays: bool) -> None:
    """(1 + b)·0.972 > 1 iff b > 0.028/0.972 = 0.0288066: below it no keeper that wants no loss touches what the
    borrower would pay 1 + b for."""
    assert (Fraction(bonus) > COMPOUNDS_SHARE / (1 - COMPOUNDS_SHARE)) == pays
    keeper = {"name": "k", "sell": "hold", "min_profit": 0}
    result = run(ladder("compound-v2", Fraction(7900), LTVS[1:2], weth={"liquidation_bonus": bonus}, keepers=[keeper]))
    assert result.summary["liquidations"] == pays
    assert column(result, "refusals", "error") == ["Unprofitable"] * (not pays)


def test_compounds_keeper_earns_the_bonus_less_the_share() -> None:
    """(1 + b)·0.972 − 1 = 2.06 % of what it repays, where the same bonus earns 5 % elsewhere; 2.8 % of what is seized
    stays with the protocol."""
    for kind, earned in (("compound-v2", Fraction(206, 10_000)), ("lending-pool", Fraction(5, 100))):
        (row,) = rows(run(ladder(kind, Fraction(7900), LTVS[1:2])), "liquidations")
        assert int(row["profit"]) / int(row["repaid"]) == pytest.approx(float(earned), rel=1e-6)
    (row,) = rows(run(ladder("compound-v2", Fraction(7900), LTVS[1:2])), "liquidations")
    assert int(row["protocol_fee"]) / int(row["seized"]) == pytest.approx(float(COMPOUNDS_SHARE), rel=1e-6)
