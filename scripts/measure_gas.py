"""Measures the gas schedule on anvil and writes simulator/gas_schedule.json (docs/gas.md says what and how).

`make gas` runs it: `python scripts/measure_gas.py [FILE]`. The same contracts give the same figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from simulator.agents.orders import ANY_PROFIT, UNLIMITED, Order
from simulator.chain.anvil import AnvilChain
from simulator.chain.anvil_process import find_anvil
from simulator.chain.base import HARDFORK, Receipt, Transaction
from simulator.errors import ChainError
from simulator.gas import HELD, LEAST_POSITIONS, UNSOLD, Entry
from simulator.scenario import Scenario
from simulator.simulate import prepare
from simulator.units import PRICE
from simulator.world import World
from simulator.world.records import Filled

TARGET: Final = Path(__file__).parent.parent / "simulator" / "gas_schedule.json"
PROTOCOL: Final = "lending-pool"
ROUTES: Final = {HELD: (), UNSOLD: (), "constant-product": (0,), "constant-product+constant-product": (1, 2)}
"""Venues (by index) of the scenario below, by way."""
BACKING: Final = ("C0", "C1", "C2")
OWED: Final = ("D0", "D1", "D2")
SIZES: Final = tuple((collaterals, debts) for collaterals in (1, 2, 3) for debts in (1, 2, 3))
ASSETS: Final = (*BACKING, *OWED, "M")
UNDER: Final = 1.25
"""What all debts are worth, times the first price, when every account is a little under: half may be repaid."""
FAR_UNDER: Final = 2.5
"""As before, but far under: everything may be repaid, and accounts of one collateral cannot repay all they owe."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of liquidation: an account of so many balances, along a way, with or without bad debt."""

    way: str
    collaterals: int
    debts: int
    write_off: bool

    @property
    def losses(self) -> int:
        """How many debts are booked as lost: all, once the last collateral is gone."""
        return self.debts if self.write_off else 0

    @property
    def positions(self) -> int:
        return self.collaterals + self.debts

    @property
    def account(self) -> str:
        """The name of an account of that kind."""
        return f"a-{self.collaterals}-{self.debts}"


@dataclass(frozen=True, slots=True)
class Figure:
    """What anvil says of one order that stood alone in its transaction [gas]."""

    kind: Kind
    receipt: int  # of the whole transaction
    metered: int  # of the order alone, as the keeper's contract measures it


class MeteringChain(AnvilChain):
    """Anvil, and the receipts of its last block."""

    last: Sequence[Receipt] = ()

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        self.last = super().send(number, timestamp, transactions)
        return list(self.last)


def kinds() -> Iterator[Kind]:
    """Every kind that is measured."""
    for way in ROUTES:
        yield from (Kind(way, collaterals, debts, write_off=False) for collaterals, debts in SIZES)
        yield from (Kind(way, 1, debts, write_off=True) for debts in (1, 2, 3))


def measure() -> list[Figure]:
    """Every kind, each from the same state, alone in its transaction, on an anvil of its own."""
    scenario = _scenario()
    names = [account.name for account in scenario.positions or ()]
    found = []
    with MeteringChain() as chain:
        world = prepare(scenario, chain).world
        for write_off, factor in ((False, UNDER), (True, FAR_UNDER)):
            now = scenario.clock.start + (24 if write_off else 12)
            world.market_block(now, {}, {ASSETS.index(name): int(1000 * PRICE * factor) for name in OWED})
            _send(world, now, _order(Kind(HELD, 1, 3, write_off), names.index("first")))
            for kind in kinds():
                if kind.write_off == write_off:
                    found.append(_figure(chain, world, now, kind, names.index(kind.account)))
    return found


def _figure(chain: MeteringChain, world: World, now: int, kind: Kind, account: int) -> Figure:
    checkpoint, number = chain.snapshot(), world.number
    filled = _send(world, now, _order(kind, account))
    if len(filled.bad_debt) != kind.losses:
        raise ChainError(f"{kind}: found bad debt {filled.bad_debt}; allowed: of {kind.losses} assets")
    receipt = chain.last[0]
    chain.revert(checkpoint)
    world.number = number
    return Figure(kind, receipt.gas_used, filled.metered_gas)


def _send(world: World, now: int, order: Order) -> Filled:
    """One order, alone in a block; ChainError if it is refused."""
    ((outcome,),), _ = world.keeper_block(now, [(world.site.keepers[0], [order])], {})
    if not isinstance(outcome, Filled):
        raise ChainError(f"{order}: found {outcome}; allowed: a liquidation")
    return outcome


def _order(kind: Kind, account: int) -> Order:
    """An order that is neither sold nor held is paid by the treasury at a loss: the way of one asset both ways."""
    pair = ASSETS.index("C0"), ASSETS.index("D0")
    return Order(account, *pair, UNLIMITED, ANY_PROFIT, kind.way == HELD, ROUTES[kind.way])


# ---------------------------------------------------------------- the scenario


def _scenario() -> Scenario:
    """An account of every size, each owing 74 % of what backs it; everything costs 1000 USD when the book opens."""
    accounts = [_account("first", 1, 3), *(_account(f"a-{c}-{d}", c, d) for c, d in SIZES)]
    asset = {"decimals": "18", "ltv": "0.75", "liquidation_threshold": "0.8", "liquidation_bonus": "0.05"}
    asset |= {"protocol_fee": "0.1", "reserve_factor": "0.1"}
    rate = {"base": "0", "slope1": "0.05", "slope2": "0.8", "optimal": "0.9"}
    pairs = [("C0", "D0"), ("C0", "M"), ("M", "D0")]
    return Scenario.parse(
        {
            "schema": "1",
            "name": "gas",
            "clock": {"start": "2026-01-01T00:00:00Z", "step": "12s", "steps": "3"},
            "protocol": {"kind": PROTOCOL, "full_close_below_health": "0.5"},
            "assets": {name: {**asset, "rate": rate} for name in ASSETS},
            "lenders": dict.fromkeys(ASSETS, "1000000"),
            "book": {"accounts": accounts},
            "prices": {name: {"kind": "constant", "value": "1000"} for name in ASSETS},
            "venues": [
                {"name": f"v{index}", "kind": "constant-product", "base": base, "quote": quote, "fee": "0.0005"}
                | {"reserves": ["10000000", "10000000"]}
                for index, (base, quote) in enumerate(pairs)
            ],
            "keepers": [{"name": "k1", "sell": "hold"}],
        }
    )


def _account(name: str, collaterals: int, debts: int) -> dict[str, Any]:
    """1000 of the first collateral and 100 of each further; 20 of each further debt, the rest of the first."""
    backing = {asset: "1000" if asset == "C0" else "100" for asset in BACKING[:collaterals]}
    main = 740 + 74 * (collaterals - 1) - 20 * (debts - 1)
    owed = {asset: str(main) if asset == "D0" else "20" for asset in OWED[:debts]}
    return {"name": name, "collateral": backing, "debt": owed}


# ---------------------------------------------------------------- the schedule


def fit(figures: Sequence[Figure]) -> dict[str, Entry]:
    """By way: the least-squares line over balances without bad debt, and over what bad debt adds to it. Whole gas."""
    found = {}
    for way in ROUTES:
        plain = [figure for figure in figures if figure.kind.way == way and not figure.kind.write_off]
        lost = [figure for figure in figures if figure.kind.way == way and figure.kind.write_off]
        base, slope = _line([(f.kind.positions - LEAST_POSITIONS, f.receipt) for f in plain])
        more = [(f.kind.losses - 1, f.receipt - base - slope * (f.kind.positions - LEAST_POSITIONS)) for f in lost]
        found[way] = Entry(round(base), round(slope), *map(round, _line(more)))
    return found


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """(value at zero, slope) of the least-squares line."""
    count = len(points)
    middle, level = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    slope = sum((x - middle) * (y - level) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)
    return level - slope * middle, slope


def write(target: Path, entries: dict[str, Entry]) -> None:
    """The schedule's file. `as_of` is the day of measuring; it stays where every figure stayed."""
    figures = {way: asdict(entry) for way, entry in entries.items()}
    before = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    content: dict[str, Any] = {
        "as_of": datetime.now(UTC).date().isoformat(),
        "source": "anvil receipts of orders that stand alone in their transaction (docs/gas.md)",
        "chain": anvil_version(),
        "hardfork": HARDFORK,
        "protocols": {PROTOCOL: figures},
    }
    if {**before, "as_of": ""} == {**content, "as_of": ""}:
        content["as_of"] = before["as_of"]
    target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8", newline="\n")


def anvil_version() -> str:
    """As `anvil 1.7.1`."""
    done = subprocess.run([find_anvil(), "--version"], capture_output=True, text=True, check=True, timeout=60)
    return f"anvil {done.stdout.split()[2].partition('-')[0]}"


def main() -> int:
    """Prints every figure, then writes the schedule."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    figures = measure()
    entries = fit(figures)
    print(f"{'way':36} {'balances':>8} {'bad debt':>8} {'receipt':>8} {'schedule':>8} {'order alone':>11}")
    for figure in figures:
        kind = figure.kind
        scheduled = entries[kind.way].total(kind.positions, losses=kind.losses)
        size = f"{kind.collaterals}+{kind.debts}"
        lost = "yes" if kind.write_off else "no"
        print(f"{kind.way:36} {size:>8} {lost:>8} {figure.receipt:8} {scheduled:8} {figure.metered:11}")
    write(target, entries)
    print(f"\n{target.name}: {json.dumps({way: asdict(entry) for way, entry in entries.items()})}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
