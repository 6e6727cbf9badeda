"""What is asked: the schema of a scenario, loading, changing and identifying one.

`Scenario.load("black-thursday")` reads one that ships, or a file. Everything a user can get wrong is an
`InputError` that names the path, the value and what is allowed.
"""

from simulator.scenario.book import Account, Book, Cluster, Lognormal, Pareto, Sample
from simulator.scenario.correlation import Correlation
from simulator.scenario.depth import DepthBook
from simulator.scenario.faults import Clamp, Fault, Freeze, RateCap, Revert, Scale, Spike, Stale
from simulator.scenario.model import Series
from simulator.scenario.oracle import Feed, Source
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
from simulator.scenario.recovery import Recovery
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
from simulator.scenario.venues import ConstantProduct, UniswapV2, UniswapV3, Venue

__all__ = [
    "Account",
    "Asset",
    "Book",
    "Bootstrap",
    "Bridge",
    "Clamp",
    "Clock",
    "Cluster",
    "Constant",
    "ConstantProduct",
    "Correlation",
    "Csv",
    "DepthBook",
    "DiscountLinear",
    "ExchangeRate",
    "Factor",
    "Fault",
    "Feed",
    "Fixed",
    "Freeze",
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
    "RateCap",
    "Recovery",
    "Relative",
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
