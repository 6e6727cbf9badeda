"""A stage on a fork: the tokens that stand there, and our feeds in the place of those that the protocol reads.

Nothing of the protocol is changed but what it is told of prices. A feed's code is replaced where it stands, so that the
protocol goes on reading the address it knows; what it keeps in its storage stays, and our feed looks elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.chain import abi
from simulator.chain.base import Chain
from simulator.deployments import STANDS
from simulator.errors import InputError, NoAnswer, TransactionReverted
from simulator.prices import build_paths
from simulator.scenario import Asset, Scenario
from simulator.scenario.book import ForkBook
from simulator.scenario.sections import Deployment
from simulator.scenario.wiring import reporting
from simulator.world import addresses
from simulator.world.builder import FORK, Builder, rpc_of, text
from simulator.world.protocols.base import Ground, Lending

if TYPE_CHECKING:  # a run that deploys pays for no other protocol
    from simulator.world.protocols.morpho_blue import Params

FEED_DECIMALS: Final = 8
SELECTORS: Final = {
    "getPriceOracle()": bytes.fromhex("fca513a8"),
    "getSourceOfAsset(address)": bytes.fromhex("92bf2be0"),
    "getAssetPrice(address)": bytes.fromhex("b3596f07"),
    "baseToken()": bytes.fromhex("c55dae63"),
    "baseTokenPriceFeed()": bytes.fromhex("e7dad6bd"),
    "getAssetInfoByAddress(address)": bytes.fromhex("3b3bec2e"),
    "getPrice(address)": bytes.fromhex("41976e09"),
    "price()": bytes.fromhex("a035b1fe"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a protocol says of prices before anything is touched, by asset: [USD 1e8], and the feeds it reads.

    An asset without a source of its own gets a feed of ours at an address of its own.
    """

    prices: Mapping[str, int]
    sources: Mapping[str, str]


def stands_on(chain: Chain, scenario: Scenario) -> ForkBook | None:
    """The fork's book if `chain` is a fork and the scenario's book is a fork's; None if all is to be deployed.

    InputError if it is another chain, or another block.
    """
    fork = scenario.book.fork
    if fork is None or chain.name != FORK:
        return None
    if (chain.chain_id, chain.head.number) != (fork.chain_id, fork.block):
        allowed = f"the chain and block that are forked, chain {chain.chain_id} at block {chain.head.number}"
        raise InputError("book.fork", f"chain {fork.chain_id} at block {fork.block}", allowed)
    return fork


def deployment(scenario: Scenario) -> Deployment:
    """Where the protocol stands; InputError if the scenario does not say."""
    if scenario.protocol.deployment is None:
        raise InputError("protocol.deployment", None, "where the protocol stands")
    return scenario.protocol.deployment


def standing_tokens(scenario: Scenario) -> dict[str, str]:
    """The token of each asset, lower case, in the scenario's order."""
    return {name: str(asset.address).lower() for name, asset in scenario.assets.items()}


def look_around(build: Builder, scenario: Scenario, tokens: Mapping[str, str]) -> Standing:
    """What the scenario's protocol says of prices, and where it has them from; InputError if it is not there."""
    kind = scenario.protocol.kind
    if kind not in _LOOK:
        raise InputError("protocol.kind", kind, f"a protocol that can be attached to: {', '.join(_LOOK)}")
    try:
        return _LOOK[kind](build, scenario, tokens)
    except (NoAnswer, TransactionReverted) as error:
        allowed = f"{STANDS[kind]}, which knows the scenario's assets ({error})"
        raise InputError("protocol.deployment.address", deployment(scenario).address, allowed) from None


def check_shared(scenario: Scenario, standing: Standing) -> None:
    """InputError if two assets that read one feed are to have different prices or reports, or one reads none."""
    first: dict[str, str] = {}
    paths = _columns(scenario) if len(set(standing.sources.values())) < len(standing.sources) else {}
    for name, feed in standing.sources.items():
        if feed == addresses.NOBODY:
            allowed = "an asset whose price the protocol reads from a feed, which can be told another"
            raise InputError(f"assets.{name}.address", scenario.assets[name].address, allowed)
        other = first.setdefault(feed, name)
        if name != other and paths[name] != paths[other]:
            raise InputError(f"prices.{name}", name, f"the same path as {other}: the protocol reads one feed for both")
        if name != other and reporting(scenario, name) != reporting(scenario, other):
            allowed = f"the same source, rhythm and faults as {other}: the protocol reads one feed for both"
            raise InputError(f"oracle.{name}", name, allowed)


def _columns(scenario: Scenario) -> dict[str, tuple[object, ...]]:
    """What the outside market does to each asset: its prices and the impact of sales. Two drawn paths differ."""
    paths = build_paths(scenario)
    columns = zip(paths.assets, zip(*paths.values, strict=True), strict=True)
    return {name: (scenario.prices[name].impact, *column) for name, column in columns}


def _aave(build: Builder, scenario: Scenario, tokens: Mapping[str, str]) -> Standing:
    oracle = abi.to_address(_word(build, deployment(scenario).address, "getPriceOracle()"))
    prices = {name: _word(build, oracle, "getAssetPrice(address)", token) for name, token in tokens.items()}
    sources = {name: _word(build, oracle, "getSourceOfAsset(address)", token) for name, token in tokens.items()}
    return Standing(prices, {name: abi.to_address(source) for name, source in sources.items()})


def _comet(build: Builder, scenario: Scenario, tokens: Mapping[str, str]) -> Standing:
    comet = deployment(scenario).address
    base = _word(build, comet, "baseToken()")
    sources = {
        name: _word(build, comet, "baseTokenPriceFeed()")
        if int(token, 16) == base
        else _word(build, comet, "getAssetInfoByAddress(address)", token, at=2)
        for name, token in tokens.items()
    }
    feeds = {name: abi.to_address(source) for name, source in sources.items()}
    return Standing({name: _word(build, comet, "getPrice(address)", feed) for name, feed in feeds.items()}, feeds)


def _morpho(build: Builder, scenario: Scenario, tokens: Mapping[str, str]) -> Standing:
    """Morpho knows prices of pairs only: the loan asset's is the scenario's, the collateral's follows from it."""
    names = {token: name for name, token in tokens.items()}
    prices = {name: int(scenario.first_price(name) * 10**FEED_DECIMALS) for name in tokens}
    for each in _markets(build, scenario):
        loan, collateral = names[each.loan.lower()], names[each.collateral.lower()]
        places = 36 + scenario.assets[loan].decimals - scenario.assets[collateral].decimals
        prices[collateral] = _word(build, each.oracle, "price()") * prices[loan] // 10**places
    return Standing(prices, {})


_LOOK: Final[Mapping[str, Callable[[Builder, Scenario, Mapping[str, str]], Standing]]] = {
    "aave-v3": _aave,
    "morpho-blue": _morpho,
    "compound-v3": _comet,
}


def put_feeds(build: Builder, standing: Standing, tokens: Mapping[str, str]) -> dict[str, str]:
    """Puts a feed of ours where each asset's stands, and gives the addresses by asset. None has reported yet."""
    chain = rpc_of(build.chain)
    places = build.deploy_all([("PriceFeed", name, feed_arguments(name)) for name in tokens])
    made = dict(zip(tokens, places, strict=True))
    for name, feed in standing.sources.items():
        chain.set_code(feed, chain.code(made[name]))
    return {name: standing.sources.get(name, feed) for name, feed in made.items()}


def feed_arguments(name: str, asset: Asset | None = None) -> bytes:
    """What the PriceFeed of an asset is constructed with."""
    head = abi.encode(b"", addresses.HARNESS, 3 * abi.WORD, FEED_DECIMALS)
    return head + text(f"{name} / USD")


def attach(ground: Ground) -> Lending:
    """The scenario's protocol as it stands, with an adapter of ours in front of it; our feeds have reported."""
    from simulator.world.protocols import aave_v3, compound_v3, morpho_blue

    here = deployment(ground.scenario).address
    if ground.scenario.protocol.kind == "morpho-blue":
        markets = _markets(ground.build, ground.scenario)
        _put_oracles(ground, markets)
        return morpho_blue.attach(ground, here, markets)
    if ground.scenario.protocol.kind == "compound-v3":
        return compound_v3.attach(ground, here)
    return aave_v3.attach(ground, here)


def _put_oracles(ground: Ground, markets: Sequence[Params]) -> None:
    """An oracle of ours, out of the two assets' feeds, where each market's stands."""
    build, chain = ground.build, rpc_of(ground.build.chain)
    names = {token: name for name, token in ground.tokens.items()}
    for each in markets:
        pair = names[each.collateral.lower()], names[each.loan.lower()]
        arguments = abi.encode(b"", each.collateral, each.loan, *(ground.feeds[name] for name in pair))
        chain.set_code(each.oracle, chain.code(build.deploy("MorphoOracle", "/".join(pair), arguments)))


def _markets(build: Builder, scenario: Scenario) -> list[Params]:
    from simulator.world.protocols.morpho_blue import read_params

    here = deployment(scenario)
    return read_params(build, here.address, [bytes.fromhex(market[2:]) for market in here.markets])


def _word(build: Builder, to: str, function: str, *arguments: abi.Argument, at: int = 0) -> int:
    return abi.uint256(build.ask(to, SELECTORS[function], *arguments), at)
