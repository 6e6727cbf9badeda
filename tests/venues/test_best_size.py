"""A keeper's best size where the depth changes from range to range, and where it ends."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.chain import abi
from simulator.chain.artifact import real
from simulator.scenario import UniswapV3
from simulator.scenario.venues import ticks
from simulator.world.venues import open_venue
from tests.contracts.desk import WAD, Rules, ether, usdc, who
from tests.contracts.floor import ZERO, Floor, Result
from tests.reference.uniswap_v3 import Pool

PRICE = 1800
STEPS = 4000


def venue(*ranges: tuple[object, object, int]) -> UniswapV3:
    """WETH against USDC at 1800; each range's depth in √(WETH · USDC)."""
    return UniswapV3.model_validate(
        {
            "name": "amm", "kind": "uniswap-v3", "base": "WETH", "quote": "USDC", "fee": "0.003", "price": PRICE,
            "liquidity": [
                {"lower": str(low), "upper": str(high), "liquidity": depth * 10**12} for low, high, depth in ranges
            ],
        }
    )  # fmt: skip


STEEP = venue((900, 3600, 400), (1760, 1850, 15_000), (1700, 1760, 3_000))
"""Deep at the price, shallower below it, and thin beyond that: the best size ends somewhere in the thin part."""
SHORT = venue((1780, 1900, 12_000))
"""Deep, and then nothing: while it lasts, more is better."""


class Ranges(Floor):
    """A floor whose venue is a Uniswap v3 pool; half a WETH's worth of rules: the whole debt may go at once."""

    def __init__(self, pool: UniswapV3) -> None:
        super().__init__(price=PRICE, rules=Rules(close_factor=WAD))
        assets = {"WETH": SimpleNamespace(decimals=18), "USDC": SimpleNamespace(decimals=6)}
        scenario: Any = SimpleNamespace(assets=assets)
        self.pool_section = pool
        self.venue = open_venue(self.build, scenario, pool, self.tokens, who("owner"), "ranges")
        self.keep("trust", list(self.tokens.values()), [self.venue])

    def paper(self) -> Callable[[int], int | None]:
        """What a sale of so much WETH brings by the white paper; None where the ranges do not take it."""
        base_first = int(self.weth, 16) < int(self.usdc, 16)
        inner = abi.to_address(abi.uint256(self.read("UniswapV3Venue", self.venue, "pool")))
        root = abi.uint256(self.build.call(real("uniswap-v3", "UniswapV3Pool"), inner, "slot0"))
        end = abi.uint256(self.read("UniswapV3Venue", self.venue, "lowest" if base_first else "highest"))
        bounds = [
            (lower, upper) if base_first else (-upper, -lower) for lower, upper in ticks(self.pool_section, (18, 6))
        ]
        parts = [(*ends, part.liquidity) for ends, part in zip(bounds, self.pool_section.liquidity, strict=True)]

        def sale(amount: int) -> int | None:
            taken, paid = Pool(3000, 60, root, parts).swap(base_first, amount, end)
            return paid if taken == amount else None

        return sale

    def seized(self, repay: int) -> int:
        output = self.read("LendingPoolAdapter", self.adapter, "quote", who("borrower"), self.weth, self.usdc, repay)
        return abi.uint256(output, 1)

    def best(self) -> tuple[int, int]:
        """Repayment and profit."""
        asked = (who("borrower"), self.weth, self.usdc, self.venue, ZERO, self.lender)
        output = self.read("Lens", self.lens, "best", self.adapter, [asked], 0)
        return abi.array(output)[0], abi.signed(abi.array(output, 1)[0])


def exhaustive(floor: Ranges) -> tuple[int, int]:
    """The best of every 4000th of the debt: repayment and profit by the paper."""
    sale, found = floor.paper(), (0, 0)
    for step in range(1, STEPS + 1):
        repay = usdc(15_200) * step // STEPS
        proceeds = sale(floor.seized(repay))
        if proceeds is not None and proceeds - repay > found[1]:
            found = repay, proceeds - repay
    return found


@pytest.mark.parametrize("pool", [STEEP, SHORT], ids=["steep", "short"])
def test_the_best_size_is_the_best_there_is(pool: UniswapV3) -> None:
    """Within 1 % of what trying them all finds, worth no less, and the order then brings it."""
    floor = Ranges(pool)
    best, most = exhaustive(floor)
    repay, profit = floor.best()
    assert usdc(1000) < best < usdc(15_000)  # neither next to nothing nor all there is
    assert abs(repay - best) <= best // 100
    assert profit >= most
    (executed,) = floor.execute(floor.order(repay))
    assert isinstance(executed, Result) and executed.profit == profit


def test_what_cannot_be_sold_whole_is_refused_whole() -> None:
    """The full size on the venue that ends: the order fails by the venue's name for it, and the debt stays."""
    floor = Ranges(SHORT)
    (refused,) = floor.execute(floor.order(usdc(15_200)))
    assert str(refused).startswith("InsufficientLiquidity(")
    assert floor.balances("borrower", "USDC")[1] == usdc(15_200)
    assert floor.balances("borrower", "WETH")[0] == ether(10)
