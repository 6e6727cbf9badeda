"""Tiny contracts, assembled by hand (Cancun), and where the tests put them."""

from simulator.chain import Transaction

TARGET = "0x" + "11" * 20
OTHER = "0x" + "12" * 20
KEEPER = "0x" + "22" * 20
BORROWER = "0x" + "33" * 20
FACTORY = "0x4e59b44847b379578588920ca78fbf26c0b4956c"

COUNT = bytes.fromhex("5f54600101805f555f5260205fa060205ff3")
"""slot 0 += 1; logs it; returns it."""

READ = bytes.fromhex("5f545f5260205ff3")
"""Returns slot 0."""

REMEMBER = bytes.fromhex("5f5c5f5260015f5d60205fa060205ff3")
"""Logs and returns transient slot 0, then it is 1."""

CLOCK = bytes.fromhex("435f524260205260405fa060405ff3")
"""Logs and returns block number and timestamp."""

SURROUNDINGS = bytes.fromhex("465f524560205248604052416060523a60805260a05ff3")
"""Returns chain id, block gas limit, base fee, coinbase and gas price."""

REFUSE = bytes.fromhex("5f355f5260015f5560205ffd")
"""Reverts with the first word of its calldata, after a write."""

INVALID = bytes.fromhex("fe")

TRY = bytes.fromhex("5f5f5f5f5f5f3561c350f15f5260205fa000")
"""Calls the address in its calldata with 50 000 gas and logs whether that succeeded."""

CREATE2_FACTORY = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd"
    "5b8082525050506014600cf3"
)
"""Calldata is salt and creation code; returns the 20 bytes of the address."""

CREATES_READ = bytes.fromhex("67" + READ.hex() + "5f5260086018f3")
"""Creation code of READ."""


def transaction(to: str = TARGET, data: bytes = b"", sender: str = KEEPER, gas: int = 200_000) -> Transaction:
    return Transaction(sender, to, data, gas)
