"""A results directory by hand: every number is written or follows from a line of arithmetic, none comes from a run."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.trace import digest

WAD = 10**18
START = 1_583_971_200  # 2020-03-12T00:00:00Z
HEADERS = {
    "liquidations": "step,time,wave,generation,induced,keeper,account,collateral,debt,repaid,seized,received,"
    "protocol_fee,proceeds,profit,bad_debt,health_before,health_after,gas_used",
    "refusals": "step,time,wave,keeper,account,collateral,debt,repay,error",
}
STEP_TAIL = (
    "unhealthy", "debt_at_risk_usd", "latent_bad_debt_usd", "latent_at_oracle_usd", "realised_bad_debt_usd", "loss_usd",
    "gas_used",
)  # fmt: skip


@dataclass
class Run:
    """What a test says of a run; the rest is filled in. `prices[k]`: market, oracle, venue of `asset`."""

    prices: Sequence[tuple[str, str, str]] = (("1900.00000000", "1900.00000000", "1900.00000000"),)
    asset: str = "WETH"
    name: str = "by-hand"
    description: str = "Reconstructed by hand."
    step: int = 24
    liquidations: list[dict[str, object]] = field(default_factory=list)
    refusals: list[dict[str, object]] = field(default_factory=list)
    accounts: list[dict[str, object]] = field(default_factory=list)
    steps: dict[int, dict[str, object]] = field(default_factory=dict)
    summary: dict[str, object] = field(default_factory=dict)
    manifest: dict[str, object] = field(default_factory=dict)

    def liquidate(self, step: int, account: str, repaid_usd: int, generation: int = 0, **more: object) -> None:
        """Repays whole USDC, which is 1 USD throughout."""
        row: dict[str, object] = {
            "step": step, "time": START + step * self.step, "wave": 1, "generation": generation,
            "induced": int(generation > 0), "keeper": "k1", "account": account, "collateral": self.asset,
            "debt": "USDC", "repaid": repaid_usd * 10**6, "seized": repaid_usd * WAD // 1_800,
            "received": repaid_usd * WAD // 1_800,
            "protocol_fee": 0, "proceeds": repaid_usd * 1_040_000, "profit": repaid_usd * 40_000,
            "bad_debt": "", "health_before": 97 * WAD // 100, "health_after": 104 * WAD // 100, "gas_used": 400_000,
        }  # fmt: skip
        self.liquidations.append({**row, **more})

    def refuse(self, step: int, account: str, error: str) -> None:
        """An order that failed."""
        where = {"step": step, "time": START + step * self.step, "wave": 1, "keeper": "k1", "account": account}
        self.refusals.append({**where, "collateral": self.asset, "debt": "USDC", "repay": "", "error": error})

    def hold(self, account: str, health: str, debt: int, end: str = "", drop: str = "") -> None:
        """An account by its health at the start (empty: unlimited) and at the end (as at the start, if left out)."""
        healths = {"health_start": _wad(health), "health_end": _wad(end or health)}
        amounts = {f"collateral_{self.asset}_start": 10 * WAD, f"collateral_{self.asset}_end": 9 * WAD}
        owed = {"debt_USDC_start": debt * 10**6, "debt_USDC_end": debt * 10**6}
        self.accounts.append({"account": account, **healths, "liquidation_drop_start": drop, **amounts, **owed})

    def write(self, directory: Path) -> Path:
        """All files of a results directory but the report."""
        directory.mkdir(parents=True, exist_ok=True)
        tables = {"steps": self._steps(), "accounts": self._accounts()}
        tables |= {name: table(header.split(","), getattr(self, name)) for name, header in HEADERS.items()}
        for name, content in tables.items():
            (directory / f"{name}.csv").write_text(content, encoding="utf-8", newline="\n")
        trace = digest(tables)
        for name, found in (("manifest", self._manifest(trace)), ("summary", self._summary(trace))):
            (directory / f"{name}.json").write_text(
                json.dumps(found, ensure_ascii=False, default=float), encoding="utf-8"
            )
        (directory / "scenario.yaml").write_text(self._scenario(), encoding="utf-8")
        return directory

    def _steps(self) -> str:
        kinds = ("market", "oracle", "venue")
        assets = [f"{kind}_{asset}" for asset in (self.asset, "USDC") for kind in kinds]
        counts = Counter(int(str(row["step"])) for row in self.liquidations)
        rows = []
        for k, prices in enumerate(self.prices):
            count = counts[k]
            row = {"step": k, "time": START + k * self.step, "waves": min(count, 1), "liquidations": count}
            pegged = ("1.00000000", "1.00000000", "")
            nothing = {name: "0.000000" if name.endswith("usd") else 0 for name in STEP_TAIL}
            rows.append(
                {**row, **dict(zip(assets, (*prices, *pegged), strict=True)), **nothing, **self.steps.get(k, {})}
            )
        return table(["step", "time", "waves", "liquidations", *assets, *STEP_TAIL], rows)

    def _accounts(self) -> str:
        amounts = [
            f"{k}_{a}_{at}" for a in (self.asset, "USDC") for k in ("collateral", "debt") for at in ("start", "end")
        ]
        head = ["account", "liquidations", "health_start", "health_end", "liquidation_drop_start"]
        hits = Counter(str(row["account"]) for row in self.liquidations)
        rows = [
            {**dict.fromkeys(amounts, 0), **row, "liquidations": hits[str(row["account"])]} for row in self.accounts
        ]
        return table([*head, *amounts], rows)

    def _summary(self, digest: str) -> dict[str, Any]:
        repaid = sum(int(str(row["repaid"])) for row in self.liquidations) / 10**6
        induced = sum(int(str(row["induced"])) for row in self.liquidations)
        count = len(self.liquidations)
        money = dict.fromkeys(MONEY, 0.0) | {"debt_repaid_usd": repaid}
        columns = zip(("market_low", "oracle_low", "venue_low"), zip(*self.prices, strict=True), strict=True)
        lows = {name: min((float(cell) for cell in cells if cell), default=None) for name, cells in columns}
        return {
            "accounts": len(self.accounts), "accounts_liquidated": len({row["account"] for row in self.liquidations}),
            "liquidations": count, "refusals": len(self.refusals), **money, "waves_max": min(count, 1),
            "generations_max": max((int(str(row["generation"])) for row in self.liquidations), default=0),
            "induced_liquidations": induced, "induced_share": induced / count if count else 0.0, "amplification": None,
            "gas_used": 400_000 * count,
            "prices": {self.asset: lows, "USDC": {"market_low": 1.0, "oracle_low": 1.0, "venue_low": None}},
            "by_debt": {"USDC": {"debt_repaid_usd": repaid, "loss_usd": 0.0}},
            "by_collateral": {self.asset: {"seized_usd": 0.0}},
            "concentration": {"top1_share": 0.0, "top10_share": 0.0}, "digest": digest, **self.summary,
        }  # fmt: skip

    def _manifest(self, digest: str) -> dict[str, Any]:
        return {
            "schema": 1, "scenario": self.name, "description": self.description, "scenario_digest": "0" * 64,
            "trace_digest": digest, "seed": 7, "chain": "revm", "hardfork": "CANCUN", "fork_block": None,
            "versions": {"liqsim": "0.1.0"}, "code_hashes": {"LendingPool": "ab" * 32},
            "columns": {"contracts": ["liquidations.repaid"], "assumptions": {"steps.market": "the price path"}},
            "provenance": [{"covers": "book", "status": "assumed", "source": "a test", "as_of": "2026-01-01"}],
            **self.manifest,
        }  # fmt: skip

    def _scenario(self) -> str:
        assets = {self.asset: {"decimals": 18}, "USDC": {"decimals": 6}}
        return json.dumps({"clock": {"step": f"{self.step}s"}, "assets": assets}, ensure_ascii=False)


MONEY = (
    "debt_repaid_usd", "collateral_seized_usd", "realised_bad_debt_usd", "latent_bad_debt_usd", "latent_at_oracle_usd",
    "peak_latent_bad_debt_usd", "loss_usd", "insurance_used_usd", "protocol_fees_usd", "keeper_profit_usd",
)  # fmt: skip


def table(header: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """CSV with LF."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _wad(health: str) -> object:
    return round(float(health) * 10**6) * 10**12 if health else ""
