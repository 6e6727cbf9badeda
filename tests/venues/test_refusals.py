"""What the venues over Uniswap refuse beside a sale that is too large: odd tokens, strangers, absurd prices."""

from decimal import Decimal

import pytest

from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.scenario.venues import Range
from tests.contracts.desk import MAX, operands, refuses, who
from tests.reference.uniswap_v3 import X96
from tests.venues.floor import VenueFloor
from tests.venues.test_uniswap_v2 import pair
from tests.venues.test_uniswap_v3 import pool


class HostileFloor(VenueFloor):
    """BASE returns false when it is told to."""

    def token(self, name: str, decimals: int) -> str:
        if name != "BASE":
            return super().token(name, decimals)
        place = self.deploy("HostileToken", "", abi.word(decimals))
        self.send("keeper", "HostileToken", place, "mint", who("keeper"), 10**30)
        return place


@pytest.mark.parametrize("venue", [pair(), pool((18, 6))], ids=["v2", "v3"])
def test_a_token_that_returns_false_is_not_sold(venue: object) -> None:
    """TransferFailed, as it goes in."""
    floor = HostileFloor(venue, (18, 6))  # type: ignore[arg-type]
    floor.send("keeper", "HostileToken", floor.base, "fail", 1)
    with refuses(operands("TransferFailed", floor.base)):
        floor.sell(floor.base, 10**18)


def founded(floor: VenueFloor, label: str) -> str:
    """A provider of `keeper` with a pool that has not opened."""
    provider = floor.deploy("UniswapV3Provider", label, abi.encode(b"", who("keeper")))
    floor.send_raw("keeper", provider, founding(floor, real("uniswap-v3", "UniswapV3Factory").bytecode))
    return provider


def founding(floor: VenueFloor, code: bytes) -> bytes:
    """Calldata of `found`."""
    head = abi.encode(load("UniswapV3Provider").selector("found"), 4 * abi.WORD, floor.base, floor.quote, 500)
    return head + abi.word(len(code)) + code + bytes(-len(code) % abi.WORD)


def test_a_token_that_returns_false_is_not_lent() -> None:
    """TransferFailed, as the provider pays for liquidity."""
    floor = HostileFloor(pair(), (18, 6))
    provider = founded(floor, "lends")
    for token in (floor.base, floor.quote):
        floor.send("keeper", "Token", token, "approve", provider, MAX)
    floor.send("keeper", "HostileToken", floor.base, "fail", 1)
    with refuses(operands("TransferFailed", floor.base)):
        floor.send("keeper", "UniswapV3Provider", provider, "open", X96, [(-10, 10, 10**18)], who("keeper"))


def test_code_that_creates_nothing_founds_nothing() -> None:
    """DeploymentFailed: the first byte is INVALID."""
    floor = VenueFloor(pair(), (18, 6))
    provider = floor.deploy("UniswapV3Provider", "another", abi.encode(b"", who("keeper")))
    with refuses("DeploymentFailed()"):
        floor.send_raw("keeper", provider, founding(floor, b"\xfe"), gas=10_000_000)


def test_the_provider_obeys_its_owner_alone() -> None:
    """Nobody else founds, opens, or has it pay."""
    floor_ = VenueFloor(pool((18, 6)), (18, 6))
    provider = floor_.deploy("UniswapV3Provider", "another", abi.encode(b"", who("keeper")))
    found = abi.encode(b"", 4 * abi.WORD, floor_.base, floor_.quote, 500, 0)
    owed = abi.encode(b"", 1, 1, 3 * abi.WORD, 0)
    opening = abi.encode(b"", X96, [], who("keeper"))
    for function, arguments in (("found", found), ("open", opening), ("uniswapV3MintCallback", owed)):
        with refuses(operands("Unauthorised", who("non_owner"))):
            floor_.send_raw("non_owner", provider, load("UniswapV3Provider").selector(function) + arguments)


@pytest.mark.parametrize("base_first", [True, False])
def test_a_spot_beyond_256_bits_is_refused_not_cut(base_first: bool) -> None:
    """A price of 10^26 between tokens of 18 decimals: MulDivOverflow, or a panic of the checked product before it."""
    part = Range.model_construct(lower=Decimal("1e25"), upper=Decimal("1e27"), liquidity=10**18)
    absurd = pool((18, 18)).model_copy(update={"price": Decimal("1e26"), "liquidity": [part]})
    with refuses("Panic(0x11)" if base_first else "MulDivOverflow"):
        VenueFloor(absurd, (18, 18), base_first).see("spotDown")
