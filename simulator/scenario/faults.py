"""What goes wrong with a feed, or is done to it, and when. Field names are the keys of the file."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from simulator.scenario.scalars import Scalar, choice, duration, number, refuse
from simulator.scenario.section import AssetName, Duration, Name, Price, Section, kinds


def _read_truth(value: object) -> bool:
    if value not in ("true", "false"):
        refuse("true or false")
    return value == "true"


Truth = Annotated[bool, Scalar(_read_truth, lambda value: "true" if value else "false")]
Factor = Annotated[Decimal, number("(0, 1e9]")]


class Fault(Section):
    """What all faults share: acts on the feed of `asset` in market blocks with from ≤ now − clock.start < until [s]."""

    asset: AssetName
    from_: Duration = Field(default=0, alias="from")
    until: Duration | None = None

    def acts(self, offset: int) -> bool:
        """Whether it acts in a market block `offset` seconds after the start."""
        return self.from_ <= offset and (self.until is None or offset < self.until)


class Freeze(Fault):
    """Nothing is reported; the last round stands."""

    kind: Literal["freeze"]


class Stale(Fault):
    """What is reported is the source's price of `lag` [s] ago; the opening price before the run."""

    kind: Literal["stale"]
    lag: Annotated[int, duration(1)]


class Clamp(Fault):
    """Never less than `min`, never more than `max` is reported [USD]; one of them at least is given."""

    kind: Literal["clamp"]
    min: Price | None = None
    max: Price | None = None


class RateCap(Fault):
    """The exchange rate behind a source `rate` is at most `rate`."""

    kind: Literal["rate-cap"]
    rate: Factor


class Scale(Fault):
    """The price times `factor`; or divided by what the feed of `missing` shows [USD], a multiplication left out."""

    kind: Literal["scale"]
    factor: Factor | None = None
    missing: AssetName | None = None


class Spike(Fault):
    """An attacker trades `budget` [USD] on the venue at `from`; if `repaid`, trades back what it got at `until`."""

    kind: Literal["spike"]
    venue: Name | None = None
    budget: Annotated[Decimal, number("(0, 1e15)", places=8)]
    direction: Annotated[str, choice(("up", "down"))]
    repaid: Truth = True


class Revert(Fault):
    """The feed reverts for everyone but the harness's own reads: every order is refused, everything stands still."""

    kind: Literal["revert"]


AnyFault = Annotated[
    Freeze | Stale | Clamp | RateCap | Scale | Spike | Revert,
    Field(discriminator="kind"),
    kinds(("freeze", "stale", "clamp", "rate-cap", "scale", "spike", "revert")),
]
