"""What is asked: the schema of a scenario, loading, changing and identifying one.

`Scenario.load("black-thursday")` reads one that ships, or a file. Everything a user can get wrong is an
`InputError` that names the path, the value and what is allowed.
"""

from simulator.scenario.book import Account, Book, Cluster, Lognormal, Pareto, Sample
from simulator.scenario.depth import DepthBook
from simulator.scenario.model import Series
from simulator.scenario.prices import Constant, Csv, Gbm, Instant, Points
from simulator.scenario.recovery import Recovery
from simulator.scenario.scenario import Scenario, shipped
from simulator.scenario.sections import (
    Asset,
    Clock,
    DiscountLinear,
    Feed,
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
from simulator.scenario.venues import ConstantProduct, UniswapV2, UniswapV3, Venue

__all__ = [
    "Account",
    "Asset",
    "Book",
    "Clock",
    "Cluster",
    "Constant",
    "ConstantProduct",
    "Csv",
    "DepthBook",
    "DiscountLinear",
    "Feed",
    "Fixed",
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
    "Recovery",
    "Sample",
    "Scenario",
    "Series",
    "UniswapV2",
    "UniswapV3",
    "Venue",
    "shipped",
]
