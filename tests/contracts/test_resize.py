"""ConstantProductPool.resize: providers leave and come back, both tokens in proportion."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.chain import abi
from tests.contracts.desk import MAX, PURSE, WAD, ether, operands, refuses, usdc, who
from tests.contracts.test_venue import Floor as VenueFloor
from tests.contracts.test_venue import X, Y


class Floor(VenueFloor):
    """A venue whose `owner` has money of its own, as the market's hand has."""

    def __init__(self, fee: int = 0, reserves: tuple[int, int] | None = (X, Y)) -> None:
        super().__init__(fee, reserves)
        for token in (self.weth, self.usdc):
            self.send("non_owner", "Token", token, "mint", who("owner"), PURSE)
            self.send("owner", "Token", token, "approve", self.place, MAX)

    def resize(self, scale: Fraction, role: str = "owner") -> None:
        self.do(role, "resize", int(scale * WAD))

    def got(self) -> tuple[int, int]:
        """What `owner` has more of each token than at the start."""
        return self.wallet("owner", self.weth) - PURSE, self.wallet("owner", self.usdc) - PURSE


def test_half_of_it_leaves() -> None:
    """Half: `owner` gets 5 000 WETH and 10 000 000 USDC, and the price stays at 2 000."""
    floor = Floor()
    floor.resize(Fraction(1, 2))
    assert floor.got() == (ether(5000), usdc(10_000_000))
    assert floor.reserves() == (ether(5000), usdc(10_000_000))
    assert (floor.see("spotDown"), floor.see("scale")) == (2000 * WAD, WAD // 2)


def test_twice_of_it_is_brought() -> None:
    """Twice: `owner` pays 10 000 WETH and 20 000 000 USDC."""
    floor = Floor()
    floor.resize(Fraction(2))
    assert floor.got() == (-X, -Y)
    assert floor.reserves() == (2 * X, 2 * Y)
    assert floor.see("spotDown") == 2000 * WAD


def test_a_scale_is_of_the_opening_not_of_what_is_left() -> None:
    """A half, then a quarter, then all of it: 2 500 WETH stay, then 10 000."""
    floor = Floor()
    floor.resize(Fraction(1, 2))
    floor.resize(Fraction(1, 4))
    assert floor.reserves() == (ether(2500), usdc(5_000_000))
    floor.resize(Fraction(1))
    assert (floor.reserves(), floor.got()) == ((X, Y), (0, 0))


@pytest.mark.parametrize("fee", [0, 3000])
@pytest.mark.parametrize("sells_base", [True, False])
def test_a_sale_pays_what_a_pool_opened_with_half_pays(fee: int, sells_base: bool) -> None:
    """To the unit, where half the reserves are whole units: x·y = k at (x/2, y/2)."""
    halved, small = Floor(fee), Floor(fee, (X // 2, Y // 2))
    halved.resize(Fraction(1, 2))
    amount = ether(700) if sells_base else usdc(900_000)
    paid = [
        each.do("keeper", "swap", each.weth if sells_base else each.usdc, amount, who("keeper"))
        for each in (halved, small)
    ]
    effective = Fraction(amount * (10**6 - fee), 10**6)
    reserve_in, reserve_out = (X // 2, Y // 2) if sells_base else (Y // 2, X // 2)
    assert paid == [int(reserve_out * effective / (reserve_in + effective))] * 2
    assert halved.reserves() == small.reserves()


def test_what_does_not_divide_stays_in_the_pool() -> None:
    """A third of 10 and 20 units: 4 and 7 stay, rounded up; 6 and 13 leave."""
    floor = Floor(reserves=(10, 20))
    floor.do("owner", "resize", WAD // 3)
    assert (floor.reserves(), floor.got()) == ((4, 7), (6, 13))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(WAD // 1000, 5 * WAD), st.integers(0, 10**21), st.booleans()), min_size=1, max_size=6
    )
)
def test_after_any_trades_the_shares_are_right_and_the_price_stays(acts: list[tuple[int, int, bool]]) -> None:
    """Each reserve ends less than a unit above its share; the spot moves by less than a part in the smaller one."""
    floor, scale = SHARED, WAD
    snapshot = floor.chain.snapshot()
    for wanted, amount, sells_base in acts:
        if amount:
            sold, units = (floor.weth, amount) if sells_base else (floor.usdc, amount // 10**9 + 1)
            floor.do("keeper", "swap", sold, units, who("keeper"))
        before, spot = floor.reserves(), Fraction(*floor.reserves()[::-1])
        floor.do("owner", "resize", wanted)
        after = floor.reserves()
        assert after == tuple(ceil(Fraction(each * wanted, scale)) for each in before)
        assert abs(Fraction(after[1], after[0]) / spot - 1) < Fraction(1, min(after) - 1)
        assert after == (floor.wallet(floor.place, floor.weth), floor.wallet(floor.place, floor.usdc))
        scale = wanted
    floor.chain.revert(snapshot)


SHARED = Floor(fee=3000)


def test_only_its_owner_resizes_it() -> None:
    """Unauthorised for everyone else, the keeper and the one who opened it included."""
    floor = Floor()
    for role in ("keeper", "lender", "non_owner"):
        with refuses(operands("Unauthorised", who(role))):
            floor.resize(Fraction(1, 2), role)


def test_neither_nothing_nor_before_it_opens() -> None:
    """A scale of zero is ZeroAmount; without liquidity, NotOpen."""
    with refuses("ZeroAmount()"):
        Floor().resize(Fraction(0))
    with refuses("NotOpen()"):
        Floor(reserves=None).resize(Fraction(1))


def test_a_scale_beyond_256_bits_is_refused_not_cut() -> None:
    with refuses("MulDivOverflow"):
        Floor().do("owner", "resize", 2**255)


def test_who_brings_liquidity_must_have_it() -> None:
    """The token's own refusal, and nothing has changed."""
    floor = Floor()
    floor.send("owner", "Token", floor.usdc, "approve", floor.place, 1)
    with refuses("InsufficientAllowance"):
        floor.resize(Fraction(2))
    assert (floor.reserves(), floor.see("scale")) == ((X, Y), WAD)


def test_an_owner_is_named_when_it_is_deployed() -> None:
    floor = Floor()
    assert abi.to_address(floor.see("owner")) == who("owner")
