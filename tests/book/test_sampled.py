"""Sampled books: the distributions asked for, the totals asked for, streams that do not move each other."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist, fmean, median, variance
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.book import Book, Position, build_book
from simulator.errors import InputError
from simulator.scenario import Scenario
from tests.scenario.base import SAMPLE, base, broken, plain

ROOT = Path(__file__).parents[2]
PRICES = {"WETH": 190_012_345_678, "USDC": 99_990_001}
THRESHOLD = Fraction(83, 100)


def asked(seed: int = 0, **changes: object) -> Scenario:
    sample = plain(SAMPLE) | {key: plain(value) if isinstance(value, str) else value for key, value in changes.items()}
    return Scenario.parse(broken("book", {"sample": sample}, broken("seed", seed)))


def book(seed: int = 0, **changes: object) -> Book:
    return build_book(asked(seed, **changes), PRICES)


def debts(found: Book) -> list[int]:
    return [account.debt["USDC"] for account in found.accounts]


def worth(amounts: Mapping[str, int]) -> Fraction:
    """[USD]"""
    places = {"WETH": 18, "USDC": 6, "WBTC": 8}
    prices = PRICES | {"WBTC": 6_000_000_000_000}
    return sum(
        (Fraction(amount * prices[name], 10 ** (8 + places[name])) for name, amount in amounts.items()), Fraction(0)
    )


def health(account: Position) -> float:
    return float(worth(account.collateral) * THRESHOLD / worth(account.debt))


NONE: dict[str, Any] = {"clusters": "[]"}
FREE: dict[str, Any] = {"size": "{kind: pareto, alpha: 1.3, max_share: 1}", **NONE}


def test_accounts_are_numbered_and_a_larger_book_keeps_the_names() -> None:
    names = [account.name for account in book(accounts="10001").accounts]
    assert (names[0], names[998], names[9999], names[10_000]) == ("a0001", "a0999", "a10000", "a10001")


# ---------------------------------------------------------------- sizes


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.floats(0.3, 5), st.floats(0.001, 1))
def test_debts_make_up_the_total_within_a_base_unit_each(seed: int, accounts: int, alpha: float, spare: float) -> None:
    share = min(1.0, round((1 + spare) / accounts, 6) + 1e-6)
    size = f"{{kind: pareto, alpha: {alpha:.6f}, max_share: {share:.6f}}}"
    found = debts(book(seed, accounts=str(accounts), size=size, total_debt="30_000_000"))
    total = Fraction(30_000_000 * 10**14, PRICES["USDC"])
    assert total - accounts <= sum(found) <= total
    assert min(found) > 0
    assert max(found) <= Fraction(f"{share:.6f}") * total


def test_sizes_have_the_tail_index_asked_for() -> None:
    """Hill's estimator over all accounts: 1/alpha is the mean of ln(debt/least), standard error 1/(alpha·√n)."""
    found = debts(book(accounts="10000", **FREE))
    mean = fmean(math.log(debt / min(found)) for debt in found)
    assert abs(mean * 1.3 - 1) < 5 / math.sqrt(len(found))


def test_the_median_size_is_that_of_the_pareto_law() -> None:
    """2^(1/alpha) times the least; standard error of a quantile, in ln: 1/(alpha·√n)."""
    found = debts(book(accounts="10000", **FREE))
    assert abs(math.log(median(found) / min(found)) - math.log(2) / 1.3) < 5 / (1.3 * 100)


def test_the_cap_is_reached_and_what_it_cuts_off_is_shared_in_proportion() -> None:
    free, capped = debts(book(**FREE)), debts(book(size="{kind: pareto, alpha: 1.3, max_share: 0.01}", **NONE))
    cap = 40_000_000 * 10**14 // PRICES["USDC"] // 100
    full = [index for index, debt in enumerate(capped) if debt == cap]
    assert max(capped) == cap
    assert len(full) > 5
    assert {index for index, debt in enumerate(free) if debt > cap} <= set(full)
    ratios = [capped[index] / free[index] for index in range(1000) if index not in full]
    assert max(ratios) / min(ratios) == pytest.approx(1, abs=1e-6)
    assert min(ratios) > 1


def test_a_cap_of_one_over_n_makes_all_debts_equal() -> None:
    found = debts(book(accounts="10", size="{kind: pareto, alpha: 1.3, max_share: 0.1}"))
    assert set(found) == {40_000_000 * 10**14 // PRICES["USDC"] // 10}


def test_one_account_owes_everything() -> None:
    assert debts(book(accounts="1", size="{kind: pareto, alpha: 1.3, max_share: 1}", **NONE)) == [
        40_000_000 * 10**14 // PRICES["USDC"]
    ]


def test_a_cap_that_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match=r"book\.sample\.size\.max_share"):
        book(accounts="9", size="{kind: pareto, alpha: 1.3, max_share: 0.1}")


def test_a_total_too_small_for_every_account_is_refused() -> None:
    with pytest.raises(InputError, match=r"book\.sample\.total_debt.*each account owes a base unit of USDC"):
        book(total_debt="0.0001")


def test_a_tail_of_any_weight_is_drawn() -> None:
    found = debts(book(accounts="11", size="{kind: pareto, alpha: 100, max_share: 1}", **NONE))
    assert max(found) / min(found) < 1.2
    with pytest.raises(InputError, match="would owe none"):
        book(accounts="11", size="{kind: pareto, alpha: 0.01, max_share: 0.5}")


# ---------------------------------------------------------------- healths


def test_no_account_is_below_the_least_health() -> None:
    found = [health(account) for account in book(**NONE).accounts]
    assert 1.02 <= min(found) < 1.03


def test_the_healths_are_lognormal() -> None:
    """Least far away: ln(health) has mean ln 1.6 and standard deviation 0.35, within five standard errors."""
    sample = book(accounts="10000", health="{kind: lognormal, median: 1.6, sigma: 0.35, min: 0.01}", **NONE)
    found = [math.log(health(account)) for account in sample.accounts]
    assert abs(fmean(found) - math.log(1.6)) < 5 * 0.35 / 100
    assert abs(median(found) - math.log(1.6)) < 5 * 0.35 * math.sqrt(math.pi / 2) / 100
    assert abs(variance(found) / 0.35**2 - 1) < 5 * math.sqrt(2 / 10_000)


def test_the_truncated_healths_have_the_median_of_the_truncated_law() -> None:
    """Quantile (1 + F(1.02))/2 of the whole law; five standard errors of a median are below 5 · 0.35 · 1.26 / √n."""
    law = NormalDist(math.log(1.6), 0.35)
    expected = law.inv_cdf((1 + law.cdf(math.log(1.02))) / 2)
    found = median(math.log(health(account)) for account in book(accounts="10000", **NONE).accounts)
    assert abs(found - expected) < 5 * 0.35 * 1.26 / 100


@pytest.mark.parametrize("value", ["1.6", "1.02", "0.95", "1.0000000000001"])
def test_without_spread_every_health_is_the_median_and_not_below_it(value: str) -> None:
    sample = book(health=f"{{kind: lognormal, median: {value}, sigma: 0, min: {value}}}", **NONE)
    found = [worth(account.collateral) * THRESHOLD / worth(account.debt) for account in sample.accounts]
    assert min(found) >= Fraction(value)
    assert float(max(found)) == pytest.approx(float(value), abs=1e-9)


def test_clusters_have_exactly_their_share_of_accounts_inside_their_width() -> None:
    clusters = "[{health: 3.1, width: 0.005, share: 0.2}, {health: 4.5, width: 0, share: 0.05}]"
    near = "{kind: lognormal, median: 1.6, sigma: 0.05, min: 1.02}"
    found = [health(account) for account in book(clusters=clusters, health=near).accounts]
    first = [value for value in found if 3.095 <= value <= 3.105]
    assert len(first) == 200
    assert sum(abs(value - 4.5) < 1e-9 for value in found) == 50
    assert sum(value < 2.5 for value in found) == 750
    assert abs(fmean(first) - 3.1) < 5 * 0.005 / math.sqrt(3 * 200)  # uniform: standard deviation width/√3
    assert max(first) - min(first) > 0.0095


def test_shares_that_do_not_divide_the_book_never_exceed_it() -> None:
    clusters = "[{health: 3, width: 0, share: 0.5}, {health: 4, width: 0, share: 0.5}]"
    found = [round(health(account)) for account in book(accounts="15", clusters=clusters).accounts]
    assert (found.count(3), found.count(4)) == (8, 7)


def test_a_cluster_is_scattered_over_the_book() -> None:
    """The members' mean place among 1 000 is 500 within five standard errors (288.7/√200 · √0.8)."""
    clusters = "[{health: 9, width: 0, share: 0.2}]"
    places = [place for place, account in enumerate(book(clusters=clusters).accounts) if health(account) > 8.99]
    assert abs(fmean(places) - 499.5) < 5 * 288.7 * math.sqrt(0.8 / 200)


# ---------------------------------------------------------------- several collaterals, streams, machines


def with_bitcoin() -> Scenario:
    asset = plain("{decimals: 8, ltv: 0.7, liquidation_threshold: 0.75, liquidation_bonus: 0.1}")
    sample = plain(SAMPLE) | {"collateral": {"WETH": "3", "WBTC": "1"}}
    given = broken("book", {"sample": sample}, broken("assets", {**base()["assets"], "WBTC": asset}))
    given["venues"].append(plain("{name: b, kind: constant-product, base: WBTC, quote: USDC, reserves: [1, 60000]}"))
    return Scenario.parse(broken("prices.WBTC", "{kind: constant, value: 60000}", given))


def test_collateral_is_weighted_by_value_and_health_by_its_thresholds() -> None:
    found = build_book(with_bitcoin(), PRICES | {"WBTC": 6_000_000_000_000}).accounts
    for several, single in zip(found, book().accounts, strict=True):
        eth, btc = (worth({name: several.collateral[name]}) for name in ("WETH", "WBTC"))
        assert several.debt == single.debt
        assert float(abs(eth - 3 * btc)) < 3 * 6e-4  # a base unit of WBTC is worth 0.0006 USD
        healthy = (eth * THRESHOLD + btc * Fraction(3, 4)) / worth(several.debt)
        assert 0 <= float(healthy) - health(single) < 1e-9 + 6e-4 / float(worth(several.debt))


def test_purposes_do_not_move_each_other() -> None:
    plain_book, clustered = book(**NONE), book()
    assert debts(plain_book) == debts(clustered)
    moved = sum(before != after for before, after in zip(plain_book.accounts, clustered.accounts, strict=True))
    assert moved == 200
    heavier = book(size="{kind: pareto, alpha: 2, max_share: 0.1}", **NONE)
    pairs = zip(plain_book.accounts, heavier.accounts, strict=True)
    assert all(health(one) == pytest.approx(health(other), abs=1e-9) for one, other in pairs)
    assert debts(heavier) != debts(plain_book)


def test_the_seed_draws_another_book() -> None:
    assert book(1) == book(1) != book(2)


def test_ten_thousand_accounts_are_drawn_within_a_second() -> None:
    scenario, before = asked(accounts="10000"), perf_counter()
    build_book(scenario, PRICES)
    assert perf_counter() - before < 1


GOLDEN = "eaa862734abd0842624aab264ec2612f9bdef17c04ab42a06adf4c23c5a960bf"
ELSEWHERE = """
import hashlib, json, sys
from dataclasses import asdict
from simulator.book import build_book
from simulator.scenario import Scenario
given, prices = json.load(sys.stdin)
drawn = asdict(build_book(Scenario.parse(given), prices))
for position in drawn["accounts"]:
    assert position.pop("emode") is None
print(hashlib.sha256(json.dumps(drawn).encode()).hexdigest())
"""


@pytest.mark.parametrize("disabled", ["", "AVX2 FMA3 AVX512F"])
def test_a_drawn_book_is_the_same_everywhere(disabled: str) -> None:
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": disabled, "PYTHONHASHSEED": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ELSEWHERE],
        cwd=ROOT, env=environment, input=json.dumps([asked().resolved(), PRICES]),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == GOLDEN
