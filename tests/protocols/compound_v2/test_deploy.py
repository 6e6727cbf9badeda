"""A scenario's parameters as Compound v2's own, and what Compound cannot express."""

from typing import Any

import pytest

from simulator.book import Position
from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.errors import InputError
from simulator.world import addresses
from simulator.world.builder import transaction
from tests.contracts.desk import WAD, Refused, ether, refuses, usdc, who
from tests.protocols.compound_v2.desk import PRICES, Desk, opened, scenario


def desk_of(*positions: Position, **changes: Any) -> Desk:
    return Desk(scenario(**changes), PRICES, positions)


def test_the_parameters_are_the_scenarios() -> None:
    """Read back from the comptroller and the markets."""
    position = Position("A", {"WETH": ether(1)}, {})
    usd = {"reserve_factor": "0.15", "liquidation_bonus": "0.08"}
    desk = desk_of(position, assets={"USDC": usd}, protocol={"kind": "compound-v2", "close_factor": "0.37"})
    assert desk.rules("closeFactorMantissa") == (37 * WAD // 100,)
    assert desk.rules("liquidationIncentiveMantissa") == (105 * WAD // 100,)
    for name, factor in (("WETH", 83), ("USDC", 78)):
        assert desk.rules("markets", desk.lending.markets[name])[:2] == (1, factor * WAD // 100)
        assert desk.market(name, "borrowIndex") == (WAD,)
        assert desk.market(name, "decimals") == (desk.scenario.assets[name].decimals,)
        assert desk.market(name, "protocolSeizeShareMantissa") == (28 * WAD // 1000,)
        assert desk.market(name, "borrowRatePerBlock") == (0,)
        for owned in (desk.market(name, "admin"), desk.rules("admin")):
            assert abi.to_address(owned[0]) == addresses.HARNESS
    assert desk.market("USDC", "reserveFactorMantissa") == (15 * WAD // 100,)
    assert desk.rules("allMarkets", 0) == (int(desk.lending.markets["WETH"], 16),)
    assert desk.rules("pendingAdmin") == (0,)


@pytest.mark.parametrize(
    ("decimals", "rate"), [(0, 2 * 10**8), (2, 2 * 10**10), (6, 2 * 10**14), (8, 2 * 10**16), (9, 2 * 10**17)]
)
def test_a_ctoken_starts_as_a_fiftieth_of_a_token(decimals: int, rate: int) -> None:
    """cUSDC (6) and cWBTC (8) started with these numbers on mainnet; 50 cTokens of 8 decimals are a token."""
    desk = desk_of(assets={"WETH": {"decimals": decimals}})
    assert desk.market("WETH", "exchangeRateStored") == (rate,)
    account = desk.open("A", {"WETH": 10**decimals}, {})
    assert desk.market("WETH", "balanceOf", account) == (50 * 10**8,)


@pytest.mark.parametrize("decimals", range(19))
def test_balances_open_to_the_unit_at_any_decimals(decimals: int) -> None:
    """Odd amounts just below the most that may be supplied, 1e15 tokens; a cToken unit is never more than a unit."""
    desk = desk_of(assets={"WETH": {"decimals": decimals}})
    most = 10 ** (15 + decimals) - 10**decimals - 3
    desk.lend(WETH=most)
    account = desk.open("A", {"WETH": 10**decimals - 1 or 1}, {})
    assert desk.row(addresses.LENDER)[1] == most
    assert desk.row(account)[1] == (10**decimals - 1 or 1)
    assert desk.totals("WETH").supply == desk.totals("WETH").held == most + (10**decimals - 1 or 1)
    assert desk.market("WETH", "exchangeRateStored")[0] <= WAD


@pytest.mark.parametrize(("decimals", "price"), [(18, 2000 * 10**18), (6, 2000 * 10**30), (0, 2000 * 10**36)])
def test_prices_are_in_the_comptrollers_scale(decimals: int, price: int) -> None:
    """10^(36 − decimals) for a dollar."""
    desk = desk_of(assets={"WETH": {"decimals": decimals}})
    oracle = abi.to_address(desk.rules("oracle")[0])
    market = desk.lending.markets["WETH"]
    assert abi.uint256(desk.read("CompoundOracle", oracle, "getUnderlyingPrice", market)) == price
    assert abi.uint256(desk.read("CompoundOracle", oracle, "getUnderlyingPrice", who("non_owner"))) == 0
    for answer in (0, -1):
        desk.send(addresses.HARNESS, "PriceFeed", desk.feeds["WETH"], "report", answer)
        assert abi.uint256(desk.read("CompoundOracle", oracle, "getUnderlyingPrice", market)) == 0


def test_only_its_owner_tells_the_oracle_where_to_look() -> None:
    desk = desk_of()
    oracle = abi.to_address(desk.rules("oracle")[0])
    with refuses(f"Unauthorised({who('non_owner')})"):
        desk.send("non_owner", "CompoundOracle", oracle, "list", desk.lending.markets["WETH"], desk.feeds["USDC"])


def test_balances_are_the_books_to_the_unit() -> None:
    """Odd amounts, both assets on both sides; the lender's too."""
    desk = desk_of()
    desk.lend(USDC=usdc(1_000_000) + 7, WETH=ether(50) + 3)
    collateral = {"WETH": ether(10) + 1, "USDC": 12_345_678_901}
    account = desk.open("A", collateral, {"USDC": 9_876_543_219, "WETH": ether(1) + 17})
    assert desk.row(account)[1:] == (ether(10) + 1, ether(1) + 17, 12_345_678_901, 9_876_543_219)
    assert desk.row(addresses.LENDER)[1:] == (ether(50) + 3, 0, usdc(1_000_000) + 7, 0)
    assert desk.wallet(account, desk.tokens["USDC"]) == 9_876_543_219


def test_no_more_than_the_cap_and_the_cap_itself() -> None:
    """A borrow cap of 1 000 lets 1 000 be borrowed, though Compound wants the total below its own."""
    desk = desk_of(assets={"USDC": {"borrow_cap": 1_000}})
    desk.lend(USDC=usdc(10_000))
    desk.open("A", {"WETH": ether(10)}, {"USDC": usdc(600)})
    with refuses("market borrow cap reached"):
        desk.open("B", {"WETH": ether(10)}, {"USDC": usdc(400) + 1})
    desk.open("C", {"WETH": ether(10)}, {"USDC": usdc(400)})


def test_a_cap_of_nothing_lets_nobody_borrow() -> None:
    """Compound's own cap of 0 would mean none at all."""
    desk = desk_of(assets={"USDC": {"borrow_cap": 0}})
    desk.lend(USDC=usdc(10_000))
    with refuses("market borrow cap reached"):
        desk.open("A", {"WETH": ether(10)}, {"USDC": 1})


def test_a_borrow_that_is_refused_in_silence_is_told() -> None:
    """Compound returns a code: 4 is the comptroller's INSUFFICIENT_LIQUIDITY, 14 a market's TOKEN_INSUFFICIENT_CASH."""
    desk = desk_of()
    desk.lend(USDC=usdc(10_000))
    with pytest.raises(Refused, match=r"^Failure\(3, \d+, 4\): INSUFFICIENT_LIQUIDITY$"):
        desk.open("A", {"WETH": ether(1)}, {"USDC": usdc(1_700)})
    with pytest.raises(Refused, match=r"^Failure\(14, \d+, 0\): TOKEN_INSUFFICIENT_CASH$"):
        desk.open("B", {"WETH": ether(100)}, {"USDC": usdc(10_001)})


@pytest.mark.parametrize(
    ("changes", "path", "allowed"),
    [
        (
            {"assets": {"WETH": {"ltv": "0.91", "liquidation_threshold": "0.91"}}},
            "assets.WETH.liquidation_threshold",
            r"at most 0\.9 \(Failure\(6, 8, 0\): INVALID_COLLATERAL_FACTOR\)",
        ),
        ({"assets": {"USDC": {"liquidation_bonus": "0.06"}}}, "assets.USDC.liquidation_bonus", "one incentive"),
        ({"assets": {"WETH": {"rate": {"base": "13.15"}}}}, "assets.WETH.rate", r"at most 13\.14 a year"),
        (
            {"assets": {"WETH": {"rate": {"base": "0.1"}}}, "clock": {"block": "1h", "step": "1h"}},
            "assets.WETH.rate",
            r"at most 0\.0438 a year in all, 0\.0005 % a block of 3600 s",
        ),
    ],
)
def test_what_compound_cannot_express_is_an_error(changes: dict[str, Any], path: str, allowed: str) -> None:
    both = Position("A", {"WETH": ether(1), "USDC": usdc(1)}, {})
    with pytest.raises(InputError, match=allowed) as raised:
        desk_of(both, **changes)
    assert raised.value.path == path


def test_the_largest_values_pass() -> None:
    """A collateral factor of 0.9, and a rate of 13.14 a year at full utilisation with blocks of 12 s."""
    rate = {"base": "5", "slope1": "4", "slope2": "4.14"}
    desk = desk_of(assets={"WETH": {"ltv": "0.9", "liquidation_threshold": "0.9", "rate": rate}})
    desk.lend(WETH=ether(10))
    desk.open("A", {"USDC": usdc(100_000)}, {"WETH": ether(10)})
    desk.start()
    assert 0 <= 5 * 10**12 - desk.market("WETH", "borrowRatePerBlock")[0] < 3
    assert desk.accrue().keys() == {"WETH"}


def test_only_collateral_somebody_posts_needs_the_one_bonus() -> None:
    desk = desk_of(Position("A", {"WETH": ether(1)}, {"USDC": 1}), assets={"USDC": {"liquidation_bonus": "0.09"}})
    assert desk.rules("liquidationIncentiveMantissa") == (105 * WAD // 100,)
    assert desk_of().rules("liquidationIncentiveMantissa") == (WAD,)


def test_collateral_counts_where_the_account_has_entered() -> None:
    desk, account = opened()
    markets = desk.lending.markets
    assert all(desk.rules("checkMembership", account, market) == (1,) for market in markets.values())
    assert desk.rules("checkMembership", addresses.LENDER, markets["USDC"]) == (0,)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("fe", "CreationFailed()"),  # creates nothing
        (
            "6008600c60003960086000f360015f5260205ff3",
            "Rejected(uint256)",
        ),  # answers all with 1, Compound's UNAUTHORIZED
    ],
)
def test_a_comptroller_that_cannot_be_founded(code: str, error: str) -> None:
    """CreationFailed: no Unitroller came of the code. Rejected: what came of it did not obey its creator."""
    desk = desk_of()
    implementation = desk.build.deploy_artifact(real("compound-v2", "Comptroller"), "another")
    body = bytes.fromhex(code)
    words = abi.encode(b"", implementation, addresses.HARNESS, 3 * abi.WORD, len(body))
    created = load("CompoundFounder").bytecode + words + body + bytes(-len(body) % abi.WORD)
    salted = load("Deployer").selector("deploy") + bytes(32) + abi.word(2 * abi.WORD) + abi.word(len(created))
    (receipt,) = desk.build.send([transaction(addresses.DEPLOYER, salted + created + bytes(-len(created) % abi.WORD))])
    selectors = {signature: selector for selector, signature in load("CompoundFounder").errors.items()}
    assert not receipt.ok
    assert selectors[error] in receipt.output


def test_nobody_else_takes_the_comptroller() -> None:
    """What the founder offered was accepted by the harness; a second acceptance fails."""
    desk = desk_of()
    data = real("compound-v2", "Unitroller").encode("_acceptAdmin")
    receipt = desk.send_raw("non_owner", desk.lending.comptroller, data)
    assert desk.lending.refusal(receipt) == "Failure(1, 0, 0): UNAUTHORIZED"
