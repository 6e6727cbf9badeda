"""What a JSON-RPC server means when it refuses: there is no standard, so the words of the known servers are listed.

Sources: the messages of geth, erigon, nethermind, reth and anvil, and the documented error codes of hosted servers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.chain.jsonrpc import hexadecimal, on_one_line
from simulator.errors import StateMissing, UpstreamFailed

ARCHIVE: Final = "an archive server (it has every past block's state), or another block"

_RATE_CODES: Final = frozenset({429, -32005, -32016, -32097})
_RATE: Final = re.compile(
    r"rate.?limit|too many (?:concurrent )?requests|request limit|per second|compute units|throughput|capacity|quota"
    r"|throttl|exceeded (?:its|the) .*(?:limit|rate)|back.?off",
    re.IGNORECASE,
)
_PASSING: Final = re.compile(
    r"time[d]?.?out|temporar|unavailable|overloaded|try again|busy|connection re(?:set|fused)|bad gateway|not ready",
    re.IGNORECASE,
)
_MISSING: Final = re.compile(
    r"missing trie node|header (?:for hash )?not found|pruned|pruning|(?:block|header) (?:\S+ )?(?:is )?not found"
    r"|unknown block|state (?:\S+ ){0,4}(?:not|un)\s?(?:available|found)|historical state|no state|archive"
    r"|block height is|out ?of ?range|distance to target|could not find block|cannot find block",
    re.IGNORECASE,
)
_TOO_WIDE: Final = re.compile(
    r"range|too (?:many|large|wide|big)|more than|results?|limit|exceed|response size|time[d]?.?out|maximum|entries",
    re.IGNORECASE,
)
_RATE_ONLY: Final = re.compile(
    r"rate.?limit|too many (?:concurrent )?requests|per second|compute units|throughput|request limit", re.IGNORECASE
)
BLOCK_AT: Final = {
    "eth_getCode": 1,
    "eth_getBalance": 1,
    "eth_getTransactionCount": 1,
    "eth_getStorageAt": 2,
    "eth_getProof": 2,
    "eth_call": 1,
    "eth_createAccessList": 1,
    "eth_getBlockByNumber": 0,
    "eth_getBlockReceipts": 0,
    "eth_getBlockByHash": 0,
}
"""Which parameter names the block, by method."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server's error in place of a result, without anything of its address; `wait`: it will pass."""

    code: int
    message: str
    detail: str | None
    wait: bool
    too_wide: bool
    """A log query over more blocks, or with more results, than the server serves."""
    missing: bool
    """The block, or its state, is not there."""


def refused(method: str, error: Any, hide: Callable[[str], str]) -> Refusal:
    """What `error`, the member of an answer to `method`, means; `hide` cleans texts."""
    content = error if isinstance(error, dict) else {"message": str(error)}
    message, code = str(content.get("message", "")), content.get("code")
    code = code if isinstance(code, int) else 0
    too_wide = method == "eth_getLogs" and bool(_TOO_WIDE.search(message)) and not _RATE_ONLY.search(message)
    missing = not too_wide and bool(_MISSING.search(message))
    rate = code in _RATE_CODES or bool(_RATE.search(message)) or bool(_PASSING.search(message))
    shown = on_one_line(hide(message))[:200]
    return Refusal(
        code, shown, hexadecimal(content.get("data")), rate and not too_wide and not missing, too_wide, missing
    )


def block_of(method: str, parameters: Sequence[Any]) -> str:
    """The block a request is about, in decimal where it is a number."""
    at = BLOCK_AT.get(method)
    named = parameters[at] if at is not None and at < len(parameters) else "latest"
    if isinstance(named, dict):
        named = next(iter(named.values()), "latest")
    text = str(named)
    return str(int(text, 16)) if re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text) else text


def failure(method: str, parameters: Sequence[Any], answer: Refusal) -> UpstreamFailed:
    """The error to raise for a refusal."""
    if answer.missing:
        return missing(method, parameters, answer.message)
    return UpstreamFailed(method, f"a refusal: {answer.message or 'without a reason'}", "an answer")


def missing(method: str, parameters: Sequence[Any], said: str = "") -> StateMissing:
    """The error to raise for a block, or a state, that the server does not have."""
    tail = f" ({said})" if said else ""
    return StateMissing(method, f"no block {block_of(method, parameters)}, or not its state{tail}", ARCHIVE)
