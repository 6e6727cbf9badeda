"""The order in which feeds are evaluated: what a venue's quote is worth must be known before its base."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from simulator.errors import InputError
from simulator.oracle import evaluation_order
from simulator.scenario import ConstantProduct, Feed


def feeds(**sources: str) -> dict[str, Feed]:
    return {asset: Feed.model_construct(source=source) for asset, source in sources.items()}


def venue(name: str, base: str, quote: str) -> ConstantProduct:
    reserves = (Decimal(1), Decimal(1))
    return ConstantProduct.model_construct(
        name=name, kind="constant-product", base=base, quote=quote, reserves=reserves
    )


def test_market_feeds_keep_the_order_given() -> None:
    assert evaluation_order(feeds(B="market", A="market", C="market"), []) == ("B", "A", "C")


def test_a_venue_feed_comes_after_its_quotes() -> None:
    assert evaluation_order(feeds(WETH="venue", USDC="market"), [venue("amm", "WETH", "USDC")]) == ("USDC", "WETH")


def test_a_chain_of_venues_is_unrolled_whatever_the_order_given() -> None:
    sources = {"A": "venue", "B": "venue:bc", "C": "venue", "D": "market"}
    venues = [venue("ab", "A", "B"), venue("bc", "B", "C"), venue("cd", "C", "D")]
    for order in permutations(sources):
        found = evaluation_order(feeds(**{asset: sources[asset] for asset in order}), venues)
        assert [asset for asset in found if asset in "ABCD"] == ["D", "C", "B", "A"]


def test_the_first_venue_with_that_base_counts_unless_one_is_named() -> None:
    venues = [venue("one", "A", "B"), venue("two", "A", "C")]
    assert evaluation_order(feeds(A="venue", B="market", C="market"), venues) == ("B", "A", "C")
    assert evaluation_order(feeds(A="venue:two", B="market", C="market"), venues) == ("C", "A", "B")


def test_feeds_that_wait_for_each_other_are_refused() -> None:
    venues = [venue("ab", "A", "B"), venue("ba", "B", "A")]
    with pytest.raises(InputError, match=r"oracle\.A\.source: found 'A -> B -> A'"):
        evaluation_order(feeds(A="venue", B="venue"), venues)


@pytest.mark.parametrize("source", ["venue", "venue:ab", "venue:other"])
def test_a_venue_that_is_not_there_is_refused(source: str) -> None:
    with pytest.raises(InputError, match=r"oracle\.B\.source"):
        evaluation_order(feeds(A="market", B=source), [venue("ab", "A", "B")])


def test_a_quote_without_a_feed_is_refused() -> None:
    with pytest.raises(InputError, match=r"oracle\.A\.source"):
        evaluation_order(feeds(A="venue"), [venue("ab", "A", "B")])
