"""What a displaced venue does as time passes. Field names are the keys of the file."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from simulator.scenario.scalars import never_or_duration
from simulator.scenario.section import Ratio, Section


class Recovery(Section):
    """Half-life of the gap between venue and market [s]; None: it never closes; 0: in each block.

    `permanent`: the share of what a liquidation's sale displaced the venue by that never closes.
    """

    half_life: Annotated[int | None, never_or_duration] = None
    permanent: Ratio = Decimal(0)
