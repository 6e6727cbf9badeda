"""What the adapter says beforehand is what the pool does, to the unit, on a seeded family of accounts.

The independent source is the pool itself: each size is also sent to `liquidationCall` directly, and what moved between
the wallets is compared. Accounts have one to three collaterals and debts, legs between 300 and 300 000 USD (so both
sides of the 2 000 and the 1 000 USD rules), health on both sides of 1 and of 0.95, interest, and e-modes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import pytest

from tests.protocols.aave_v3.market import ASSETS, FEES, MAX, PRICES, WAD, Market, Refused

DAY = 86_400
RATE = {"base": "0.1", "slope1": "0.04", "slope2": "0.75", "optimal": "0.9"}
EMODES = {
    "ether": {
        "collateral": ["WETH", "WBTC"],
        "borrow": ["USDC", "DAI", "WETH"],
        "ltv": "0.93",
        "liquidation_threshold": "0.95",
        "liquidation_bonus": "0.01",
    },
    "dollars": {
        "collateral": ["USDC"],
        "borrow": ["DAI", "USDC"],
        "ltv": "0.90",
        "liquidation_threshold": "0.93",
        "liquidation_bonus": "0.02",
    },
}
THRESHOLDS = {name: float(asset["liquidation_threshold"]) for name, asset in ASSETS.items()}
ACCOUNTS = 120


class Drawn(NamedTuple):
    """An account, and the prices [USD] it meets."""

    collateral: dict[str, int]
    debt: dict[str, int]
    emode: str | None
    prices: dict[str, float]
    days: int


def draw(random: Random, market: Market) -> Drawn:
    emode = random.choice([None, None, *EMODES])
    debts = random.sample(EMODES[emode]["borrow"] if emode else list(ASSETS), random.randint(1, 2))
    backing = random.sample([name for name in ASSETS if name not in debts], random.randint(1, 2))
    prices = {name: PRICES[name] * random.uniform(0.5, 1.5) for name in ASSETS}
    values = {name: 300 * 1000 ** random.random() for name in backing}
    inside = EMODES[emode] if emode else {"collateral": [], "liquidation_threshold": "0"}
    weighted = sum(
        value * (float(inside["liquidation_threshold"]) if name in inside["collateral"] else THRESHOLDS[name])
        for name, value in values.items()
    )
    shares = [random.uniform(0.05, 1) for _ in debts]
    owed = weighted / random.choice([random.uniform(0.7, 0.95), random.uniform(0.95, 1.01)])
    return Drawn(
        {name: market.units(name, value / prices[name]) for name, value in values.items()},
        {
            name: max(market.units(name, owed * share / sum(shares) / prices[name]), 1)
            for name, share in zip(debts, shares, strict=True)
        },
        emode,
        prices,
        random.choice([0, 1, 30, 400]),
    )


@pytest.fixture(scope="module")
def market() -> Market:
    assets = {name: {**asset, "rate": RATE} for name, asset in ASSETS.items()}
    return Market(assets=assets, emodes=EMODES, fees=FEES | {"DAI": "0.2"})


def opened(market: Market, drawn: Drawn) -> None:
    for name, price in drawn.prices.items():
        market.report(name, price * (5 if name in drawn.collateral else 1))
    market.open("borrower", drawn.collateral, drawn.debt, drawn.emode)
    market.start()
    market.wait(drawn.days * DAY)
    for name, price in drawn.prices.items():
        market.report(name, price)


def accounts(market: Market, seed: int, count: int = ACCOUNTS) -> Iterator[Drawn]:
    """Each account alone on the market, taken back afterwards."""
    random = Random(seed)
    for _ in range(count):
        drawn = draw(random, market)
        with market.undone():
            opened(market, drawn)
            yield drawn


Moved = tuple[int, int] | str
"""(paid, gained) by the keeper's side [token], or the error's name."""


def by_the_pool(market: Market, collateral: str, debt: str, repay: int) -> Moved:
    with market.undone():
        paid, gained = market.wallet("keeper", debt), market.wallet("keeper", collateral)
        pair = market.tokens[collateral], market.tokens[debt], market.who("borrower")
        try:
            market.verb("keeper", "liquidationCall", *pair, repay, 0)
        except Refused as refused:
            return str(refused)
        return paid - market.wallet("keeper", debt), market.wallet("keeper", collateral) - gained


def by_the_adapter(market: Market, collateral: str, debt: str, repay: int) -> Moved:
    with market.undone():
        paid = market.wallet("keeper", debt)
        try:
            done = market.liquidate(collateral, debt, repay)
        except Refused as refused:
            return str(refused)
        assert done.repaid == done.cleared
        assert done.repaid == paid - market.wallet("keeper", debt)
        assert done.received == market.wallet("receiver", collateral)
        return done.repaid, done.received


def test_every_size_does_what_was_quoted(market: Market) -> None:
    """Sizes around each limit and between: adapter = pool = quote; only paying for everything is made possible."""
    random, seen = Random(2), Counter[str]()
    for drawn in accounts(market, seed=1):
        for collateral in drawn.collateral:
            for debt in drawn.debt:
                most = market.max_repay(collateral, debt)
                partly = market.max_partial_repay(collateral, debt)
                sizes = {most, most + 1, most - 1, partly, partly + 1, random.randint(1, market.owed(debt))}
                for repay in filter(lambda size: size > 0, sizes):
                    direct = by_the_pool(market, collateral, debt, repay)
                    through = by_the_adapter(market, collateral, debt, repay)
                    seen["as the pool" if through == direct else f"instead of {direct}"] += 1
                    if direct != through:
                        assert direct == "MustNotLeaveDust"
                        assert through == by_the_pool(market, collateral, debt, MAX)
                    if not isinstance(through, str):
                        assert market.quote(collateral, debt, repay) == through
    assert seen["as the pool"] > 500 and seen["instead of MustNotLeaveDust"] > 5, seen


def test_most_is_the_most_and_partly_the_most_below(market: Market) -> None:
    seen = Counter[str]()
    for drawn in accounts(market, seed=3):
        healthy = market.health() >= WAD
        for collateral in drawn.collateral:
            for debt in drawn.debt:
                most, partly = market.max_repay(collateral, debt), market.max_partial_repay(collateral, debt)
                everything = by_the_pool(market, collateral, debt, MAX)
                seen[kind_of(most, partly, market.owed(debt), everything)] += 1
                if healthy:
                    assert (most, partly, everything) == (0, 0, "HealthFactorNotBelowThreshold")
                    assert market.quote(collateral, debt, market.owed(debt)) == (0, 0)
                elif isinstance(everything, str):  # all that may go would leave dust: the most is below it
                    assert everything == "MustNotLeaveDust" and most == partly
                    assert most == 0 or by_the_adapter(market, collateral, debt, most)[0] == most
                    assert by_the_adapter(market, collateral, debt, most + 1) == "MustNotLeaveDust"
                else:
                    assert most == everything[0]
                    assert by_the_adapter(market, collateral, debt, most) == everything
                    assert by_the_adapter(market, collateral, debt, most + 1) in (everything, (most + 1, everything[1]))
                    if partly < most - 1:
                        assert by_the_pool(market, collateral, debt, partly + 1) == "MustNotLeaveDust"
    assert set(seen) == {"healthy", "dust", "half", "leg", "collateral"}, seen
    assert min(seen.values()) >= 3, seen


def test_pairs_of_one_asset(market: Market) -> None:
    """What is owed also backs it: the keeper's gain is the pool's, although both amounts are of one token."""
    random, seen = Random(7), 0
    for drawn in accounts(market, seed=8, count=60):
        debt = next(iter(drawn.debt))
        with market.undone():
            market.supply("borrower", debt, market.owed(debt) // 3 + 1)
            market.report(next(iter(drawn.collateral)), drawn.prices[next(iter(drawn.collateral))] / 2)
            for repay in {market.max_repay(debt, debt), random.randint(1, market.owed(debt))} - {0}:
                direct, through = by_the_pool(market, debt, debt, repay), by_the_adapter(market, debt, debt, repay)
                if isinstance(direct, str) and not isinstance(through, str):
                    direct = by_the_pool(market, debt, debt, MAX)
                if isinstance(direct, str) or isinstance(through, str):
                    assert direct == through
                    continue
                seen += 1
                assert direct[1] == through[1] - through[0] and market.quote(debt, debt, repay) == through
    assert seen > 20


def kind_of(most: int, partly: int, owed: int, everything: Moved) -> str:
    if everything == "HealthFactorNotBelowThreshold":
        return "healthy"
    if isinstance(everything, str):
        return "dust"
    if most == owed:
        return "leg"
    return "half" if partly == most else "collateral"


def test_all_sizes_up_to_partly_are_allowed(market: Market) -> None:
    """But for those worth less than a share or a unit of the collateral, which the pool takes for nothing."""
    random = Random(4)
    for drawn in accounts(market, seed=5, count=60):
        for collateral in drawn.collateral:
            for debt in drawn.debt:
                partly = market.max_partial_repay(collateral, debt)
                least = market.units(debt, 0.01 / drawn.prices[debt]) + 2  # a cent
                for _ in range(3 if partly > least else 0):
                    repay = random.randint(least, partly)
                    moved = by_the_pool(market, collateral, debt, repay)
                    assert not isinstance(moved, str) and moved[0] == repay


def test_what_leaves_the_account_and_what_is_lost(market: Market) -> None:
    """Balances before and after, as the tokens give them; a loss is what the pool booked, of every debt."""
    losses = 0
    for drawn in accounts(market, seed=6):
        for collateral in drawn.collateral:
            for debt in drawn.debt:
                most = market.max_repay(collateral, debt)
                if not most:
                    continue
                with market.undone():
                    held, owed = market.supplied(collateral), {name: market.owed(name) for name in drawn.debt}
                    fees = market.supplied(collateral, market.lending_treasury)
                    done = market.liquidate(collateral, debt, most)
                    assert done.seized == held - market.supplied(collateral)
                    assert done.protocol_fee == market.supplied(collateral, market.lending_treasury) - fees
                    assert 0 <= done.seized - done.received - done.protocol_fee <= 2
                    lost = {name: market.deficit(name) for name in drawn.debt if market.deficit(name)}
                    assert dict(done.bad_debt) == lost
                    if lost:
                        losses += 1
                        assert lost == {
                            name: amount - (most if name == debt else 0)
                            for name, amount in owed.items()
                            if amount > (most if name == debt else 0)
                        }
                        assert all(market.owed(name) == 0 for name in drawn.debt)
    assert losses > 10
