"""How anvil gets to a block number without mining what lies before it.

Mining an empty block costs anvil the state root of everything (1 ms at 1 000 storage slots, 10 ms at 10 000). It can
instead be given one block to stand on, in the form in which it saves its state: no accounts, so that none changes.
"""

from __future__ import annotations

import json
from typing import Final

from simulator.chain.base import BLOCK_GAS_LIMIT

_ADDRESS: Final = "0x" + "00" * 20
_HASH: Final = "0x" + "00" * 32
_NO_OMMERS: Final = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
_NO_ROOT: Final = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def standing_on(number: int, timestamp: int) -> str:
    """The parameter of `anvil_loadState` after which the last block is an empty one with this number and time [s]."""
    saved = {
        "block": _environment(number, timestamp),
        "accounts": {},
        "best_block_number": number,
        "blocks": [{"header": _header(number, timestamp), "transactions": [], "ommers": [], "withdrawals": None}],
        "transactions": [],
        "historical_states": None,
    }
    return "0x" + json.dumps(saved).encode().hex()


def _environment(number: int, timestamp: int) -> dict[str, object]:
    return {
        "number": hex(number),
        "beneficiary": _ADDRESS,
        "timestamp": hex(timestamp),
        "gas_limit": BLOCK_GAS_LIMIT,
        "basefee": 0,
        "difficulty": "0x0",
        "prevrandao": _HASH,
        "blob_excess_gas_and_price": {"excess_blob_gas": 0, "blob_gasprice": 1},
        "slot_num": 0,
    }


def _header(number: int, timestamp: int) -> dict[str, str]:
    """An empty block's; its parent and its state root are not looked at."""
    return {
        "parentHash": _HASH,
        "sha3Uncles": _NO_OMMERS,
        "miner": _ADDRESS,
        "stateRoot": _NO_ROOT,
        "transactionsRoot": _NO_ROOT,
        "receiptsRoot": _NO_ROOT,
        "logsBloom": "0x" + "00" * 256,
        "difficulty": "0x0",
        "number": hex(number),
        "gasLimit": hex(BLOCK_GAS_LIMIT),
        "gasUsed": "0x0",
        "timestamp": hex(timestamp),
        "extraData": "0x",
        "mixHash": _HASH,
        "nonce": "0x" + "00" * 8,
        "baseFeePerGas": "0x0",
        "withdrawalsRoot": _NO_ROOT,
        "blobGasUsed": "0x0",
        "excessBlobGas": "0x0",
        "parentBeaconBlockRoot": _HASH,
    }
