"""The venues by kind: each deployed with its liquidity, behind `IVenue`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Transaction
from simulator.errors import InputError
from simulator.scenario import ConstantProduct, Scenario
from simulator.units import to_base_units
from simulator.world import addresses
from simulator.world.builder import Builder, transaction

PPM = 10**6


def open_venue(
    build: Builder, scenario: Scenario, venue: ConstantProduct, tokens: Mapping[str, str], label: str
) -> str:
    """Deploys `venue` with its liquidity; `label` sets two deployments of one venue apart. Address of its `IVenue`."""
    arguments = abi.encode(b"", tokens[venue.base], tokens[venue.quote], _fee(venue))
    address = build.deploy("ConstantProductPool", label, arguments)
    build.must(f"opening venue {venue.name}", list(_reserves(scenario, venue, tokens, address)))
    return address


def _fee(venue: ConstantProduct) -> int:
    scaled = venue.fee * PPM
    if scaled != int(scaled):
        raise InputError(f"venues.{venue.name}.fee", venue.fee, "at most 6 decimal places")
    return int(scaled)


def _reserves(
    scenario: Scenario, venue: ConstantProduct, tokens: Mapping[str, str], address: str
) -> Iterator[Transaction]:
    """The transactions that put the venue's reserves in."""
    path, token = f"venues.{venue.name}.reserves", load("Token")
    amounts = []
    for name, amount in zip((venue.base, venue.quote), venue.reserves, strict=True):
        amounts.append(to_base_units(amount, scenario.assets[name].decimals, path))
        yield transaction(tokens[name], token.encode("mint", addresses.HARNESS, amounts[-1]))
        yield transaction(tokens[name], token.encode("approve", address, amounts[-1]))
    yield transaction(address, load("ConstantProductPool").encode("open", *amounts))
