"""Static ABI words in and out: selectors, integers, addresses, structs of words and arrays of such structs.

Dynamic `bytes` and `string` are left out on purpose (but for the reason of a plain `revert("...")`): encoding and
decoding by slicing is several times faster than by a general ABI library.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeAlias

from simulator.errors import NoAnswer

WORD: Final = 32
"""[bytes]"""

Static: TypeAlias = "int | str | bytes | tuple[Static, ...]"
Argument: TypeAlias = "Static | list[Static]"

_ERROR: Final = bytes.fromhex("08c379a0")
_PANIC: Final = bytes.fromhex("4e487b71")
_MODULUS: Final = 2**256


def word(value: int) -> bytes:
    """`value` as uint256, or as int256 if it is negative; OverflowError if it does not fit."""
    return value.to_bytes(WORD, "big", signed=value < 0)


@lru_cache(maxsize=1 << 14)
def address(value: str) -> bytes:
    """`value`, 0x and 40 hex digits, as a word; ValueError if it is not an address."""
    if len(value) != 42 or not value.startswith("0x"):
        raise ValueError(f"address: found {value!r}; allowed: 0x and 40 hex digits")
    return bytes(12) + bytes.fromhex(value[2:])


def encode(selector: bytes, *arguments: Argument) -> bytes:
    """Calldata for `selector` (4 bytes, or b"" for constructor arguments).

    int → uint256/int256/bool, str → address, bytes → one word as it is, tuple → static struct, list → dynamic array
    of static elements.
    """
    heads = [None if isinstance(argument, list) else _static(argument) for argument in arguments]
    at = sum(WORD if head is None else len(head) for head in heads)
    parts, tails = [selector], []
    for head, argument in zip(heads, arguments, strict=True):
        if isinstance(argument, list):
            tail = word(len(argument)) + b"".join(map(_static, argument))
            tails.append(tail)
            head, at = word(at), at + len(tail)
        parts.append(head or b"")
    return b"".join(parts + tails)


def _static(value: Static) -> bytes:
    if isinstance(value, int):
        return word(value)
    if isinstance(value, str):
        return address(value)
    if isinstance(value, tuple):
        return b"".join(map(_static, value))
    if len(value) != WORD:
        raise ValueError(f"word: found {len(value)} bytes; allowed: {WORD}")
    return value


def words(data: bytes) -> tuple[int, ...]:
    """All whole words of `data` as uint256; NoAnswer if a part of a word is left over."""
    if len(data) % WORD:
        raise NoAnswer(f"words: found {len(data)} bytes; allowed: a multiple of {WORD}")
    number = int.from_bytes
    return tuple([number(data[at : at + WORD], "big") for at in range(0, len(data), WORD)])


def uint256(data: bytes, index: int = 0) -> int:
    """Word `index` of `data` as uint256; NoAnswer if `data` is too short."""
    piece = data[index * WORD : (index + 1) * WORD]
    if len(piece) != WORD:
        raise NoAnswer(f"word {index}: found {len(data)} bytes; allowed: at least {(index + 1) * WORD}")
    return int.from_bytes(piece, "big")


def signed(value: int) -> int:
    """A uint256 read as int256."""
    return value - _MODULUS if value >> 255 else value


def int256(data: bytes, index: int = 0) -> int:
    """Word `index` of `data` as int256."""
    return signed(uint256(data, index))


def to_address(value: int) -> str:
    """A uint256 read as an address: 0x and 40 lower-case hex digits."""
    return f"0x{value & (1 << 160) - 1:040x}"


def structs(data: bytes, width: int, head: int = 0) -> list[tuple[int, ...]]:
    """The dynamic array of static structs of `width` words whose offset is word `head` of `data`, as uint256 rows."""
    start = uint256(data, head)
    count = uint256(data[start : start + WORD])
    body = data[start + WORD : start + WORD * (1 + width * count)]
    if len(body) != WORD * width * count:
        raise NoAnswer(f"structs: found {len(body)} bytes; allowed: {count} x {width} words")
    flat = words(body)
    return [flat[at : at + width] for at in range(0, len(flat), width)]


def array(data: bytes, head: int = 0) -> tuple[int, ...]:
    """The dynamic array of words whose offset is word `head` of `data`, as uint256."""
    start = uint256(data, head) + WORD
    count = uint256(data[start - WORD : start])
    body = data[start : start + WORD * count]
    if len(body) != WORD * count:
        raise NoAnswer(f"array: found {len(body)} bytes; allowed: {count} words")
    return words(body)


def reason(output: bytes) -> str:
    """What revert data says without an artifact: the string, the panic code, the bare selector, or nothing."""
    selector, body = output[:4], output[4:]
    if selector == _ERROR and len(body) >= 2 * WORD:
        length = uint256(body, 1)
        return body[2 * WORD : 2 * WORD + length].decode("utf-8", "replace")
    if selector == _PANIC and len(body) >= WORD:
        return f"Panic(0x{uint256(body):02x})"
    return f"0x{selector.hex()}" if selector else ""
