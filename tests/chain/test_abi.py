"""Words in and out, and the artifacts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.chain import abi, artifact
from simulator.errors import ChainError

SOMEBODY = "0x00000000000000000000000000000000000000ab"

CONTENT = {
    "contract": "Vault",
    "abi": [],
    "bytecode": "0x60",
    "deployed": "0x61",
    "ids": {"put(uint256)": "aabbccdd", "put(address)": "aabbccde", "take()": "aabbccdf"},
    "errors": {"11223344": "TooMuch(uint256,int256,address)", "11223345": "Long(bytes)", "11223346": "Shut()"},
    "events": {"Put(uint256)": "0x" + "ab" * 32},
    "solc": "0.8.28",
}


@given(st.integers(0, 2**256 - 1))
def test_word_and_back(value: int) -> None:
    assert abi.words(abi.word(value)) == (value,)


@given(st.integers(-(2**255), 2**255 - 1))
def test_int256_and_back(value: int) -> None:
    assert abi.int256(abi.word(value)) == value


@pytest.mark.parametrize("value", [2**256, -(2**255) - 1])
def test_word_refuses_what_does_not_fit(value: int) -> None:
    with pytest.raises(OverflowError):
        abi.word(value)


@given(st.lists(st.tuples(st.integers(0, 2**256 - 1), st.integers(0, 2**160 - 1)), max_size=5))
def test_an_array_of_structs_and_back(rows: list[tuple[int, int]]) -> None:
    encoded = abi.encode(b"", 7, [(first, abi.to_address(second)) for first, second in rows], 8)
    assert abi.structs(encoded, 2, head=1) == rows
    assert (abi.uint256(encoded, 0), abi.uint256(encoded, 2)) == (7, 8)


def test_encode_lays_out_heads_and_tails() -> None:
    """The layout of the ABI specification: f(uint256,uint32[],bytes32,(address,int256))."""
    encoded = abi.encode(b"\x01\x02\x03\x04", 0x123, [0x456, 0x789], b"1234567890".ljust(32, b"\0"), (SOMEBODY, -1))
    assert encoded[:4].hex() == "01020304"
    assert abi.words(encoded[4:]) == (
        0x123,
        5 * 32,
        int.from_bytes(b"1234567890".ljust(32, b"\0"), "big"),
        0xAB,
        2**256 - 1,
        2,
        0x456,
        0x789,
    )
    assert abi.array(encoded[4:], head=1) == (0x456, 0x789)


def test_addresses_and_words_of_a_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match="40 hex digits"):
        abi.address("0xab")
    with pytest.raises(ValueError, match="found 3 bytes"):
        abi.encode(b"", b"abc")
    with pytest.raises(ValueError, match="multiple of 32"):
        abi.words(bytes(33))
    with pytest.raises(ValueError, match="word 1"):
        abi.uint256(bytes(32), 1)
    with pytest.raises(ValueError, match="structs"):
        abi.structs(abi.word(32) + abi.word(3) + bytes(64), 1)


def test_reason_reads_strings_and_panics() -> None:
    text = abi.encode(bytes.fromhex("08c379a0"), 32, 5) + b"sorry".ljust(32, b"\0")
    assert abi.reason(text) == "sorry"
    assert abi.reason(abi.encode(bytes.fromhex("4e487b71"), 0x11)) == "Panic(0x11)"
    assert abi.reason(bytes.fromhex("aabbccdd")) == "0xaabbccdd"
    assert abi.reason(b"") == ""


def test_an_artifact_encodes_by_signature_or_by_a_name_that_is_unique() -> None:
    vault = artifact.parse(json.loads(json.dumps(CONTENT)))
    assert vault.encode("put(uint256)", 5) == bytes.fromhex("aabbccdd") + abi.word(5)
    assert vault.encode("take").hex() == "aabbccdf"
    with pytest.raises(ChainError, match=r"Vault: found function 'put'; allowed: put\(uint256\), put\(address\)"):
        vault.selector("put")


def test_an_artifact_names_errors_with_their_operands() -> None:
    vault = artifact.parse(CONTENT)
    assert vault.error(abi.encode(bytes.fromhex("11223344"), 5, -6, SOMEBODY)) == f"TooMuch(5, -6, {SOMEBODY})"
    assert vault.error(bytes.fromhex("11223345") + bytes(96)) == "Long"
    assert vault.error(bytes.fromhex("11223346")) == "Shut()"
    assert vault.error(bytes.fromhex("99999999")) == "0x99999999"


def test_a_missing_or_broken_artifact_says_what_to_do() -> None:
    with pytest.raises(ChainError, match=r"NoSuchContract\.json: found nothing; .*make compile"):
        artifact.load("NoSuchContract")
    with pytest.raises(ChainError, match="make compile"):
        artifact.parse({**CONTENT, "deployed": "0x__$link$__"})
