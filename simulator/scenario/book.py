"""Who has posted and borrowed what when the run opens."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from simulator.scenario.prices import File
from simulator.scenario.scalars import number, whole
from simulator.scenario.section import AssetName, Name, Ratio, Section, Tokens, kinds

Health = Annotated[Decimal, number("(0, 1000]")]
Positive = Annotated[Decimal, number("(0, 1e6]")]
Share = Annotated[Decimal, number("(0, 1]")]


class Account(Section):
    """One account; amounts in whole tokens, by asset; `emode` the category of protocol.emodes it is in."""

    name: Name
    collateral: dict[AssetName, Tokens] = Field(default_factory=dict)
    debt: dict[AssetName, Tokens] = Field(default_factory=dict)
    emode: Name | None = None

    @model_serializer(mode="wrap")
    def _without_no_emode(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A book has thousands of accounts, and few of them an e-mode."""
        plain_data: dict[str, Any] = write(self)
        return {key: item for key, item in plain_data.items() if key != "emode" or item is not None}


class Lognormal(Section):
    """Health at the first price: exp(ln `median` + `sigma` · normal), never below `min`."""

    kind: Literal["lognormal"]
    median: Health
    sigma: Annotated[Decimal, number("[0, 5]")]
    min: Health


class Pareto(Section):
    """Debt of an account: Pareto with tail `alpha`, no account above `max_share` of the whole."""

    kind: Literal["pareto"]
    alpha: Annotated[Decimal, number("(0, 100]")]
    max_share: Share


class Cluster(Section):
    """A `share` of the accounts whose health is uniform in `health` ± `width`."""

    health: Health
    width: Ratio
    share: Ratio


class Sample(Section):
    """A book drawn from distributions. `collateral` are weights by value; `total_debt` [USD] at the first price."""

    accounts: Annotated[int, whole("[1, 1000000]")]
    collateral: dict[AssetName, Positive]
    debt: AssetName
    total_debt: Annotated[Decimal, number("(0, 1e15)", places=8)]
    health: Annotated[Lognormal, kinds(("lognormal",))]
    size: Annotated[Pareto, kinds(("pareto",))]
    clusters: list[Cluster] = Field(default_factory=list)


class ForkBook(Section):
    """The accounts of a real chain after `block`, in a file or listed; their names are their addresses.

    On a fork of that block they are the accounts that stand there; anywhere else they are opened like any others.
    """

    chain_id: Annotated[int, whole("[1, 1e18]")]
    block: Annotated[int, whole("[0, 1e18]")]
    file: File | None = None
    accounts: list[Account] | None = None


class Book(Section):
    """Exactly one of a list of accounts, a file of positions, a sample, the accounts of a fork."""

    accounts: list[Account] | None = None
    file: File | None = None
    sample: Sample | None = None
    fork: ForkBook | None = None
