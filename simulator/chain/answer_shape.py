"""What an answer must look like before it is believed and kept: a malformed one is the server's trouble, not ours.

Source: the Ethereum JSON-RPC specification's results. A null is no matter of shape: it says that something is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,64}")
_NUMBER: Final = re.compile(r"0x[0-9a-fA-F]{1,16}")
_SLOT: Final = re.compile(r"0x[0-9a-fA-F]{0,64}")
_BYTES: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_MOST_TOPICS: Final = 4
_NO_HEX: Final = "no hexadecimal digits as they must be"
_OF_BLOCK: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("number", "timestamp", "gasLimit", "gasUsed"), _NUMBER),
    **dict.fromkeys(("baseFeePerGas", "difficulty", "totalDifficulty", "excessBlobGas", "blobGasUsed"), _QUANTITY),
    **dict.fromkeys(("hash", "parentHash", "stateRoot", "transactionsRoot", "receiptsRoot", "sha3Uncles"), _WORD),
    **dict.fromkeys(("mixHash", "withdrawalsRoot", "parentBeaconBlockRoot", "requestsHash"), _WORD),
    **dict.fromkeys(("miner",), _ADDRESS),
    **dict.fromkeys(("extraData", "logsBloom", "nonce"), _BYTES),
}
"""Of a block's header, where it is there and not null."""


def wrong_shape(method: str, parameters: Sequence[Any], answer: Any) -> str | None:
    """What is wrong with the form of `answer`, not null, to a request; None if nothing is, or it is not known."""
    check = _CHECKS.get(method)
    return None if answer is None or check is None else check(parameters, answer)


def wrong_logs(answer: Any, first: int, last: int) -> str | None:
    """What is wrong with the logs of blocks `first` to `last`; None if nothing is."""
    if not isinstance(answer, list):
        return "no list of logs"
    return next((wrong for each in answer if (wrong := _wrong_log(each, first, last)) is not None), None)


def _wrong_log(log: Any, first: int, last: int) -> str | None:
    if not isinstance(log, dict):
        return "a log that is no object"
    topics = log.get("topics")
    if not isinstance(topics, list) or len(topics) > _MOST_TOPICS or not all(_is(_WORD, each) for each in topics):
        return "a log without topics of 32 bytes each"
    if not _is(_ADDRESS, log.get("address")) or not _is(_BYTES, log.get("data")):
        return "a log without an address and data"
    block = log.get("blockNumber")
    if not _is(_NUMBER, block) or not first <= int(str(block), 16) <= last:
        return "a log without a block number, or of another block"
    return None


def _is(pattern: re.Pattern[str], found: Any) -> bool:
    return isinstance(found, str) and pattern.fullmatch(found) is not None


def _matches(pattern: re.Pattern[str], otherwise: str = _NO_HEX) -> Callable[[Sequence[Any], Any], str | None]:
    return lambda _, answer: None if _is(pattern, answer) else otherwise


def _kind(kind: type, otherwise: str) -> Callable[[Sequence[Any], Any], str | None]:
    return lambda _, answer: None if isinstance(answer, kind) else otherwise


def _wrong_block(_: Sequence[Any], answer: Any) -> str | None:
    if not isinstance(answer, dict):
        return "no block"
    bad = [name for name, form in _OF_BLOCK.items() if answer.get(name) is not None and not _is(form, answer[name])]
    return f"a block whose {bad[0]} is {_NO_HEX}" if bad else None


def _wrong_range(parameters: Sequence[Any], answer: Any) -> str | None:
    query = parameters[0] if parameters and isinstance(parameters[0], dict) else {}
    first, last = (query.get(end) for end in ("fromBlock", "toBlock"))
    low = int(str(first), 16) if _is(_NUMBER, first) else 0
    return wrong_logs(answer, low, int(str(last), 16) if _is(_NUMBER, last) else 1 << 64)


_CHECKS: Final[Mapping[str, Callable[[Sequence[Any], Any], str | None]]] = {
    **dict.fromkeys(("eth_chainId", "eth_getTransactionCount", "eth_blockNumber"), _matches(_NUMBER, "no number")),
    **dict.fromkeys(("eth_getBalance", "eth_gasPrice", "eth_maxPriorityFeePerGas"), _matches(_QUANTITY, "no number")),
    **dict.fromkeys(("eth_getCode", "eth_call"), _matches(_BYTES)),
    **dict.fromkeys(("eth_getBlockByNumber", "eth_getBlockByHash"), _wrong_block),
    **dict.fromkeys(("eth_getTransactionByHash", "eth_getTransactionReceipt"), _kind(dict, "no object")),
    **dict.fromkeys(("eth_getProof", "eth_createAccessList"), _kind(dict, "no object")),
    "eth_getStorageAt": _matches(_SLOT),
    "eth_getBlockReceipts": _kind(list, "no list of receipts"),
    "eth_getLogs": _wrong_range,
}
