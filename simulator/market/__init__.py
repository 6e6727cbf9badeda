"""The market block of a wave, in the real world and in the twins': the outside market, the venues, the feeds."""

from simulator.market.block import Market, Prices

__all__ = ["Market", "Prices"]
