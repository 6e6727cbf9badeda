"""Aave v3 on Ethereum under a price drop: its real accounts, on a fork.

`ape run aave_v3_mainnet --drop 0.3 --out results`
"""

from simulator.testing.shock import shock_command

cli = shock_command("aave-v3-ethereum")
