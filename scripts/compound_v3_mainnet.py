"""Compound III's USDC market on Ethereum under a price drop: its real accounts, on a fork.

`ape run compound_v3_mainnet --drop 0.3 --out results`
"""

from simulator.deployments import deployment
from simulator.testing.shock import shock_command

cli = shock_command(deployment("compound-v3-usdc-ethereum"))
