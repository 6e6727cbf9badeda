"""The compiled contracts the package carries: one JSON file each, read once per process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from simulator.chain.abi import WORD, Argument, encode, reason, signed, to_address, words
from simulator.errors import ChainError

PROTOCOLS = Path(__file__).parents[2] / ".build" / "protocols"
"""The real protocols' artifacts: made in a checkout (`make protocols`), in no wheel."""

ADDRESS = 20
"""[bytes] An address as it stands in code."""
Links = tuple[tuple[int, ...], tuple[int, ...]]
"""[bytes] Offsets in the code that creates, and in the deployed code."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    `ids`: selector by signature `f(uint256)`; `errors`: signature by selector; `events`: topic by signature;
    `bytecode` creates, `deployed` is what lies on the chain (immutables are zero in it). `package`: the
    real protocol's, empty for our own. `links`: by library, the offsets [bytes] in the two codes where its address
    goes, zero until `linked`.
    """

    contract: str
    bytecode: bytes = field(repr=False)
    deployed: bytes = field(repr=False)
    ids: Mapping[str, bytes] = field(repr=False)
    errors: Mapping[bytes, str] = field(repr=False)
    events: Mapping[str, bytes] = field(repr=False)
    abi: tuple[Mapping[str, Any], ...] = field(repr=False)
    solc: str
    package: str = ""
    links: Mapping[str, Links] = field(default_factory=dict, repr=False)
    _asked: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)  # selectors found so far

    @property
    def name(self) -> str:
        """What the contract is called among all: a real protocol's as `aave-v3/PoolInstance`."""
        return f"{self.package}/{self.contract}" if self.package else self.contract

    def linked(self, libraries: Mapping[str, str]) -> Artifact:
        """The artifact with the addresses of all its libraries filled in; ChainError if one lacks or is not its own."""
        if libraries.keys() != self.links.keys():
            found, allowed = (", ".join(sorted(names)) or "none" for names in (libraries, self.links))
            raise ChainError(f"{self.contract}: found libraries {found}; allowed: {allowed}")
        codes = bytearray(self.bytecode), bytearray(self.deployed)
        for library, address in libraries.items():
            for code, places in zip(codes, self.links[library], strict=True):
                for place in places:
                    code[place : place + ADDRESS] = _hex(address)
        return replace(self, bytecode=bytes(codes[0]), deployed=bytes(codes[1]), links={})

    def selector(self, function: str) -> bytes:
        """Selector of `function`, a signature, or a bare name if only one function has it; ChainError if none has."""
        found = self.ids.get(function) or self._asked.get(function)
        if found is None:
            named = [signature for signature in self.ids if signature.partition("(")[0] == function]
            if len(named) != 1:
                allowed = ", ".join(named or self.ids)
                raise ChainError(f"{self.contract}: found function {function!r}; allowed: {allowed}")
            found = self._asked[function] = self.ids[named[0]]
        return found

    def encode(self, function: str, *arguments: Argument) -> bytes:
        """Calldata of `function` (see `selector`) with `arguments` as in `abi.encode`."""
        return encode(self.selector(function), *arguments)

    def error(self, output: bytes) -> str:
        """Name and operands of the error in revert data, as `Unprofitable(12, 34)`; operands only if all are static."""
        signature = self.errors.get(output[:4])
        if signature is None:
            return reason(output)
        name, _, types = signature.rstrip(")").partition("(")
        kinds = types.split(",") if types else []
        if len(output) - 4 != WORD * len(kinds):
            return name
        return f"{name}({', '.join(map(_shown, kinds, words(output[4:])))})"


def _shown(kind: str, value: int) -> str:
    if kind == "address":
        return to_address(value)
    return str(signed(value) if kind.startswith("int") else value)


@cache
def load(name: str) -> Artifact:
    """The artifact of contract `name`; ChainError if the package does not carry it."""
    file = resources.files("simulator") / "artifacts" / f"{name}.json"
    if not file.is_file():
        raise ChainError(f"artifact {name}.json: found nothing; allowed: compiled contracts (run `make compile`)")
    return parse(json.loads(file.read_text(encoding="utf-8")))


@cache
def real(package: str, contract: str) -> Artifact:
    """The artifact of a real protocol's `contract`, as `aave-v3`, `PoolInstance`; ChainError if it was not made."""
    file = PROTOCOLS / package / f"{contract}.json"
    if not file.is_file():
        raise ChainError(
            f"{package}/{contract}.json: found nothing; allowed: real protocols' contracts, which a "
            "checkout makes (run `make protocols`)"
        )
    return parse(json.loads(file.read_text(encoding="utf-8")))


def parse(content: Mapping[str, Any]) -> Artifact:
    """An artifact from its JSON content; ChainError if a key is missing or not hexadecimal."""
    try:
        return Artifact(
            contract=content["contract"],
            bytecode=_hex(content["bytecode"]),
            deployed=_hex(content["deployed"]),
            ids={signature: _hex(selector) for signature, selector in content["ids"].items()},
            errors={_hex(selector): signature for selector, signature in content["errors"].items()},
            events={signature: _hex(topic) for signature, topic in content["events"].items()},
            abi=tuple(content["abi"]),
            solc=content["solc"],
            package=content.get("package", ""),
            links={
                library: (tuple(places["bytecode"]), tuple(places["deployed"]))
                for library, places in content.get("links", {}).items()
            },
        )
    except (KeyError, ValueError) as error:
        found = content.get("contract")
        raise ChainError(
            f"artifact {found!r}: found {error!r}; allowed: compiled contracts (run `make compile`)"
        ) from error


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
