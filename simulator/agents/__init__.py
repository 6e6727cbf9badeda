"""Who acts on prices and positions: pure decisions, from a view of the world to orders. No chain."""
