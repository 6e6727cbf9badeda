"""What the scripts for `ape run` have in common: a fork by ape, a scenario of its real accounts, a drop, a summary."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from simulator.chain.anvil_process import find_anvil
from simulator.deployments import Deployment
from simulator.errors import ChainError, InputError, LiqsimError
from simulator.progress import Line, Stages
from simulator.report.table import summary_table
from simulator.result import Result, writable
from simulator.running import run
from simulator.scenario import Scenario
from simulator.snapshot import take
from simulator.testing import ape_chain
from simulator.testing.foundry import FoundryChain

STABLE: Final = (Decimal("0.9"), Decimal("1.1"))
"""[USD] Prices between these stand still unless they are named: a dollar token does not fall with the market."""


def shock_command(where: Deployment) -> click.Command:
    """The command of one script: the accounts of `where`, on a fork, under a price drop."""
    share, count = "Share by which prices fall at once.", "How many accounts, the largest first."
    options = [
        click.Option(["--network"], default=where.network, show_default=True, help="Ape's fork to run on."),
        click.Option(["--block"], type=click.IntRange(0), help="Fork after it; the scenario's, or the newest."),
        click.Option(["--scenario"], type=click.Path(path_type=Path), help="Of a snapshot; else one is taken now."),
        click.Option(["--borrowers"], type=click.IntRange(1), default=300, show_default=True, help=count),
        click.Option(["--drop"], default="0.3", show_default=True, help=share),
        click.Option(["--asset", "assets"], multiple=True, help="What falls (repeatable); all but dollar tokens."),
        click.Option(["--steps"], type=click.IntRange(2), default=10, show_default=True, help="Steps of the clock."),
        click.Option(["--out"], help="Write the results directory here."),
    ]
    help = f"{where.protocol} on {where.network.partition(':')[0]}: its real accounts, on a fork, under a price drop."
    return click.Command("cli", params=list(options), callback=_command(where), help=help)


def _command(where: Deployment) -> Any:
    def command(
        network: str, block: int | None, scenario: Path | None, borrowers: int, drop: str, assets: tuple[str, ...],
        steps: int, out: str | None,
    ) -> None:  # fmt: skip
        try:
            target = None if out is None else writable(out)
            asked = None if scenario is None else Scenario.load(str(scenario))
            begin = _block_of(asked) if block is None else block
            with fork(where, network, begin) as chain:
                found = asked or _snapshot(where, chain, borrowers)
                with Line(sys.stderr, found.name, chain.name) as line:
                    result = run(shocked(found, drop, steps, assets), chain, progress=line)
            _tell(result, target)
        except LiqsimError as error:
            failure = click.ClickException(str(error))
            failure.exit_code = error.exit_code
            raise failure from None

    return command


def _snapshot(where: Deployment, chain: FoundryChain, borrowers: int) -> Scenario:
    with Stages(sys.stderr, where.name) as line:
        return take(chain, where, borrowers, line).scenario()


def shocked(scenario: Scenario, drop: str, steps: int, assets: Sequence[str] = ()) -> Scenario:
    """`scenario` with `steps` steps, in whose second the price of each of `assets` falls by `drop`, for good.

    Without `assets`, all those fall that were no dollar token. InputError for one without a constant price.
    """
    prices: dict[str, dict[str, Any]] = scenario.resolved()["prices"]
    found = scenario.replace("clock.steps", str(steps))
    for asset in assets or _unpegged(prices):
        kind = prices.get(asset, {}).get("kind", "none")
        if kind != "constant":
            raise InputError(f"prices.{asset}.kind", kind, "constant, as `liqsim snapshot` writes it")
        at = f"{scenario.clock.step}s"
        fall = {"kind": "instant", "at": at, "from": prices[asset]["value"], "drop": drop}
        found = found.replace(f"prices.{asset}", fall)
    return found


def _unpegged(prices: dict[str, dict[str, Any]]) -> list[str]:
    lowest, highest = STABLE
    constant = {asset: path["value"] for asset, path in prices.items() if path["kind"] == "constant"}
    return [asset for asset, value in constant.items() if not lowest <= Decimal(str(value)) <= highest]


@contextmanager
def fork(where: Deployment, network: str, block: int | None = None) -> Iterator[FoundryChain]:
    """The chain of `network` after `block` (None: what ape's settings say, or the newest), connected by ape.

    ChainError if ape cannot connect, or if the chain is no fork of the deployment's.
    """
    ape = importlib.import_module("ape")
    with _anvil_on_path(), ExitStack() as stack:
        try:
            provider = stack.enter_context(ape.networks.parse_network_choice(network, _pinned(network, block)))
            found = provider.chain_id
        except (ape.exceptions.ApeException, OSError) as error:
            raise _unreachable(network, error) from None  # what ape says may hold the address, and its key
        if found != where.chain_id:
            raise ChainError(f"--network {network}: found chain {found}; allowed: {where.chain_id}, of {where.name}")
        with ape_chain(provider) as chain:
            if not isinstance(chain, FoundryChain):
                raise ChainError(f"--network {network}: found {chain.name}; allowed: a fork by foundry")
            yield chain


def _pinned(network: str, block: int | None) -> dict[str, Any]:
    """What ape-foundry takes for a fork that begins after `block`."""
    ecosystem, _, rest = network.partition(":")
    upstream = rest.partition(":")[0].removesuffix("-fork")
    return {} if block is None else {"fork": {ecosystem: {upstream: {"block_number": block}}}}


def _block_of(scenario: Scenario | None) -> int | None:
    book = None if scenario is None else scenario.book.fork
    return None if book is None else book.block


def _unreachable(network: str, error: Exception) -> ChainError:
    return ChainError(
        f"--network {network}: found no connection ({type(error).__name__}); "
        "allowed: a network whose RPC address ape knows (ape-config.yaml, node: …) and can reach"
    )


@contextmanager
def _anvil_on_path() -> Iterator[None]:
    """Ape looks for anvil there alone; the pinned one is put there if there is none."""
    before = os.environ.get("PATH", "")
    if shutil.which("anvil") is None:
        os.environ["PATH"] = os.pathsep.join([str(find_anvil().parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _tell(result: Result, target: Path | None) -> None:
    if target is not None:
        result.write(target)
    scenario = result.scenario
    click.echo(summary_table(result.summary, scenario.name, scenario.description, result.chain))
    if target is not None:
        click.echo(f"\nresults: {target}  (open {target / 'report.html'})")
