"""`run`, `compare` and `band`: a scenario on a chain, the same on several, and at several depths of its venues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from simulator.chain.base import Chain
from simulator.errors import InputError, TracesDiffer
from simulator.outcome import Progress
from simulator.result import Result
from simulator.scenario import Scenario
from simulator.scenario.scalars import exact, plain
from simulator.simulate import simulate
from simulator.trace import TABLES

if TYPE_CHECKING:
    from simulator.chain.fork import ForkChain

CHAINS: Final = ("revm", "anvil")


def open_chain(name: str) -> Chain:
    """A fresh chain by name; InputError if there is none of that name."""
    if name == "revm":
        from simulator.chain.revm import RevmChain

        return RevmChain()
    if name == "anvil":
        from simulator.chain.anvil import AnvilChain

        return AnvilChain()
    raise InputError("--chain", name, " or ".join(CHAINS))


def open_fork(
    url: str, block: int, chain_id: int | None = None, *, notice: Callable[[str], object] | None = None
) -> ForkChain:
    """A fork of the chain at `url` (which is a secret, and never shown) that begins after `block`.

    `chain_id`: what the chain must be.
    `notice` is told of each long wait for the server. ChainError says what a server lacks or how it failed.
    """
    from simulator.chain.fork import ForkChain
    from simulator.chain.secret_url import Url

    return ForkChain(Url.parse(url), block, chain_id, notice=notice)


def run(
    scenario: Scenario | str,
    chain: str | Chain = "revm",
    *,
    seed: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Runs `scenario` (or the one of that name or path) on a fresh chain: `revm`, in process, or `anvil`.

    `chain` may also be one that is open, and stays so: the world then stands on it when this returns.

    Raises InputError for a scenario the protocol cannot open, ChainError if the chain fails, ConservationViolated if
    the ledger does not add up.
    """
    asked = _asked(scenario, seed)
    if not isinstance(chain, str):
        return Result(asked, chain.name, simulate(asked, chain, progress))
    opened = open_chain(chain)
    try:
        return Result(asked, chain, simulate(asked, opened, progress))
    finally:
        opened.close()


def _asked(scenario: Scenario | str, seed: int | None) -> Scenario:
    asked = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    return asked if seed is None else asked.replace("seed", str(seed))


def band(
    scenario: Scenario | str,
    factors: Sequence[str | int | Decimal] = ("0.5", "1", "2"),
    chain: str | Callable[[], Chain] = "revm",
    *,
    seed: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Runs `scenario` with its venues' depth times each of `factors`, and at 1 ×, each on a fresh chain.

    The Result is that at 1 ×; its `band` holds the summaries by factor, the smallest first. `chain`: a name, or what
    opens one. InputError, before anything runs, for a factor that is none, a scenario without venues, or with one that
    stands on a fork.
    """
    asked = _asked(scenario, seed)
    varied = {plain(factor): asked.with_depth(factor) for factor in _factors(factors)}
    found: dict[str, Result] = {}
    for factor, each in varied.items():
        try:
            with closing(open_chain(chain) if isinstance(chain, str) else chain()) as opened:
                found[factor] = Result(each, opened.name, simulate(each, opened, progress))
        except InputError as error:
            raise InputError(error.path, error.found, f"{error.allowed} (at {factor} × the depth)") from None
    whole = found["1"]
    return Result(asked, whole.chain, whole.outcome, {factor: each.summary for factor, each in found.items()})


def _factors(given: Sequence[str | int | Decimal]) -> list[Decimal]:
    """Factors of depth and 1, the smallest first; InputError for what is none."""
    found = [exact(each) for each in given]
    factors = {each for each in found if each is not None and each > 0}
    if len(factors) < len(found) or not factors - {1}:
        shown = ",".join(str(each) for each in given)
        raise InputError("--band", shown, "factors of depth such as 0.5,1,2: above 0, each once, not 1 alone")
    return sorted({*factors, Decimal(1)})


def compare(
    scenario: Scenario | str,
    chains: Sequence[str] = CHAINS,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> list[Result]:
    """Runs `scenario` on each of `chains`; TracesDiffer names the first row in which two traces differ.

    InputError, before anything runs, if there are fewer than two chains, one twice or one that does not exist.
    """
    if len(chains) < 2 or len(set(chains)) < len(chains) or not set(chains) <= set(CHAINS):
        raise InputError("--chains", ",".join(chains), f"at least two of {', '.join(CHAINS)}, each once")
    found = [run(scenario, chain, progress=progress) for chain in chains]
    for other in found[1:]:
        check_equal(found[0], other)
    return found


def check_equal(left: Result, right: Result) -> None:
    """Raises TracesDiffer at the first row that differs."""
    for name in TABLES:
        ours, theirs = left.tables[name].splitlines(), right.tables[name].splitlines()
        for row, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            if one != other:
                raise TracesDiffer(f"{name}.csv line {row + 1}", f"{left.chain}: {one}", f"{right.chain}: {other}")
        if len(ours) != len(theirs):
            counts = f"{left.chain}: {len(ours)} lines", f"{right.chain}: {len(theirs)} lines"
            raise TracesDiffer(f"{name}.csv", *counts)
