"""The normal draws of the paths, tied together as the scenario's `correlation` says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from simulator.prices.draws import Stream
from simulator.scenario.correlation import order, triangle

if TYPE_CHECKING:
    from simulator.scenario import Scenario


class Normals:
    """Standard normal draws, one a step from the first on, by the name of the path they drive.

    Every path has a stream of its own. A tied one is a sum of its own draws and those of the assets mentioned before
    it (Cholesky's rows), so that what is mentioned later moves nothing, and the first to be mentioned stays as it was.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._seed, self._count = scenario.seed, scenario.clock.steps - 1
        self._order = order(scenario.correlation)
        self._rows = _cholesky(scenario)
        self._drawn: dict[str, list[float]] = {}

    def of(self, name: str) -> Iterator[float]:
        """The draws for the path `name`; without end if it is tied to no other."""
        if name not in self._order:
            return self._own(name)
        row = self._rows[self._order.index(name)]
        parts = [(weight, self._kept(other)) for other, weight in zip(self._order, row, strict=False) if weight]
        return (_weighted(parts, step) for step in range(self._count))

    def _own(self, name: str) -> Iterator[float]:
        stream = Stream(self._seed, f"prices.{name}")
        while True:
            yield stream.normal()

    def _kept(self, name: str) -> list[float]:
        if name not in self._drawn:
            self._drawn[name] = list(islice(self._own(name), self._count))
        return self._drawn[name]


def _cholesky(scenario: Scenario) -> list[list[float]]:
    """The rows of the triangle C with C · Cᵀ the matrix of correlations, each up to its diagonal."""
    rows, squares = triangle(scenario.correlation)
    roots = [math.sqrt(float(square)) for square in squares]
    return [[float(part) * root for part, root in zip((*row, 1), roots, strict=False)] for row in rows]


def _weighted(parts: list[tuple[float, list[float]]], step: int) -> float:
    # Added one by one: what `sum` makes of binary floats differs between versions of Python.
    total = 0.0
    for weight, normals in parts:
        total += weight * normals[step]
    return total
