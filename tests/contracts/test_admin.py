"""The owner lists and configures; the factory deploys; nobody else does anything."""

import pytest

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Transaction
from simulator.world import addresses
from simulator.world.builder import transaction
from tests.contracts.desk import (
    CONFIGS,
    HEALTH_LINEAR,
    PERCENT,
    RAY,
    START,
    TREASURY,
    WAD,
    Bench,
    Config,
    Desk,
    Rate,
    Rules,
    explain,
    operands,
    refuses,
    who,
)


def text_word(value: str) -> int:
    """A short string as the word of a bytes32."""
    return int.from_bytes(value.encode().ljust(32, b"\0"), "big")


def test_a_listed_asset_starts_at_one() -> None:
    """Indices at a ray, nothing in it, its configuration and rates as given."""
    rate = Rate(1, 2, 3, 4)
    desk = Desk(rates={"DAI": rate})
    assert desk.totals("DAI") == (0, 0, 0, 0, RAY, RAY)
    assert desk.view("configOf", desk.tokens["DAI"]) == CONFIGS["DAI"]
    assert desk.view("rateOf", desk.tokens["DAI"]) == rate
    assert [abi.to_address(word) for word in desk.view("assets")[2:]] == list(desk.tokens.values())
    assert desk.view("rules") == desk.rules
    assert abi.to_address(desk.view("owner")[0]) == addresses.HARNESS
    assert abi.to_address(desk.view("treasury")[0]) == TREASURY


def test_a_price_is_per_base_unit() -> None:
    """USD 1e26 per base unit, whatever the decimals of token and feed: 2 000 USD for 1e18, one for 1e6, 1e5 for 1e8."""
    desk = Desk()
    btc = desk.token("WBTC", 8)
    desk.list("WBTC", btc, desk.feed("WBTC", 10**11, decimals=6), CONFIGS["WETH"])
    shown = {name: desk.view("price", token)[0] for name, token in desk.tokens.items()}
    assert shown == {"WETH": 2000 * 10**8, "USDC": 10**20, "DAI": 10**8, "WBTC": 10**23}


def test_only_the_owner_lists_and_configures() -> None:
    desk = Desk()
    token = desk.token("STRAY", 18)
    with refuses(operands("Unauthorised", who("non_owner"))):
        desk.verb("non_owner", "list", token, desk.feeds["DAI"], tuple(CONFIGS["DAI"]), tuple(Rate()))
    with refuses(operands("Unauthorised", who("non_owner"))):
        desk.verb("non_owner", "configure", desk.tokens["DAI"], tuple(CONFIGS["DAI"]), tuple(Rate()))


def test_an_asset_is_listed_once() -> None:
    desk = Desk()
    with refuses(operands("AlreadyListed", desk.tokens["DAI"])):
        desk.owner("list", desk.tokens["DAI"], desk.feeds["DAI"], tuple(CONFIGS["DAI"]), tuple(Rate()))


def test_only_what_is_listed_is_configured() -> None:
    desk = Desk()
    stray = desk.token("STRAY", 18)
    with refuses(operands("Unlisted", stray)):
        desk.owner("configure", stray, tuple(CONFIGS["DAI"]), tuple(Rate()))
    with refuses(operands("Unlisted", stray)):
        desk.verb("keeper", "accrue", stray)


@pytest.mark.parametrize(
    ("what", "config", "rate", "value", "limit"),
    [
        ("threshold", Config(0, WAD + 1, 0), Rate(), WAD + 1, WAD),
        ("ltv", Config(81 * PERCENT, 80 * PERCENT, 0), Rate(), 81 * PERCENT, 80 * PERCENT),
        ("bonus", Config(0, 0, WAD + 1), Rate(), WAD + 1, WAD),
        ("protocolFee", Config(0, 0, 0, WAD + 1), Rate(), WAD + 1, WAD),
        ("reserveFactor", Config(0, 0, 0, 0, WAD + 1), Rate(), WAD + 1, WAD),
        ("optimal", Config(0, 0, 0), Rate(optimal=WAD + 1), WAD + 1, WAD),
    ],
)
def test_each_parameter_has_a_limit(what: str, config: Config, rate: Rate, value: int, limit: int) -> None:
    """InvalidParameter names it, and says what was found and allowed."""
    desk = Desk()
    with refuses(operands("InvalidParameter", text_word(what), value, limit)):
        desk.configure("DAI", config, rate)
    assert desk.view("configOf", desk.tokens["DAI"]) == CONFIGS["DAI"]


def test_decimals_that_do_not_fit_are_refused() -> None:
    """18 of the token and 8 of the feed are the most: InvalidParameter."""
    desk = Desk()
    token, feed = desk.token("FINE", 19), desk.feeds["DAI"]
    with refuses(operands("InvalidParameter", text_word("decimals"), 27, 26)):
        desk.list("FINE", token, feed, CONFIGS["DAI"])


@pytest.mark.parametrize(
    ("what", "rules", "value", "limit"),
    [
        ("closeFactor", Rules(close_factor=WAD + 1), WAD + 1, WAD),
        ("incentive", Rules(a=WAD), WAD, WAD - 1),
        ("incentive.min", Rules(incentive=HEALTH_LINEAR, a=9, b=4, c=5), 5, 4),
    ],
)
def test_rules_that_make_no_sense_are_not_deployed(what: str, rules: Rules, value: int, limit: int) -> None:
    """The constructor's InvalidParameter comes through the factory's DeploymentFailed."""
    bench = Bench()
    arguments = abi.encode(b"", addresses.HARNESS, TREASURY, tuple(rules))
    code = load("LendingPool").bytecode + arguments
    head = addresses.salt("") + abi.word(64) + abi.word(len(code))
    data = load("Deployer").selector("deploy") + head + code + bytes(-len(code) % 32)
    receipt = bench.chain.send(1, START, [bench_transaction(data)])[0]
    assert not receipt.ok
    assert explain(receipt.output).startswith("DeploymentFailed")
    length = abi.uint256(receipt.output[4:], 2)
    inner = receipt.output[4 + 96 : 4 + 96 + length]
    assert explain(inner) == operands("InvalidParameter", text_word(what), value, limit)


def bench_transaction(calldata: bytes) -> Transaction:
    return transaction(addresses.DEPLOYER, calldata)


def test_a_place_is_taken_once() -> None:
    """The same code under the same salt has the same address: the second deployment is DeploymentFailed."""
    bench = Bench()
    first = bench.deploy("Lens", "a")
    assert bench.deploy("Lens", "b") != first
    with refuses("DeploymentFailed"):
        bench.create(load("Lens").bytecode, "a")
