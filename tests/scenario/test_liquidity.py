"""The keys `depth` and `providers` of a venue: what they take, how they are written back, what could not stand."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from simulator.errors import InputError, UnknownKey
from simulator.scenario import Scenario
from simulator.scenario.liquidity import FULL, extremes
from tests.scenario.test_venues import V2, V3, between
from tests.small import account, pool, small

CP = pool(100, 200_000)
POINTS = {"points": [["0s", 1], ["30m", "0.4"]], "interpolate": "linear"}
LEAVE = {"leave": "0.5", "drop": "0.1", "within": "1h"}
BOOK = {"name": "amm", "kind": "depth", "base": "WETH", "quote": "USDC", "curve": [["0.1", 1_000_000]]}
KINDS = pytest.mark.parametrize("venue", [CP, V2, V3], ids=["constant-product", "v2", "v3"])


def scenario(venue: dict[str, Any], **changes: object) -> Scenario:
    return small([account("a", 1, 1000)], venues=[{**venue, **changes}])


@KINDS
def test_without_them_all_is_there_always(venue: dict[str, Any]) -> None:
    found = scenario(venue).venues[0]
    assert (found.depth, found.providers) == (FULL, None)
    assert extremes(found.depth, found.providers) == (1, 1)


@KINDS
@pytest.mark.parametrize(
    "depth", ["0.5", POINTS, {"points": [["-5m", 2], ["1h", "0.25"]]}], ids=["number", "line", "hold"]
)
@pytest.mark.parametrize("back", [None, "6h"])
def test_what_was_read_is_written_back(venue: dict[str, Any], depth: object, back: str | None) -> None:
    found = scenario(venue, depth=depth, providers={**LEAVE, "return": back})
    again = Scenario.parse(found.resolved())
    assert (again.venues, again.digest) == (found.venues, found.digest)
    written = found.resolved()["venues"][0]
    assert written["providers"] == {**LEAVE, "within": "3600s", "return": back and "21600s"}
    if depth == "0.5":
        assert written["depth"] == "0.5"


def test_a_number_is_one_point() -> None:
    """And a sweep can change either."""
    assert scenario(CP, depth="0.5").venues[0].depth.points == ((0, Decimal("0.5")),)
    assert scenario(CP).replace("venues.amm.depth", "0.5").venues[0].depth.points == ((0, Decimal("0.5")),)
    changed = scenario(CP, depth=POINTS).replace("venues.amm.depth.points.1.1", "0.3").venues[0]
    assert changed.depth.points == ((0, Decimal(1)), (1800, Decimal("0.3")))


@pytest.mark.parametrize(
    ("changes", "path", "allowed"),
    [
        ({"depth": 0}, "depth", "a number from 0.0001 to 10000"),
        ({"depth": 10_001}, "depth", "or {points, interpolate}"),
        ({"depth": "often"}, "depth", "or {points, interpolate}"),
        ({"depth": [1, 2]}, "depth", "or {points, interpolate}"),
        ({"depth": {"points": []}}, "depth.points", "[offset, multiplier], such as [30m, 0.4]"),
        ({"depth": {"points": [["1s", 1]]}}, "depth.points.0.0", "0s or before"),
        ({"depth": {"points": [["0s", 1], ["0s", 1]]}}, "depth.points.1.0", "later than the point before"),
        ({"depth": {"points": [["0s", 1], ["1h", 0]]}}, "depth.points.1.1", "a number from 0.0001 to 10000"),
        ({"depth": {"points": [["0s", 1]], "interpolate": "curve"}}, "depth.interpolate", "hold or linear"),
        ({"depth": {"interpolate": "hold"}}, "depth.points", "this key is required"),
        ({"providers": {**LEAVE, "leave": 1}}, "providers.leave", "a number from 0 to below 1"),
        ({"providers": {**LEAVE, "drop": 0}}, "providers.drop", "a number above 0 to below 1"),
        ({"providers": {**LEAVE, "within": "0s"}}, "providers.within", "from 1s"),
        ({"providers": {**LEAVE, "return": "never"}}, "providers.return", "a duration such as"),
        ({"providers": {"leave": "0.5", "drop": "0.1"}}, "providers.within", "this key is required"),
        ({"providers": "half"}, "providers", "a mapping with the keys leave, drop, within, return"),
    ],
)
def test_what_is_no_depth_and_no_provider(changes: dict[str, Any], path: str, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(CP, **changes)
    assert caught.value.path == f"venues.amm.{path}" and allowed in str(caught.value)


def test_a_key_that_is_none() -> None:
    for changes in ({"depth": {"pints": []}}, {"providers": {**LEAVE, "returns": "1h"}}):
        with pytest.raises(UnknownKey):
            scenario(CP, **changes)


@pytest.mark.parametrize(
    ("venue", "changes", "allowed"),
    [
        ({**CP, "reserves": ["1e12", "1e12"]}, {"depth": 11}, "the reserves are at most 1e31 base units"),
        ({**CP, "reserves": ["1", "0.000001"]}, {"depth": "0.5"}, "something is always left in the reserves"),
        ({**CP, "reserves": ["1", "0.000001"]}, {"providers": LEAVE}, "something is always left in the reserves"),
        ({**V2, "reserves": ["0.000000000000001004", "0.001"]}, {"depth": "0.9"}, "something is always left"),
        (between(1, 9000, 10**33), {"depth": 2}, "the liquidity is at most 1917569901783203986719870431555990 in all"),
        (between(1, 9000, 1), {"depth": "0.9"}, "each range has a liquidity of 1 or more"),
    ],
)
def test_what_could_not_stand_as_it_goes_and_comes(venue: dict[str, Any], changes: Any, allowed: str) -> None:
    scenario(venue)
    with pytest.raises(InputError) as caught:
        scenario(venue, **changes)
    assert caught.value.path == "venues.amm.depth" and allowed in str(caught.value)


HELD = ("reserves", "price", "liquidity")
STANDING = [{**{key: each[key] for key in each if key not in HELD}, "address": "0x" + "11" * 20} for each in (V2, V3)]


@pytest.mark.parametrize("venue", STANDING, ids=["v2", "v3"])
@pytest.mark.parametrize("key", ["depth", "providers"])
def test_a_pool_on_a_fork_has_its_own_providers(venue: dict[str, Any], key: str) -> None:
    scenario(venue, depth=1, providers=None)
    with pytest.raises(InputError, match="the liquidity of a pool on a fork is not ours to take away") as caught:
        scenario(venue, **{key: {"depth": "0.5", "providers": LEAVE}[key]})
    assert caught.value.path == f"venues.amm.{key}"


# ---------------------------------------------------------------- with_depth


def test_every_venue_times_a_factor() -> None:
    """Numbers and points alike; nothing else changes, and times one nothing at all."""
    venues = [pool(1, 2000, name="a"), pool(1, 2000, name="b", depth="0.5"), pool(1, 2000, name="c", depth=POINTS)]
    whole = small([account("a", 1, 1)], venues=venues)
    half = whole.with_depth(Decimal("0.5"))
    assert [venue.depth.points for venue in half.venues] == [
        ((0, Decimal("0.5")),), ((0, Decimal("0.25")),), ((0, Decimal("0.5")), (1800, Decimal("0.2"))),
    ]  # fmt: skip
    assert half.venues[2].depth.interpolate == "linear"
    assert whole.with_depth(Decimal(1)).digest == whole.digest
    assert half.with_depth(Decimal(2)).digest == whole.digest


def test_what_cannot_be_multiplied() -> None:
    """No venue, a venue on a fork, and a depth out of its bounds."""
    with pytest.raises(InputError, match=r"venues: found .*at least one venue"):
        small([account("a", 1, 1)]).with_depth(Decimal(2))
    with pytest.raises(InputError, match=r"venues\.amm: found 'uniswap-v2'.*on a fork"):
        scenario(STANDING[0]).with_depth(Decimal(2))
    with pytest.raises(InputError, match=r"venues\.amm\.depth: found '10001'"):
        scenario(CP).with_depth(Decimal(10_001))


def test_the_least_and_the_most_that_can_be_there() -> None:
    found = scenario(CP, depth=POINTS, providers={**LEAVE, "leave": "0.3"}).venues[0]
    assert extremes(found.depth, found.providers) == (Fraction(28, 100), 1)


@pytest.mark.parametrize("kind", [V3, BOOK], ids=["v3", "depth"])
def test_so_little_that_no_scale_says_it_is_refused(kind: dict[str, Any]) -> None:
    """A ten-thousandth of what 1 − (1 − 1e-18) leaves is 1e-22 of the liquidity, below a wad's last digit."""
    providers = {**LEAVE, "leave": "0.999999999999999999"}
    deep = {"liquidity": [{**V3["liquidity"][0], "liquidity": 10**25}]} if kind is V3 else {}
    assert scenario({**kind, **deep}, providers=providers).venues
    with pytest.raises(InputError, match=r"venues\.amm\.depth: found '1e-22 of the liquidity'"):
        scenario({**kind, **deep}, providers=providers, depth="0.0001")
