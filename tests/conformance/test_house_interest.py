"""Interest is where the house's pool and the real protocols differ by more than a rounding: why, and by how much.

1. THE CURVE. Both expand (1 + r/year)^seconds to three terms at each accrual. The pool is asked for one in every market
   block; Aave's reserve accrues only when a verb touches it, in one stretch, so that the fourth term of the whole
   stretch is missing: x⁴/24 of the debt for x = rate × time.
2. THE RATE. The pool's follows utilisation at each of its accruals. Aave's is fixed by the last verb: between two verbs
   it does not see the debts grow. Where the reserve is touched as often, nothing of this remains.
3. SUPPLY grows in a straight line between two accruals in both, of which Aave has fewer; Morpho has no line.
4. Morpho charges as the pool does, from a rate per second in whole wads and without Aave's first second.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from simulator import run
from simulator.result import Result
from simulator.scenario import Scenario
from tests.conformance.stand import Stand
from tests.conformance.table import TABLE
from tests.small import rows

BY_KIND = {line.kind: line for line in TABLE}
DAY, YEAR = 86_400, 31_536_000
FLAT = {"base": "0.05", "slope1": 0, "slope2": 0, "optimal": "0.9"}
KINKED = {"base": "0", "slope1": "0.08", "slope2": "0.35", "optimal": "0.92"}


def lent(kind: str, rate: dict[str, object]) -> Stand:
    """15 100 of 20 000 USDC are owed, 15 000 of them by a."""
    line = BY_KIND[kind]
    return line.alone(assets={**line.assets, "USDC": {**line.assets["USDC"], "rate": rate}}, lenders={"USDC": 20_000})


def after_a_year(kind: str, rate: dict[str, object], *, days: int, touched: bool = False) -> int:
    """What a owes after a year of accruals `days` apart; `touched`: the lender adds ten units at each."""
    stand = lent(kind, rate)
    for _ in range(YEAR // DAY // days):
        stand.pass_time(days * DAY)
        stand.accrue()
        if touched:
            stand.lend("USDC", 10)
    return stand.owed("a")


def test_what_a_stretch_without_a_verb_misses() -> None:
    """x⁴/24 at x = 5 %: a quarter of a millionth of the debt in a year, and nothing else."""
    house, aave = (after_a_year(kind, FLAT, days=1) for kind in ("lending-pool", "aave-v3"))
    fourth = 15_000 * 10**6 * Fraction(5, 100) ** 4 / 24
    assert 0.95 * fourth <= house - aave <= 1.05 * fourth


def test_a_rate_that_waits_for_a_verb_misses_what_debts_grew() -> None:
    """At 6.6 % and three quarters lent, the rate would have risen all year: Aave owes up to a thousandth less."""
    house, aave = (after_a_year(kind, KINKED, days=1) for kind in ("lending-pool", "aave-v3"))
    assert Fraction(1, 5_000) <= Fraction(house - aave, house) <= Fraction(1, 1_000)


def test_touched_as_often_both_charge_the_same() -> None:
    """Ten units supplied every day: within a part in a hundred million, the rounding of the rate."""
    house, aave = (after_a_year(kind, KINKED, days=1, touched=True) for kind in ("lending-pool", "aave-v3"))
    assert abs(house - aave) <= house // 10**8


def test_morpho_charges_as_the_pool_does() -> None:
    """Accrued as often, it differs by its rate per second in whole wads, and by a second's compounding: 3e-8."""
    for rate in (FLAT, KINKED):
        house, morpho = (after_a_year(kind, rate, days=1) for kind in ("lending-pool", "morpho-blue"))
        assert abs(house - morpho) <= 3 * house // 10**8


# ---------------------------------------------------------------- through a crash, with a venue in the loop

AAVE_RULES = {"full_close_below_health": "0.95", "full_close_below_value": "2000", "min_leftover_value": "1000"}
FREE = {"base": "0", "slope1": "0", "slope2": "0", "optimal": "0.9"}


def crash(kind: str, *, rates: bool) -> Result:
    """Black Thursday with 250 of its accounts: sales move the venue, the market recovers it, the oracle follows."""
    scenario = Scenario.load("black-thursday").replace("book.sample.accounts", 250)
    scenario = scenario.replace("gas.per_liquidation", 500_000)
    if kind == "aave-v3":
        scenario = scenario.replace("protocol.kind", kind)
    else:
        for key, value in AAVE_RULES.items():
            scenario = scenario.replace(f"protocol.{key}", value)
    if not rates:
        for name in scenario.assets:
            scenario = scenario.replace(f"assets.{name}.rate", FREE)
    return run(scenario)


@pytest.mark.parametrize("rates", [False, True])
def test_black_thursday_is_the_same_on_aave(rates: bool) -> None:
    """The same accounts in the same order. Without interest: the same repayments to the unit, seizures to 3. With it:
    everything within a part in a hundred million; two days of a rate that waits for a verb."""
    house, aave = (rows(crash(kind, rates=rates), "liquidations") for kind in ("lending-pool", "aave-v3"))
    assert len(house) == len(aave) > 200
    place = ("step", "wave", "generation", "induced", "account", "collateral", "debt")
    apart: dict[str, Fraction] = {}
    for ours, theirs in zip(house, aave, strict=True):
        assert [ours[key] for key in place] == [theirs[key] for key in place]
        for key in ("repaid", "seized", "received"):
            mine, yours = int(ours[key]), int(theirs[key])
            gap = Fraction(abs(mine - yours), mine if rates else 1)
            apart[key] = max(apart.get(key, gap), gap)
    if rates:
        assert 0 < max(apart.values()) <= Fraction(1, 10**8)
    else:
        assert apart["repaid"] == 0
        assert 0 < max(apart.values()) <= 3
