"""Books that are listed, in the scenario or in a file: exactly what is written, in base units."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.book import Book, Position, build_book
from simulator.errors import InputError
from simulator.scenario import Scenario
from tests.scenario.base import base, broken

PRICES = {"WETH": 1900 * 10**8, "USDC": 10**8}


def test_listed_accounts_are_exact_base_units_in_file_order() -> None:
    assert build_book(Scenario.parse(base()), PRICES) == Book(
        (
            Position("A", {"WETH": 500 * 10**18}, {"USDC": 800_000 * 10**6}),
            Position("B", {"WETH": 100 * 10**18}, {"USDC": 152_000 * 10**6}),
        )
    )


def test_no_digit_is_lost_and_zeros_are_left_out() -> None:
    account = "[{name: A, collateral: {WETH: 123456.000000000000000001, USDC: 0}, debt: {USDC: 0.000001}}]"
    found = build_book(Scenario.parse(broken("book.accounts", account)), PRICES)
    assert found.accounts == (Position("A", {"WETH": 123456 * 10**18 + 1}, {"USDC": 1}),)


def test_more_places_than_the_token_has_are_refused() -> None:
    account = "[{name: A, collateral: {WETH: 1}, debt: {USDC: 0.0000001}}]"
    with pytest.raises(InputError, match="decimal places"):
        build_book(Scenario.parse(broken("book.accounts", account)), PRICES)


def test_a_file_lists_one_row_per_account_and_asset(tmp_path: Path) -> None:
    rows = ["account,asset,collateral,debt", "z,WETH,2.5,", "y,WETH,1,0", "z,USDC,,1000.5", "y,USDC,0,0.000001"]
    (tmp_path / "positions.csv").write_text("\n".join(rows) + "\n")
    scenario = Scenario.parse(broken("book", "{file: positions.csv}"), tmp_path)
    assert build_book(scenario, PRICES).accounts == (
        Position("z", {"WETH": 25 * 10**17}, {"USDC": 1_000_500_000}),
        Position("y", {"WETH": 10**18}, {"USDC": 1}),
    )


def test_recorded_accounts_of_morpho_keep_their_wei() -> None:
    """The first row on chain: 2559331416477029155 wei against 3948514461 of USDC's six places."""
    scenario = Scenario.load("morpho-base-2026")
    found = build_book(scenario, {}).accounts
    assert (len(found), found[0].collateral, found[0].debt) == (
        43, {"WETH": 2_559_331_416_477_029_155}, {"USDC": 3_948_514_461}
    )  # fmt: skip
