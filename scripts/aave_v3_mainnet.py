"""Aave v3 on Ethereum under a price drop: its real accounts, on a fork.

`ape run aave_v3_mainnet --drop 0.3 --out results`
"""

from simulator.deployments import deployment
from simulator.testing.shock import shock_command

cli = shock_command(deployment("aave-v3-ethereum"))
