"""The venue `depth`: what its curve may be, and where its points come to lie in base units."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.errors import InputError, UnknownKey
from simulator.scenario import DepthBook, Scenario
from simulator.world.depth_venue import MOST, curve_points
from tests.small import WAD, account, small

DEPTH: dict[str, Any] = {
    "name": "book",
    "kind": "depth",
    "base": "WETH",
    "quote": "USDC",
    "curve": [["0.01", 22_500_000], ["0.02", 44_400_000]],
}


def scenario(**changes: Any) -> Scenario:
    return small([account("a", 1, 1000)], venues=[{**DEPTH, **changes}])


def book(**changes: Any) -> DepthBook:
    (venue,) = scenario(**changes).venues
    assert isinstance(venue, DepthBook)
    return venue


def test_it_is_read_whole_and_written_back() -> None:
    venue = book()
    assert venue.curve == ((Decimal("0.01"), Decimal(22_500_000)), (Decimal("0.02"), Decimal(44_400_000)))
    assert (venue.measure, venue.fee, venue.recovery.half_life) == ("average", 0, None)
    again = Scenario.parse(scenario().resolved())
    assert (again.venues, again.digest) == (scenario().venues, scenario().digest)


def test_a_sweep_can_change_it() -> None:
    changed = scenario().replace("venues.book.curve.0.1", "10_000_000").venues[0]
    assert isinstance(changed, DepthBook) and changed.curve[0][1] == 10_000_000
    assert scenario().replace("venues.book.measure", "marginal").venues[0].measure == "marginal"


@pytest.mark.parametrize(
    ("changes", "path", "allowed"),
    [
        ({"curve": []}, "venues.book.curve", "1 to 32 of [impact, volume in USD]"),
        ({"curve": [[f"0.0{index + 10}", index] for index in range(1, 34)]}, "venues.book.curve", "1 to 32"),
        ({"curve": "0.01"}, "venues.book.curve", "1 to 32"),
        ({"curve": [["0.01"]]}, "venues.book.curve.0", "[impact, volume in USD]"),
        ({"curve": [[0, 1]]}, "venues.book.curve.0.0", "above 0 to below 1"),
        ({"curve": [[1, 1]]}, "venues.book.curve.0.0", "above 0 to below 1"),
        ({"curve": [["0.01", 0]]}, "venues.book.curve.0.1", "above 0 to 1e15"),
        ({"curve": [["0.01", "1.1e15"]]}, "venues.book.curve.0.1", "above 0 to 1e15"),
        ({"curve": [["0.02", 1], ["0.02", 2]]}, "venues.book.curve.1.0", "above the point before, 0.02"),
        ({"curve": [["0.02", 5], ["0.03", 5]]}, "venues.book.curve.1.1", "above the point before, 5"),
        ({"curve": [["0.5", 5]]}, "venues.book.curve.0.0", "each further token sold still adds"),
        ({"curve": [["0.01", 10], ["0.11", 11]]}, "venues.book.curve.1.0", "each further token sold still adds"),
        ({"measure": "median"}, "venues.book.measure", "average or marginal"),
        ({"fee": "0.0000001"}, "venues.book.fee", "at most 6 decimal places"),
        ({"quote": "WETH"}, "venues.book.quote", "other than the base"),
    ],
)
def test_what_could_not_stand_is_refused(changes: dict[str, Any], path: str, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(**changes)
    assert caught.value.path == path and allowed in str(caught.value)


def test_no_book_stands_at_an_address() -> None:
    """What stands on a fork is a pool: a book is not on a chain at all."""
    with pytest.raises(UnknownKey, match="address"):
        scenario(address="0x" + "11" * 20)


@pytest.mark.parametrize("curve", [[["0.5", 5]], [["0.01", 10], ["0.11", 11]], [["0.999", 1]]])
def test_a_marginal_price_that_falls_to_almost_nothing_may_stand(curve: list[list[object]]) -> None:
    """By `average` these would pay less for more: 1 − a − V·a′ is 0 or below at the last point."""
    assert book(curve=curve, measure="marginal").curve[-1][0] < 1


@pytest.mark.parametrize(("price", "decimals"), [(10**8, 6), (5 * 10**7, 18), (60_000 * 10**8, 8)])
def test_volumes_are_the_quotes_base_units_at_its_first_price(price: int, decimals: int) -> None:
    """22.5 M USD of a token at 1, 0.50 and 60 000 USD; a stablecoin at par has as many as there are dollars."""
    points = curve_points(book(), 2000 * WAD, price, (18, decimals))
    assert points[0] == (WAD // 100, 22_500_000 * 10**8 * 10**decimals // price)
    assert points[1][0] == 2 * WAD // 100


@pytest.mark.parametrize(
    ("volume", "mid", "price", "decimals"),
    [
        (10**15, 2000 * WAD, 10**6, (18, 18)),  # 1e17 tokens of 18 decimals
        (10**15, 10**9, 10**8, (18, 6)),  # 1e24 of the base
        (10**6, 0, 10**8, (18, 6)),
    ],
)
def test_a_curve_too_long_for_its_tokens_is_refused(
    volume: int, mid: int, price: int, decimals: tuple[int, int]
) -> None:
    venue = book(curve=[["0.01", volume]])
    with pytest.raises(InputError, match=r"venues\.book\.curve\.0\.1.*2\^112"):
        curve_points(venue, mid, price, decimals)


def test_a_curve_too_fine_for_its_token_is_refused() -> None:
    """Two volumes a millionth of a cent apart are one in a token of 6 decimals."""
    venue = book(curve=[["0.01", "1"], ["0.02", "1.00000001"]], measure="marginal")
    with pytest.raises(InputError, match=r"venues\.book\.curve\.1\.1.*above the point before"):
        curve_points(venue, 2000 * WAD, 10**8, (18, 6))
    assert MOST > 10**33


def test_no_more_of_a_displacement_stays_than_there_is() -> None:
    """What passes into the market and what never closes at the venue are shares of one sale: at most 1 in all."""
    weth = {"kind": "constant", "value": 2000, "impact": {"permanent": "0.4"}}
    book = [account("a", 1, 1000)]
    for stays in ("0.6", "0.61"):
        venues = [{**DEPTH, "recovery": {"permanent": stays}}]
        if stays == "0.6":
            assert small(book, prices={"WETH": weth}, venues=venues).venues
            continue
        with pytest.raises(
            InputError, match=r"venues\.book\.recovery\.permanent: found '?0\.61'?; allowed: at most 0\.6, "
        ):
            small(book, prices={"WETH": weth}, venues=venues)
