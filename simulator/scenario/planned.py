"""What the documentation of the scenario names and this version does not have yet.

Each name here is refused as "not built yet", so that it is not mistaken for a typing error. A name leaves this table
in the change that builds it.
"""

from __future__ import annotations

from typing import Final

PROTOCOL_KINDS: Final = ("euler-v2", "aave-v4")
KEEPER_POLICIES: Final = ("two-step",)
KEEPER_ORDERS: Final = ("profit",)
KEEPER_PAIRS: Final = ("profit", "toxic")
BORROWER_KINDS: Final = ("top-up", "deleverage")
