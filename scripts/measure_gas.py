"""Measures the gas schedule on anvil and writes simulator/gas_schedule.json (docs/gas.md says what and how).

`make gas` runs it: `python scripts/measure_gas.py [FILE]`. The same contracts give the same figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
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
from simulator.world.records import Filled

TARGET: Final = Path(__file__).parent.parent / "simulator" / "gas_schedule.json"
BACKING: Final = ("C0", "C1", "C2")
OWED: Final = ("D0", "D1", "D2")
BETWEEN: Final = "M"
"""What a route of two venues goes through."""
ASSETS: Final = (*BACKING, *OWED, BETWEEN)
FIRST: Final = "first"
"""The account whose liquidations pay what only the first of a run pays."""
SMALL: Final = 10**18
"""[token] What is repaid there: so little that the account can be liquidated again."""
UNDER: Final = 1.12
"""What all debts are worth, times the first price, when every account is a little under: nothing is lost."""
FAR_UNDER: Final = 2.5
"""As before, but far under: everything may be repaid, and accounts of one collateral cannot repay all they owe."""
PRICE_V3: Final = "1.2"
"""Where the concentrated pools stand: far from the next word of their ticks either way."""

# ---------------------------------------------------------------- what there is to measure


@dataclass(frozen=True, slots=True)
class Reach:
    """What a protocol can express: accounts of so many balances, lost debts, a pair of one asset, an asset's keys."""

    most: int  # collaterals, and debts, of one account
    loses: bool  # it books the debt of an account without collateral as lost
    same: bool  # collateral and debt may be one asset
    asset: Mapping[str, str]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(collaterals, debts) of every account."""
        counts = range(1, self.most + 1)
        return [(collaterals, debts) for collaterals in counts for debts in counts]


_CROSS: Final = {"ltv": "0.75", "liquidation_threshold": "0.8", "liquidation_bonus": "0.05", "protocol_fee": "0.1"}
PROTOCOLS: Final[Mapping[str, Reach]] = {
    "lending-pool": Reach(3, True, True, _CROSS),
    "aave-v3": Reach(3, True, True, _CROSS),
    "morpho-blue": Reach(1, True, False, {"liquidation_threshold": "0.8"}),
    "compound-v2": Reach(3, False, True, {"liquidation_threshold": "0.8", "liquidation_bonus": "0.05"}),
}
VENUES: Final[Mapping[str, Mapping[str, Any]]] = {
    "constant-product": {"reserves": ["10000000", "10000000"], "fee": "0.0005"},
    "uniswap-v2": {"reserves": ["10000000", "10000000"]},
    "uniswap-v3": {
        "price": PRICE_V3,
        "fee": "0.0005",
        "liquidity": [{"lower": "0.5", "upper": "2", "liquidity": str(10**24)}],
    },
    "depth": {"curve": [["0.01", "1e12"], ["0.02", "2e12"], ["0.05", "4e12"]], "fee": "0.0005"},
}
"""Each stands three times: between collateral and debt, and from either to the asset between."""
MARKETS: Final = (("C0", "D0"), ("C0", BETWEEN), (BETWEEN, "D0"))
ROUTES: Final[Mapping[str, tuple[int, ...]]] = {
    HELD: (),
    UNSOLD: (),
    **{kind: (index,) for index, kind in enumerate(VENUES)},
    **{
        f"{first}+{second}": (len(VENUES) + one, 2 * len(VENUES) + other)
        for one, first in enumerate(VENUES)
        for other, second in enumerate(VENUES)
    },
}
"""Venues (by index) of the scenario below, by way."""


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


def ways(protocol: str) -> list[str]:
    """Every way a liquidation may go there."""
    return [way for way in ROUTES if way != UNSOLD or PROTOCOLS[protocol].same]


def kinds(protocol: str, along: Sequence[str]) -> Iterator[Kind]:
    """Every kind that is measured there, along these ways."""
    reach = PROTOCOLS[protocol]
    for way in along:
        yield from (Kind(way, collaterals, debts, write_off=False) for collaterals, debts in reach.sizes)
        if reach.loses:
            yield from (Kind(way, 1, debts, write_off=True) for debts in range(1, reach.most + 1))


# ---------------------------------------------------------------- measuring


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


def measure(protocol: str, along: Sequence[str]) -> list[Figure]:
    """Every kind along these ways, each from the same state, alone in its transaction, on an anvil of its own."""
    with MeteringChain() as chain:
        bench = Bench(chain, protocol)
        found = bench.part(12, UNDER, [kind for kind in kinds(protocol, along) if not kind.write_off])
        return found + bench.part(36, FAR_UNDER, [kind for kind in kinds(protocol, along) if kind.write_off])


class Bench:
    """A protocol with the book of `_scenario` on a chain."""

    def __init__(self, chain: MeteringChain, protocol: str) -> None:
        scenario = _scenario(protocol)
        self._chain, self._start, self._loses = chain, scenario.clock.start, PROTOCOLS[protocol].loses
        self._world = prepare(scenario, chain).world
        self._names = [account.name for account in scenario.positions or ()]

    def part(self, after: int, factor: float, wanted: Sequence[Kind]) -> list[Figure]:
        """The figures of `wanted` at one price of all debts, `after` so many seconds; what only a first order pays is
        paid a block before."""
        if not wanted:
            return []
        now, world = self._start + after, self._world
        world.market_block(now, [], {ASSETS.index(name): int(1000 * PRICE * factor) for name in OWED}, {})
        if wanted[0].write_off:
            self._send(now, self._order(HELD, FIRST))
        else:
            for way in (HELD, *VENUES, *(f"{kind}+{kind}" for kind in VENUES)):
                self._send(now, self._order(way, FIRST, SMALL))
        now += 12
        world.market_block(now, [], {}, {})
        return [self._figure(now, kind) for kind in wanted]

    def _figure(self, now: int, kind: Kind) -> Figure:
        checkpoint, number = self._chain.snapshot(), self._world.number
        filled = self._send(now, self._order(kind.way, kind.account))
        if len(filled.bad_debt) != kind.losses:
            raise ChainError(f"{kind}: found bad debt {filled.bad_debt}; allowed: of {kind.losses} assets")
        receipt = self._chain.last[0]
        self._chain.revert(checkpoint)
        self._world.number = number
        return Figure(kind, receipt.gas_used, filled.metered_gas)

    def _send(self, now: int, order: Order) -> Filled:
        """One order, alone in a block; ChainError if it is refused."""
        ((outcome,),), _ = self._world.keeper_block(now, [(self._world.site.keepers[0], [order])], {})
        if not isinstance(outcome, Filled):
            raise ChainError(f"{order}: found {outcome}; allowed: a liquidation")
        return outcome

    def _order(self, way: str, account: str, repay: int = UNLIMITED) -> Order:
        """One that is neither sold nor held is paid by the treasury at a loss: the way of one asset both ways."""
        pair = ASSETS.index("C0"), ASSETS.index("D0")
        return Order(self._names.index(account), *pair, repay, ANY_PROFIT, way == HELD, ROUTES[way])


# ---------------------------------------------------------------- the scenario


def _scenario(protocol: str) -> Scenario:
    """An account of every size, each owing 74 % of what backs it; everything costs 1000 USD when the book opens."""
    reach = PROTOCOLS[protocol]
    accounts = [_account(FIRST, 1, reach.most), *(_account(f"a-{c}-{d}", c, d) for c, d in reach.sizes)]
    rate = {"base": "0", "slope1": "0.05", "slope2": "0.8", "optimal": "0.9"}
    asset = {"decimals": "18", "reserve_factor": "0.1", "rate": rate, **reach.asset}
    return Scenario.parse(
        {
            "schema": "1",
            "name": "gas",
            "clock": {"start": "2026-01-01T00:00:00Z", "step": "12s", "steps": "3"},
            "protocol": {"kind": protocol},
            "assets": dict.fromkeys(ASSETS, asset),
            "lenders": dict.fromkeys(OWED[: reach.most], "1000000"),
            "book": {"accounts": accounts},
            "prices": {name: {"kind": "constant", "value": "1000"} for name in ASSETS},
            "venues": [
                {"name": f"{kind}-{base}-{quote}", "kind": kind, "base": base, "quote": quote, **depth}
                for base, quote in MARKETS
                for kind, depth in VENUES.items()
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
    for way in dict.fromkeys(figure.kind.way for figure in figures):
        plain = [figure for figure in figures if figure.kind.way == way and not figure.kind.write_off]
        lost = [figure for figure in figures if figure.kind.way == way and figure.kind.write_off]
        base, slope = _line([(f.kind.positions - LEAST_POSITIONS, f.receipt) for f in plain])
        more = [(f.kind.losses - 1, f.receipt - base - slope * (f.kind.positions - LEAST_POSITIONS)) for f in lost]
        found[way] = Entry(round(base), round(slope), *map(round, _line(more)))
    return found


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """(value at zero, slope) of the least-squares line; flat through points of one x, nothing without points."""
    if not points:
        return 0, 0
    count = len(points)
    middle, level = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - middle) ** 2 for x, _ in points)
    slope = sum((x - middle) * (y - level) for x, y in points) / spread if spread else 0
    return level - slope * middle, slope


def furthest(entry: Entry, figures: Sequence[Figure]) -> float:
    """By how much of a receipt the schedule is off at most; below zero where it says less."""
    off = [entry.total(f.kind.positions, losses=f.kind.losses) / f.receipt - 1 for f in figures]
    return max(off, key=abs)


def write(target: Path, entries: Mapping[str, Mapping[str, Entry]]) -> None:
    """The schedule's file, a line for each way. `as_of` is the day of measuring; it stays where every figure stayed."""
    before = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    content: dict[str, Any] = {
        "as_of": datetime.now(UTC).date().isoformat(),
        "source": "anvil receipts of orders that stand alone in their transaction (docs/gas.md)",
        "chain": anvil_version(),
        "hardfork": HARDFORK,
        "protocols": {kind: {way: asdict(entry) for way, entry in rows.items()} for kind, rows in entries.items()},
    }
    if {**before, "as_of": ""} == {**content, "as_of": ""}:
        content["as_of"] = before["as_of"]
    target.write_text(_lines(content) + "\n", encoding="utf-8", newline="\n")


def _lines(content: Any, depth: int = 0) -> str:
    """JSON whose innermost objects stand on one line."""
    if not isinstance(content, dict) or not any(isinstance(value, dict | str) for value in content.values()):
        return json.dumps(content)
    inside = "  " * (depth + 1)
    rows = [f"{inside}{json.dumps(key)}: {_lines(value, depth + 1)}" for key, value in content.items()]
    return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"


def anvil_version() -> str:
    """As `anvil 1.7.1`."""
    done = subprocess.run([find_anvil(), "--version"], capture_output=True, text=True, check=True, timeout=60)
    return f"anvil {done.stdout.split()[2].partition('-')[0]}"


def main() -> int:
    """Prints every entry and how far it is from its receipts, then writes the schedule."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    entries: dict[str, dict[str, Entry]] = {}
    print(f"{'protocol':14}{'way':36}{'liquidation':>12}{'position':>10}{'write-off':>10}{'loss':>8}{'off':>8}")
    for protocol in PROTOCOLS:
        figures = measure(protocol, ways(protocol))
        entries[protocol] = fit(figures)
        for way, entry in entries[protocol].items():
            off = furthest(entry, [figure for figure in figures if figure.kind.way == way])
            terms = f"{entry.liquidation:12}{entry.per_position:10}{entry.write_off:10}{entry.further_loss:8}"
            print(f"{protocol:14}{way:36}{terms}{off:8.2%}", flush=True)
    write(target, entries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
