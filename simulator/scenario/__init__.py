"""What is asked: the schema of a scenario, loading, changing and identifying one.

`Scenario.load("black-thursday")` reads one that ships, or a file. Everything a user can get wrong is an
`InputError` that names the path, the value and what is allowed.
"""

from simulator.scenario.book import Account, Book, Cluster, Lognormal, Pareto, Sample
from simulator.scenario.faults import Clamp, Fault, Freeze, RateCap, Revert, Scale, Spike, Stale
from simulator.scenario.model import Series
from simulator.scenario.oracle import Feed, Source
from simulator.scenario.prices import Constant, Csv, Gbm, Instant, Points
from simulator.scenario.scenario import Scenario, shipped
from simulator.scenario.sections import (
    Asset,
    Clock,
    DiscountLinear,
    Fixed,
    Gas,
    HealthLinear,
    Keeper,
    Lltv,
    Passive,
    Protocol,
    Provenance,
    Rate,
)
from simulator.scenario.venues import ConstantProduct, Recovery, UniswapV2, UniswapV3, Venue

__all__ = [
    "Account",
    "Asset",
    "Book",
    "Clamp",
    "Clock",
    "Cluster",
    "Constant",
    "ConstantProduct",
    "Csv",
    "DiscountLinear",
    "Fault",
    "Feed",
    "Fixed",
    "Freeze",
    "Gas",
    "Gbm",
    "HealthLinear",
    "Instant",
    "Keeper",
    "Lltv",
    "Lognormal",
    "Pareto",
    "Passive",
    "Points",
    "Protocol",
    "Provenance",
    "Rate",
    "RateCap",
    "Recovery",
    "Revert",
    "Sample",
    "Scale",
    "Scenario",
    "Series",
    "Source",
    "Spike",
    "Stale",
    "UniswapV2",
    "UniswapV3",
    "Venue",
    "shipped",
]
