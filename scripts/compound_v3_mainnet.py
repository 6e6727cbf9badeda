"""Compound III's USDC market on Ethereum under a price drop: its real accounts, on a fork.

`ape run compound_v3_mainnet --drop 0.3 --out results`
"""

from simulator.testing.shock import shock_command

cli = shock_command("compound-v3-usdc-ethereum")
