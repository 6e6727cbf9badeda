"""Where the real protocols stand, as far as it can be checked without a network."""

from __future__ import annotations

import re
from datetime import date

import pytest
from eth_utils import is_checksum_address, keccak

from simulator.chain import abi
from simulator.deployments import deployment, deployments
from simulator.errors import InputError

USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
CURVE = "0x870aC11D48B15DB9a138Cf899d20F13F79Ba00BC"
"""Morpho's adaptive rate model."""
MARKETS = {
    "wstETH/USDC": ("0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0", "0x48F7E36EB6B826B2dF4B2E630B62Cd25e89E40e2"),
    "WBTC/USDC": ("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599", "0xDddd770BADd886dF3864029e4B377B5F6a2B6b83"),
    "cbBTC/USDC": ("0xcbB7C0000aB88B473b1f5aFd9ef808440eed33Bf", "0xA6D6950c9F177F1De7f7757FB33539e3Ec60182a"),
}
"""Collateral and oracle; all lend USDC at an LLTV of 86 %."""


def test_addresses_carry_their_checksum_and_entries_their_source() -> None:
    """A digit that is wrong breaks the checksum (EIP-55) in all but one case of thousands."""
    for each in deployments():
        assert is_checksum_address(each.address), each.name
        assert each.source and date.fromisoformat(each.as_of)
        assert each.since_block > 0


@pytest.mark.parametrize("market", MARKETS)
def test_a_morpho_market_is_the_hash_of_its_parameters(market: str) -> None:
    collateral, oracle = MARKETS[market]
    parameters = abi.encode(b"", USDC, collateral, oracle, CURVE, 86 * 10**16)
    assert deployment("morpho-blue-ethereum").markets[market] == "0x" + keccak(parameters).hex()
    assert set(deployment("morpho-blue-ethereum").markets) == set(MARKETS)


def test_an_unknown_name_is_an_error_with_those_there_are() -> None:
    with pytest.raises(InputError, match=re.escape("aave-v3-ethereum or aave-v3-base")):
        deployment("aave-v9")
