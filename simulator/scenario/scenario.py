"""A scenario: what a run is asked to do. Load it, change it, write it back, identify it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from os.path import isfile
from pathlib import Path
from typing import Any, Final, Self

from pydantic import PrivateAttr, ValidationError

from simulator.errors import InputError, UnknownKey
from simulator.scenario.book import Account
from simulator.scenario.checks import check_sections
from simulator.scenario.files import file_text
from simulator.scenario.model import Content, Series, first_price
from simulator.scenario.positions import check_positions, held_pairs
from simulator.scenario.protocols import FIXTURES, with_fixed, without_fixed
from simulator.scenario.raw import change, contains, normal
from simulator.scenario.recorded import inlined, read_recorded
from simulator.scenario.refusal import refusal
from simulator.scenario.scalars import exact
from simulator.scenario.sections import IsolatedMarket
from simulator.scenario.suggest import nearest
from simulator.scenario.tables import read_positions
from simulator.scenario.terms import Holder, Terms, can_be_seized, derived_markets, terms
from simulator.scenario.yaml_text import parse_value, parse_yaml, write_yaml

SHIPPED: Final = Path(__file__).parent.parent / "scenarios"
_MOST_BYTES: Final = 20_000_000


class Scenario(Content):
    """All that a run needs. Frozen: `replace` gives another. Every number is exact."""

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _base_dir: Path = PrivateAttr(default=Path())
    _series: dict[str, Series] = PrivateAttr(default_factory=dict)
    _positions: tuple[Account, ...] | None = PrivateAttr(default=None)
    _markets: tuple[IsolatedMarket, ...] = PrivateAttr(default=())
    _terms: dict[tuple[object, ...], dict[str, Terms]] = PrivateAttr(default_factory=dict)
    _dropped: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def load(cls, name_or_path: str | Path) -> Self:
        """Read a scenario that ships, by name, or a file; raises InputError."""
        path = _find(name_or_path)
        return cls.parse(parse_yaml(_text(path), str(path)), path.parent)

    @classmethod
    def parse(cls, mapping: object, base_dir: str | Path = ".") -> Self:
        """Build from plain data (text, int, Decimal, None, lists, mappings); files are relative to `base_dir`."""
        raw = normal(mapping)
        try:
            scenario = cls.model_validate(with_fixed(_with_feeds(raw)))
        except ValidationError as error:
            raise refusal(error, raw) from None
        scenario._raw, scenario._base_dir = raw, Path(base_dir)
        scenario._check()
        return scenario

    def _check(self) -> None:
        check_sections(self)
        self._series = read_recorded(self, self._base_dir)
        self._positions = self._read_positions()
        self._markets = derived_markets(self, held_pairs(self, self._positions))
        check_positions(self, self._markets, self._positions, self.first_price)
        for index, each in enumerate(self.provenance):
            contains(self.resolved(inline_files=False), each.covers, f"provenance.{index}.covers")

    def _read_positions(self) -> tuple[Account, ...] | None:
        book = self.book if self.book.fork is None else self.book.fork
        if book.file is not None:
            decimals = {name: asset.decimals for name, asset in self.assets.items()}
            return read_positions(self._base_dir, book.file, decimals)
        if book.accounts is not None:
            return tuple(_without_zeros(account) for account in book.accounts)
        return None

    @property
    def base_dir(self) -> Path:
        """The folder that file names in the scenario are relative to."""
        return self._base_dir

    @property
    def positions(self) -> tuple[Account, ...] | None:
        """The accounts of `book.accounts` or `book.file`, without zero amounts; None for a sampled book."""
        return self._positions

    @property
    def markets(self) -> tuple[IsolatedMarket, ...]:
        """The isolated markets: those of the file, or else one for each (collateral, debt) of the book."""
        return self._markets

    @property
    def dropped(self) -> tuple[str, ...]:
        """Paths of the keys that `replace` dropped, because the protocol it changed to fixes or lacks them."""
        return self._dropped

    def terms(self, holder: Holder) -> Mapping[str, Terms]:
        """On what terms an account (collateral and debt by asset, and its e-mode) borrows, by asset."""
        key = (tuple(holder.collateral), tuple(holder.debt), holder.emode)
        if key not in self._terms:
            self._terms[key] = terms(self, self._markets, holder)
        return self._terms[key]

    def thresholds(self, holder: Holder) -> tuple[float, ...]:
        """The account's liquidation thresholds by asset, to screen with."""
        return tuple(float(each.liquidation_threshold) for each in self.terms(holder).values())

    def seizable(self, holder: Holder) -> tuple[bool, ...]:
        """Whether keepers may seize what the account has posted of each asset."""
        return tuple(can_be_seized(self, each.liquidation_threshold) for each in self.terms(holder).values())

    def series(self, asset: str) -> Series:
        """The points of a `points`, `csv` or `bootstrap` path, of an asset or of `<asset>.discount`, or of an
        exchange rate, `<asset>.rate`; raises KeyError for others.

        Those of a bootstrap begin at offset 0; the others at the clock's start or before.
        """
        return self._series[asset]

    def first_price(self, asset: str) -> Fraction:
        """The market price when the clock starts [USD per whole token], exact."""
        return first_price(self, self._series, asset)

    def replace(self, path: str, value: object) -> Self:
        """Another scenario with the value at dotted `path` replaced; text is read as YAML. Raises InputError.

        Provenance of what the change took away goes with it. Where a threshold is lowered below its asset's ltv, the
        ltv is lowered to it: no protocol lends beyond its threshold.
        """
        new = parse_value(value, path) if isinstance(value, str) else value
        changed = change(self._raw, self.resolved(inline_files=False), path, normal(new, path))
        changed = _ltv_within_threshold(changed, path)
        if path == "protocol.kind":
            return self._of_other_protocol(changed)
        if path.partition(".")[0] == "provenance":
            return self.parse(changed, self._base_dir)
        return self._parse_what_is_left(changed)

    def with_depth(self, factor: Decimal) -> Self:
        """Another scenario, in which every venue has `factor` times the depth.

        InputError if there is no venue, if one stands on a fork, or if a depth would leave its bounds.
        """
        if not self.venues:
            raise InputError("venues", [], "at least one venue, whose depth is multiplied")
        for venue in self.venues:
            if getattr(venue, "address", None) is not None:
                allowed = "a venue that the scenario describes: the depth of a pool on a fork is what it is"
                raise InputError(f"venues.{venue.name}", venue.kind, allowed)
        depths = [venue.depth.times(factor).model_dump(by_alias=True) for venue in self.venues]
        given = zip(self._raw["venues"], depths, strict=True)
        return self._parse_what_is_left({**self._raw, "venues": [{**raw, "depth": depth} for raw, depth in given]})

    def _of_other_protocol(self, changed: Any) -> Self:
        """Parses `changed` without what the new protocol fixes or lacks; `dropped` says what that was."""
        kept, dropped = without_fixed(_without_rules_provenance(changed))
        found = self._parse_what_is_left(kept)
        found._dropped = dropped
        return found

    def _parse_what_is_left(self, changed: Any) -> Self:
        """Parses `changed` without the entries of its provenance that cover nothing any more."""
        for _ in range(len(self.provenance)):
            try:
                return self.parse(changed, self._base_dir)
            except UnknownKey as error:
                section, _, rest = error.path.partition(".")
                if section != "provenance":
                    raise
                stale = int(rest.partition(".")[0])
                entries = changed["provenance"]
                changed = {**changed, "provenance": entries[:stale] + entries[stale + 1 :]}
        return self.parse(changed, self._base_dir)

    def resolved(self, inline_files: bool = True) -> dict[str, Any]:
        """Plain data, every default filled in, numbers as text: enough to run again.

        With `inline_files`, recorded prices stand as points and a book's file as accounts, so that nothing else
        is needed; without, files are named as the scenario names them.
        """
        plain_data = self.model_dump(by_alias=True)
        for price in plain_data["prices"].values():
            if price["kind"] == "relative":
                price["rate"] = {key: item for key, item in price["rate"].items() if item is not None}
        plain_data["book"] = {key: item for key, item in plain_data["book"].items() if item is not None}
        if (fork := plain_data["book"].get("fork")) is not None:
            plain_data["book"]["fork"] = {key: item for key, item in fork.items() if item is not None}
        if inline_files:
            self._inline(plain_data)
        return plain_data

    def _inline(self, plain_data: dict[str, Any]) -> None:
        plain_data["prices"] = inlined(plain_data["prices"], self._series)
        book = plain_data["book"].get("fork", plain_data["book"])
        if book.get("file") is not None:
            del book["file"]
            book["accounts"] = [each.model_dump(by_alias=True) for each in self._positions or ()]

    def to_yaml(self, inline_files: bool = True) -> str:
        """`resolved` as YAML text that loads back to the same digest."""
        return write_yaml(self.resolved(inline_files))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the resolved scenario as canonical JSON, the contents of its files included; lower-case hex."""
        canonical = json.dumps(self.resolved(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def _ltv_within_threshold(changed: Any, path: str) -> Any:
    """`changed` with the ltv of the asset whose liquidation_threshold `path` sets lowered to it, if it is above.

    Where the protocol lends up to the threshold, the ltv follows it both ways.
    """
    section, _, rest = path.partition(".")
    name, _, key = rest.rpartition(".")
    if section != "assets" or key != "liquidation_threshold":
        return changed
    asset = changed["assets"][name]
    ltv, threshold = exact(asset.get("ltv")), exact(asset[key])
    follows = FIXTURES[changed["protocol"]["kind"]].ltv
    if ltv is None or threshold is None or (ltv <= threshold and not follows):
        return changed
    return {**changed, "assets": {**changed["assets"], name: {**asset, "ltv": asset[key]}}}


def _without_rules_provenance(changed: Any) -> Any:
    """`changed` without what it says of where the rules came from: they were another protocol's."""
    if not changed.get("provenance"):
        return changed
    kept = [each for each in changed["provenance"] if each["covers"].partition(".")[0] != "protocol"]
    return {**changed, "provenance": kept}


def _with_feeds(raw: Any) -> Any:
    """`raw` with a feed of defaults for each asset that has none; what is no scenario at all stays as it is."""
    if not isinstance(raw, dict):
        return raw
    assets, given = raw.get("assets"), raw.get("oracle") or {}
    if not isinstance(assets, dict) or not isinstance(given, dict):
        return raw
    feeds = {asset: given.get(asset) or {} for asset in assets}
    return {**raw, "oracle": {**feeds, **{name: feed for name, feed in given.items() if name not in feeds}}}


def _without_zeros(account: Account) -> Account:
    collateral = {asset: amount for asset, amount in account.collateral.items() if amount}
    debt = {asset: amount for asset, amount in account.debt.items() if amount}
    return Account.model_construct(name=account.name, collateral=collateral, debt=debt, emode=account.emode)


def shipped() -> list[tuple[str, str]]:
    """(name, description) of the scenarios that ship, by name."""
    found = []
    for path in sorted(SHIPPED.glob("*.yaml")):
        content = parse_yaml(_text(path), path.name)
        text = content.get("description") if isinstance(content, Mapping) else None
        found.append((path.stem, str(text or "")))
    return found


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if "/" not in text and isfile(SHIPPED / f"{text}.yaml"):
        return SHIPPED / f"{text}.yaml"
    if isfile(text):  # which, unlike Path.is_file, says no to a name that no file can have
        return Path(text)
    names = [path.stem for path in sorted(SHIPPED.glob("*.yaml"))]
    allowed = f"a file, or one that ships (`liqsim scenarios` lists them), nearest {nearest(text, names)}"
    raise InputError("scenario", text, allowed)


def _text(path: Path) -> str:
    return file_text("scenario", path, str(path), "file", _MOST_BYTES)
