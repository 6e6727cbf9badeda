"""What is asked: the schema of a scenario, loading, changing and identifying one.

`Scenario.load("black-thursday")` reads one that ships, or a file. Everything a user can get wrong is an
`InputError` that names the path, the value and what is allowed.
"""

from simulator.scenario.book import Account, Book, Cluster, Lognormal, Pareto, Sample
from simulator.scenario.correlation import Correlation
from simulator.scenario.model import Series
from simulator.scenario.prices import (
    Bootstrap,
    Bridge,
    Constant,
    Csv,
    ExchangeRate,
    Factor,
    Gbm,
    Instant,
    JumpDiffusion,
    Ou,
    Path,
    Points,
    Ramp,
    Relative,
)
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
from simulator.scenario.venues import ConstantProduct, Recovery, UniswapV2, UniswapV3, Venue

__all__ = [
    "Account",
    "Asset",
    "Book",
    "Bootstrap",
    "Bridge",
    "Clock",
    "Cluster",
    "Constant",
    "ConstantProduct",
    "Correlation",
    "Csv",
    "DiscountLinear",
    "ExchangeRate",
    "Factor",
    "Feed",
    "Fixed",
    "Gas",
    "Gbm",
    "HealthLinear",
    "Instant",
    "JumpDiffusion",
    "Keeper",
    "Lltv",
    "Lognormal",
    "Ou",
    "Pareto",
    "Passive",
    "Path",
    "Points",
    "Protocol",
    "Provenance",
    "Ramp",
    "Rate",
    "Recovery",
    "Relative",
    "Sample",
    "Scenario",
    "Series",
    "UniswapV2",
    "UniswapV3",
    "Venue",
    "shipped",
]
