"""Who executes: one narrow interface, and its two implementations (in process, and anvil in its own process)."""

from simulator.chain.base import Call, Chain, Log, Receipt, Transaction

__all__ = ["Call", "Chain", "Log", "Receipt", "Transaction"]
