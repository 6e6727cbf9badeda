"""What an error says, and the doors between decimals and integers."""

from __future__ import annotations

import pickle
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from simulator import errors, units

EVERY = [
    (errors.InputError("a.b", "x", "y"), 2, "a.b: found 'x'; allowed: y"),
    (errors.InputError("a.b", Decimal("0.8"), "y"), 2, "a.b: found 0.8; allowed: y"),
    (errors.UnknownKey("a.c", "c", "'b'"), 2, "a.c: found 'c', an unknown key; allowed: nearest known key 'b'"),
    (errors.NotBuilt("a", "ou", "gbm"), 2, "a: found 'ou', not built yet; allowed: gbm"),
    (errors.ChainDied("anvil is gone"), 3, "anvil is gone"),
    (errors.BlockMismatch("block", 3, 2), 3, "block: found 3; expected 2"),
    (errors.TransactionReverted("open", "NoCash()", b"\x01"), 3, "open: reverted with NoCash() (data 0x01)"),
    (errors.ConservationViolated("ledger"), 1, "ledger"),
    (errors.TracesDiffer("steps row 1", "a", "b"), 1, "steps row 1: traces differ\n  a\n  b"),
]


@pytest.mark.parametrize("error,code,text", EVERY)
def test_an_error_has_its_exit_code_and_text_and_survives_a_process(
    error: errors.LiqsimError, code: int, text: str
) -> None:
    assert error.exit_code == code
    assert str(error) == text
    assert str(pickle.loads(pickle.dumps(error))) == text


def test_a_long_or_broken_value_stays_on_one_line() -> None:
    text = str(errors.InputError("a", "x\ny" * 500, "z"))
    assert "\n" not in text
    assert len(text) < 200
    assert len(str(errors.UnknownKey("a." + "\n\x00" * 500, "x" * 500, "y")).splitlines()) == 1


def test_base_units_are_exact_in_any_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 3
        assert (
            units.to_base_units(Decimal("999999999999999.123456789012345678"), 18) == 999999999999999123456789012345678
        )
        assert units.to_base_units(Decimal("1e3"), 0) == 1000
        assert units.to_wad(Decimal("0.83")) == 830_000_000_000_000_000
    with pytest.raises(errors.InputError, match=r"^debt: found 0\.1234567; allowed: at most 6 decimal places"):
        units.to_base_units(Decimal("0.1234567"), 6, "debt")
    for wrong in ("NaN", "Infinity", "sNaN"):
        with pytest.raises(errors.InputError):
            units.to_base_units(Decimal(wrong), 6)
        with pytest.raises(errors.InputError):
            units.price_to_int(Decimal(wrong))


@pytest.mark.parametrize("price,expected", [("0.000000005", 0), ("0.000000015", 2), ("1900", 190_000_000_000)])
def test_prices_round_half_even(price: str, expected: int) -> None:
    assert units.price_to_int(Decimal(price)) == expected


def test_formats() -> None:
    assert units.format_price(190_000_000_001) == "1900.00000001"
    assert units.format_price(-1) == "-0.00000001"
    assert units.format_usd(Fraction(1, 3)) == "0.333333"
    assert units.format_usd(Decimal("0.0000005")) == "0.000000"
    assert units.format_usd(Decimal("0.0000015")) == "0.000002"
    assert units.format_usd(Decimal("-0.0000001")) == "0.000000"
    assert units.format_usd(Decimal("-12.5")) == "-12.500000"
