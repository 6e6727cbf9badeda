"""A snapshot: the largest accounts of a protocol on a real chain, and its terms and prices, as a scenario."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from io import StringIO
from pathlib import Path
from typing import Any, Final

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Call
from simulator.deployments import STANDS, Deployment
from simulator.errors import ChainError, InputError, LiqsimError, NoAnswer
from simulator.scenario import Scenario
from simulator.scenario.scalars import plain
from simulator.scenario.yaml_text import write_yaml
from simulator.snapshot.aave_v3 import AaveV3Market
from simulator.snapshot.compound_v3 import CompoundV3Market
from simulator.snapshot.market import USD, Listed, Market, Modes
from simulator.snapshot.morpho_blue import MorphoBlueMarket
from simulator.snapshot.source import Progress, Source, Stage
from simulator.world.builder import Builder

POSITIONS: Final = "positions.csv"
SCENARIO: Final = "scenario.yaml"
ASKED_AT_ONCE: Final = 500
"""[accounts] whose debts are asked for between two reports of progress."""
ACCOUNTS_PER_CALL: Final = 5
"""anvil works on the calls of a batch side by side, and each waits for one slot after the other."""
CALLS_AT_ONCE: Final = 60
_EXACT: Final = Context(prec=80)
"""A uint256 has 78 digits."""
BLOCK_SECONDS: Final = {1: 12}
"""[s] by chain id; 2 elsewhere."""
STEP_SECONDS: Final = 60
STEPS: Final = 60

_MARKETS: Final[Mapping[str, Callable[[Source, Deployment], Market]]] = {
    "aave-v3": AaveV3Market,
    "morpho-blue": MorphoBlueMarket,
    "compound-v3": CompoundV3Market,
}


@dataclass(frozen=True, slots=True)
class Holding:
    """One account as the protocol has it: health [wad], collateral and debt by asset [token], and its e-mode."""

    address: str
    health: int
    collateral: Mapping[str, int]
    debt: Mapping[str, int]
    emode: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read: `raw` is the scenario without its accounts, `found` how many owed anything at all."""

    raw: Mapping[str, Any]
    holdings: tuple[Holding, ...]
    decimals: Mapping[str, int]
    found: int

    def scenario(self) -> Scenario:
        """The scenario, with the accounts in it."""
        accounts = [
            {
                "name": each.address,
                "collateral": self._tokens(each.collateral),
                "debt": self._tokens(each.debt),
                "emode": each.emode,
            }
            for each in self.holdings
        ]
        fork = {key: item for key, item in self.raw["book"]["fork"].items() if key != "file"}
        return Scenario.parse({**self.raw, "book": {"fork": {**fork, "accounts": accounts}}})

    def files(self) -> dict[str, str]:
        """The scenario and its table of positions, by the names they must have beside each other."""
        return {SCENARIO: write_yaml(dict(self.raw)), POSITIONS: self._positions()}

    def write(self, directory: Path) -> Path:
        """Writes `files` into `directory`, which is made, whole or not at all; the scenario's path.

        InputError if it cannot be written, or is there already and not empty.
        """
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".liqsim-", dir=directory.parent) as draft:
                whole = Path(draft) / "whole"
                whole.mkdir()
                for name, content in self.files().items():
                    (whole / name).write_text(content, encoding="utf-8", newline="\n")
                if directory.is_dir() and not directory.is_symlink():
                    directory.rmdir()
                whole.rename(directory)
        except OSError as error:
            raise InputError("--out", str(directory), f"a directory to write to ({error.strerror})") from None
        return directory / SCENARIO

    def _tokens(self, amounts: Mapping[str, int]) -> dict[str, str]:
        return {name: _whole(amount, self.decimals[name]) for name, amount in amounts.items()}

    def _positions(self) -> str:
        table = StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["account", "asset", "collateral", "debt", "emode"])
        for each in self.holdings:
            posted, owed = self._tokens(each.collateral), self._tokens(each.debt)
            for name in self.decimals:
                if name in posted or name in owed:
                    amounts = [side.get(name, "") for side in (posted, owed)]
                    rows.writerow([each.address, name, *amounts, each.emode or ""])
        return table.getvalue()


def take(source: Source, where: Deployment, count: int, progress: Progress | None = None) -> Snapshot:
    """The `count` accounts of `where` that owe most, in the block `source` begins at. The chain stays as it was.

    InputError for a protocol that cannot be read or has no borrowers there, ChainError for another chain.
    """
    if where.protocol not in _MARKETS:
        raise InputError("--protocol", where.protocol, " or ".join(_MARKETS))
    if source.chain_id != where.chain_id:
        raise ChainError(f"chain: found {source.chain_id}; allowed: {where.chain_id}, of {where.name}")
    if source.head.number < where.since_block:
        raise InputError("--fork-block", source.head.number, f"at least {where.since_block}: {where.name} begins there")
    market = _MARKETS[where.protocol](source, where)
    _check_stands(market, where, source.head.number)
    largest, found = _largest(market, count, progress)
    if not largest:
        raise InputError(
            "--fork-block", source.head.number, f"a block in which somebody owes something to {where.name}"
        )
    with _undone(source):
        rows, liquid = _rows(source, market, largest, progress)
    return _snapshot(source, where, market, _holdings(market, largest, rows), liquid, found)


def _check_stands(market: Market, where: Deployment, block: int) -> None:
    """InputError if what stands there does not answer as the protocol does."""
    said = ""
    try:
        list(market.assets)
        return
    except NoAnswer as error:
        said = f" ({error})"
    except (ValueError, TypeError, IndexError):  # words, but others than the protocol's
        said = " (what answers there is something else)"
    raise InputError("--address", where.address, f"{STANDS[where.protocol]}, as of block {block}{said}")


def _largest(market: Market, count: int, progress: Progress | None) -> tuple[list[str], int]:
    """The accounts that owe most, largest first; and how many owe anything."""
    known = market.borrowers(progress)
    debts: dict[str, int] = {}
    for start in range(0, len(known), ASKED_AT_ONCE):
        part = known[start : start + ASKED_AT_ONCE]
        debts.update({who: debt for who, debt in zip(part, market.debts(part), strict=True) if debt})
        if progress is not None:
            progress(Stage("debts", start + len(part), len(known), len(debts)))
    ranked = sorted(debts, key=lambda who: (-debts[who], who))
    return ranked[:count], len(debts)


@contextmanager
def _undone(source: Source) -> Iterator[None]:
    """The chain as it was, also after an error; but for who interrupts, who gets no further answers from it."""
    before = source.snapshot()
    try:
        yield
    except LiqsimError:
        with suppress(ChainError):  # the first error says more
            source.revert(before)
        raise
    source.revert(before)


def _rows(
    source: Source, market: Market, who: Sequence[str], progress: Progress | None
) -> tuple[list[tuple[int, ...]], dict[str, int]]:
    """`ILendingAdapter.accounts` of each account, and the tokens the protocol holds, by asset."""
    build = Builder(source, source.head.timestamp)
    contract, arguments = market.adapter
    adapter = build.deploy(contract, "snapshot", arguments)
    encode, width = load(contract).encode, 1 + 2 * len(market.assets)
    rows: list[tuple[int, ...]] = []
    size = ACCOUNTS_PER_CALL * CALLS_AT_ONCE
    for start in range(0, len(who), size):
        part = who[start : start + size]
        groups = [part[at : at + ACCOUNTS_PER_CALL] for at in range(0, len(part), ACCOUNTS_PER_CALL)]
        calls = [Call(adapter, encode("accounts", list[abi.Static](group))) for group in groups]
        for output in source.call(build.number + 1, build.timestamp, calls):
            flat = abi.array(output)
            rows += [flat[at : at + width] for at in range(0, len(flat), width)]
        if progress is not None:
            progress(Stage("accounts", len(rows), len(who), len(rows)))
    (totals,) = source.call(build.number + 1, build.timestamp, [Call(adapter, encode("totals"))])
    held = [row[2] for row in abi.structs(totals, 7)]
    return rows, dict(zip((listed.name for listed in market.assets), held, strict=True))


def _holdings(market: Market, who: Sequence[str], rows: Sequence[tuple[int, ...]]) -> tuple[Modes, list[Holding]]:
    modes = market.modes(who)
    emodes = modes.of or (None,) * len(who)
    names = [listed.name for listed in market.assets]
    holdings = []
    for address, (health, *balances), emode in zip(who, rows, emodes, strict=True):
        sides = (dict(zip(names, balances[side::2], strict=True)) for side in (0, 1))
        posted, owed = ({name: amount for name, amount in side.items() if amount} for side in sides)
        holdings.append(Holding(address, health, posted, owed, emode))
    return modes, holdings


def _snapshot(
    source: Source,
    where: Deployment,
    market: Market,
    read: tuple[Modes, list[Holding]],
    liquid: Mapping[str, int],
    found: int,
) -> Snapshot:
    modes, holdings = read
    used = market.needed | {name for each in holdings for name in (*each.collateral, *each.debt)}
    listed = [each for each in market.assets if each.name in used]
    for each in listed:
        if not each.price:
            raise ChainError(f"price of {each.name} ({each.token}): found 0; allowed: a price above 0")
    protocol = {
        "kind": where.protocol,
        "deployment": dict(market.deployment),
        "emodes": _modes(modes, used),
        **market.rules,
    }
    raw = {
        "schema": 1,
        "name": where.name,
        "description": f"The {len(holdings)} largest of {found} accounts that owed something to {where.name} "
        f"in block {source.head.number}, with the protocol's terms and prices there.",
        "clock": _clock(source),
        "protocol": protocol,
        "assets": {each.name: {"decimals": each.decimals, **each.terms, "address": each.token} for each in listed},
        "lenders": _lenders(listed, holdings, liquid),
        "book": {"fork": {"chain_id": where.chain_id, "block": source.head.number, "file": POSITIONS}},
        "prices": {each.name: {"kind": "constant", "value": plain(each.price * USD)} for each in listed},
        "keepers": [{"name": "keeper", "sell": "hold"}],
        "provenance": _provenance(source, where, market),
    }
    return Snapshot(raw, tuple(holdings), {each.name: each.decimals for each in listed}, found)


def _whole(amount: int, decimals: int) -> str:
    """`amount` [token] in whole tokens, to its last digit."""
    return plain(Decimal(amount).scaleb(-decimals, _EXACT))


def _modes(modes: Modes, used: set[str]) -> dict[str, Any]:
    """The categories somebody is in, over the assets that are in the scenario."""
    return {
        name: {
            **terms,
            "collateral": [asset for asset in terms["collateral"] if asset in used],
            "borrow": [asset for asset in terms["borrow"] if asset in used],
        }
        for name, terms in modes.categories.items()
    }


def _clock(source: Source) -> dict[str, Any]:
    block = BLOCK_SECONDS.get(source.chain_id, 2)
    start = datetime.fromtimestamp(source.head.timestamp + block, UTC)
    return {
        "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "step": f"{STEP_SECONDS}s",
        "steps": STEPS,
        "block": f"{block}s",
    }


def _lenders(listed: Sequence[Listed], holdings: Sequence[Holding], liquid: Mapping[str, int]) -> dict[str, str]:
    """What others supply, such that as much can leave each reserve as on the chain."""
    lent = {}
    for each in listed:
        posted = sum(account.collateral.get(each.name, 0) for account in holdings)
        owed = sum(account.debt.get(each.name, 0) for account in holdings)
        lent[each.name] = _whole(max(liquid[each.name] + owed - posted, 0), each.decimals)
    return lent


def _provenance(source: Source, where: Deployment, market: Market) -> list[dict[str, Any]]:
    as_of = datetime.fromtimestamp(source.head.timestamp, UTC).strftime("%Y-%m-%d")
    block = f"block {source.head.number} of chain {source.chain_id}, read from the protocol's contracts"
    recorded = {"status": "recorded", "source": f"{block}{market.assumed}", "as_of": as_of}
    assumed = {"status": "assumed", "source": "a keeper with money of its own, as snapshots have it", "as_of": as_of}
    made_up = "such that as much can leave each reserve as in that block; all other suppliers and debts are left out"
    reconstructed = {"status": "reconstructed", "source": made_up, "as_of": as_of}
    return [
        *({"covers": section, **recorded} for section in ("assets", "book", "prices", "protocol")),
        {"covers": "lenders", **reconstructed},
        {"covers": "keepers", **assumed},
    ]
