"""The scenario's parameters become the market's own, and what Aave cannot express is an error naming its key."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.chain import abi
from simulator.chain.artifact import real
from simulator.errors import InputError
from tests.protocols.aave_v3.market import ASSETS, Market
from tests.protocols.aave_v3.test_quotes import EMODES

WETH = {
    "decimals": 18, "ltv": "0.8051", "liquidation_threshold": "0.8302", "liquidation_bonus": "0.0503",
    "protocol_fee": "0.1004", "reserve_factor": "0.1505", "supply_cap": 1_800_001, "borrow_cap": 1_400_002,
    "rate": {"base": "0.0106", "slope1": "0.0207", "slope2": "0.8008", "optimal": "0.9009"},
}  # fmt: skip


def bits(word: int, low: int, high: int) -> int:
    return (word >> low) & ((1 << (high - low + 1)) - 1)


def test_the_market_has_the_scenarios_parameters() -> None:
    """Places in the bitmap are the protocol's published ones."""
    market = Market(assets={**ASSETS, "WETH": WETH}, emodes=EMODES, fees={}, lent=0)
    market.start()
    word = market.view("getConfiguration", market.tokens["WETH"])[0]
    assert [bits(word, low, low + 15) for low in (0, 16, 32, 64, 152)] == [8051, 8302, 10503, 1505, 1004]
    assert (bits(word, 80, 115), bits(word, 116, 151), bits(word, 48, 55)) == (1_400_002, 1_800_001, 18)
    assert [bits(word, flag, flag) for flag in (56, 57, 58, 60)] == [1, 0, 1, 0]
    strategy = abi.to_address(market.view("RESERVE_INTEREST_RATE_STRATEGY")[0])
    reading = real("aave-v3", "DefaultReserveInterestRateStrategyV2").encode(
        "getInterestRateDataBps", market.tokens["WETH"]
    )
    assert abi.words(market.read(strategy, reading)) == (9009, 106, 207, 8008)


def test_e_modes_are_categories_with_their_members() -> None:
    market = Market(emodes=EMODES)
    market.start()
    places = {name: 1 << index for index, name in enumerate(market.names)}
    for number, emode in enumerate(EMODES.values(), start=1):
        terms = [float(emode[key]) for key in ("ltv", "liquidation_threshold", "liquidation_bonus")]
        found = market.view("getEModeCategoryCollateralConfig", number)
        assert found == tuple(round(10_000 * each) for each in (terms[0], terms[1], 1 + terms[2]))
        backing, lent = sum(places[name] for name in emode["collateral"]), sum(places[name] for name in emode["borrow"])
        assert market.view("getEModeCategoryCollateralBitmap", number) == (backing,)
        assert market.view("getEModeCategoryBorrowableBitmap", number) == (lent,)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("assets.WETH.ltv", {"ltv": "0.80005"}),
        ("assets.WETH.liquidation_threshold", {"liquidation_threshold": "0.83001"}),
        ("assets.WETH.liquidation_bonus", {"liquidation_bonus": "0.05001"}),
        ("assets.WETH.liquidation_bonus", {"liquidation_bonus": "0"}),
        ("assets.WETH.liquidation_bonus", {"liquidation_bonus": "0.25"}),
        ("assets.WETH.protocol_fee", {"protocol_fee": "0.00001"}),
        ("assets.WETH.reserve_factor", {"reserve_factor": "0.00001"}),
        ("assets.WETH.supply_cap", {"supply_cap": "0.5"}),
        ("assets.WETH.borrow_cap", {"borrow_cap": "1.5"}),
        ("assets.WETH.borrow_cap", {"borrow_cap": "100_000_000_000"}),
        ("assets.WETH.supply_cap", {"supply_cap": "0"}),
        ("assets.WETH.decimals", {"decimals": 5}),
        ("assets.WETH.rate.base", {"rate": {"base": "0.00001"}}),
        ("assets.WETH.rate.optimal", {"rate": {"optimal": "0.995"}}),
        ("assets.WETH.rate.optimal", {"rate": {"optimal": "0.005"}}),
        ("assets.WETH.rate.slope1", {"rate": {"slope1": "0.5", "slope2": "0.4"}}),
        ("assets.WETH.rate", {"rate": {"base": "3", "slope1": "3", "slope2": "5"}}),
    ],
)
def test_what_aave_cannot_express(path: str, change: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Market(assets={**ASSETS, "WETH": {**ASSETS["WETH"], **change}}, lent=0)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("protocol.emodes.ether.ltv", {"ltv": "0.93005"}),
        ("protocol.emodes.ether.ltv", {"ltv": "0"}),
        ("protocol.emodes.ether.liquidation_bonus", {"liquidation_bonus": "0"}),
        ("protocol.emodes.ether.liquidation_bonus", {"liquidation_bonus": "0.06"}),
    ],
)
def test_what_an_e_mode_cannot_be(path: str, change: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Market(emodes={"ether": {**EMODES["ether"], **change}}, lent=0)
    assert caught.value.path == path
