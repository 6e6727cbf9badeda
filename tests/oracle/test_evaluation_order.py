"""The order in which feeds are evaluated: what a feed reads must be known before it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from simulator.errors import InputError
from simulator.scenario import Scenario
from simulator.scenario.wiring import evaluation_order, feeds_read, venue_read
from tests.small import account, constant, pool, small

TOKEN = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}


def scenario(sources: dict[str, str], pools: dict[str, tuple[str, str]] | None = None, **changes: Any) -> Scenario:
    """Feeds of A, B, C, D with these sources, and pools of (base, quote) by name."""
    venues = [pool(1, 1, name=name, base=base, quote=quote) for name, (base, quote) in (pools or {}).items()]
    return small(
        [account("a", 1, 1)],
        assets=dict.fromkeys("ABCD", TOKEN),
        prices={**{name: constant(1) for name in "ABCD"}, **changes.pop("prices", {})},
        oracle={name: {"source": source} for name, source in sources.items()},
        venues=venues,
        **changes,
    )


def order(found: Scenario) -> str:
    return "".join(name for name in evaluation_order(feeds_read(found)) if name in "ABCD")


def test_feeds_that_read_no_other_keep_the_order_given() -> None:
    assert evaluation_order({"B": (), "A": (), "C": ()}) == ("B", "A", "C")
    assert order(scenario({"A": "market", "B": "fixed", "C": "fixed:2", "D": "twap:1m:market"})) == "ABCD"


def test_a_chain_is_unrolled_whatever_the_order_given() -> None:
    reads = {"A": ("B",), "B": ("C",), "C": ("D",), "D": ()}
    for given in permutations(reads):
        assert evaluation_order({name: reads[name] for name in given}) == ("D", "C", "B", "A")


def test_a_feed_that_reads_two_comes_after_both() -> None:
    assert evaluation_order({"A": ("C", "B"), "B": ("C",), "C": ()}) == ("C", "B", "A")


@pytest.mark.parametrize("source", ["venue", "venue:ab", "twap:30m", "twap:30m:ab"])
def test_a_venues_feed_comes_after_its_quotes(source: str) -> None:
    found = scenario({"A": source}, {"ab": ("A", "B")})
    assert feeds_read(found)["A"] == ("B",)
    assert order(found) == "BACD"


def test_the_first_venue_with_that_base_counts_unless_one_is_named() -> None:
    pools = {"one": ("A", "B"), "two": ("A", "C"), "other": ("B", "C")}
    found = [scenario({"A": source}, pools) for source in ("venue", "venue:two", "twap:1m", "twap:1m:two")]
    assert [venue_read(each, "A") for each in found] == [0, 1, 0, 1]
    assert [feeds_read(each)["A"] for each in found] == [("B",), ("C",), ("B",), ("C",)]


def test_a_peg_comes_after_the_feed_it_repeats() -> None:
    assert order(scenario({"A": "peg:C", "C": "peg:D"})) == "DCAB"


def test_a_rate_comes_after_the_feed_of_what_it_is_in() -> None:
    """prices.A is relative to C, whose feed repeats D's."""
    prices = {"A": {"kind": "relative", "to": "C", "rate": "1.2"}}
    assert order(scenario({"A": "rate", "C": "peg:D"}, prices=prices)) == "DCAB"


def test_a_price_divided_by_another_feeds_comes_after_it() -> None:
    """Whenever the fault acts: the order holds for the whole run."""
    fault = {"asset": "A", "kind": "scale", "missing": "D", "from": "1h"}
    assert order(scenario({}, faults=[fault])) == "DABC"


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"A": "peg:A"}, "A -> A"),
        ({"A": "peg:B", "B": "peg:A"}, "A -> B -> A"),
        ({"A": "venue", "B": "peg:A"}, "A -> B -> A"),
        ({"A": "twap:1m", "B": "venue"}, "A -> B -> A"),
        ({"A": "peg:B", "B": "peg:C", "C": "peg:D", "D": "venue"}, "A -> B -> C -> D -> A"),
    ],
)
def test_feeds_that_wait_for_each_other_are_refused(sources: dict[str, str], found: str) -> None:
    pools = {"ab": ("A", "B"), "ba": ("B", "A"), "da": ("D", "A")}
    with pytest.raises(InputError, match=rf"oracle\.A\.source: found '{found}'; allowed: .*circle"):
        scenario(sources, pools)


def test_a_circle_that_a_fault_closes_is_the_faults() -> None:
    faults = [{"asset": "B", "kind": "freeze"}, {"asset": "B", "kind": "scale", "missing": "A"}]
    with pytest.raises(InputError, match=r"faults\.1\.missing: found 'A -> B -> A'; allowed: .*circle"):
        scenario({"A": "peg:B"}, faults=faults)


def test_a_relative_path_that_is_rated_in_a_circle_is_refused() -> None:
    prices = {"A": {"kind": "relative", "to": "B", "rate": 1}}
    with pytest.raises(InputError, match=r"oracle\.A\.source: found 'A -> B -> A'"):
        scenario({"A": "rate", "B": "peg:A"}, prices=prices)


@pytest.mark.parametrize("source", ["venue", "venue:ab", "venue:other", "twap:30m:ab"])
def test_a_venue_that_is_not_there_is_refused(source: str) -> None:
    with pytest.raises(InputError, match=r"oracle\.B\.source: .*a venue whose base is B \(there: none\)"):
        scenario({"B": source}, {"ab": ("A", "B")})
