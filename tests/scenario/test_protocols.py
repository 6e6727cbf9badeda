"""What a protocol fixes itself, e-modes and isolated markets: what a scenario may say of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulator.errors import InputError
from simulator.scenario import Scenario
from tests.small import account, small

AAVE = {"kind": "aave-v3"}
MORPHO: dict[str, Any] = {"kind": "morpho-blue"}
ISOLATED = {
    "WETH": {"decimals": 18, "liquidation_threshold": "0.86"},
    "USDC": {"decimals": 6, "liquidation_threshold": 0},
}
ETH = {"collateral": ["WETH"], "borrow": ["USDC"], "ltv": "0.93", "liquidation_threshold": "0.95"}


def morpho(accounts: list[dict[str, Any]], **changes: Any) -> Scenario:
    base = small([account("a", 1, 1000)]).resolved()
    kept = {key: base[key] for key in ("schema", "name", "clock", "lenders", "prices", "keepers")}
    return Scenario.parse({**kept, "protocol": MORPHO, "assets": ISOLATED, "book": {"accounts": accounts}, **changes})


def test_left_out_rules_are_the_protocols() -> None:
    protocol = small([account("a", 1, 1000)], protocol=AAVE).protocol
    assert (protocol.close_factor, protocol.full_close_below_health) == (Decimal("0.5"), Decimal("0.95"))
    assert (protocol.full_close_below_value, protocol.min_leftover_value) == (2000, 1000)


def test_exactly_its_value_may_be_given() -> None:
    given = {**AAVE, "close_factor": "0.50", "min_leftover_value": "1_000", "incentive": {"kind": "fixed"}}
    assert small([account("a", 1, 1000)], protocol=given).protocol.min_leftover_value == 1000


@pytest.mark.parametrize(
    "kind,key,value,says",
    [
        ("aave-v3", "close_factor", "0.4", "0.5"),
        ("aave-v3", "full_close_below_value", "0", "2000"),
        ("aave-v3", "target_health", "1.05", "null"),
        ("aave-v3", "deficit", "socialised", "stays"),
        ("aave-v3", "incentive", {"kind": "lltv", "cursor": "0.3", "cap": "0.15"}, "{kind: fixed}"),
        ("compound-v2", "emodes", {"eth": ETH}, "{}"),
        ("lending-pool", "markets", [{"collateral": "WETH", "loan": "USDC", "lltv": "0.8"}], "[]"),
    ],
)
def test_another_value_is_refused_with_what_the_protocol_does(kind: str, key: str, value: Any, says: str) -> None:
    assets = {"WETH": {"ltv": "0.83"}} if kind == "compound-v2" else {}
    with pytest.raises(InputError) as caught:
        small([account("a", 1, 1000)], protocol={"kind": kind, key: value}, assets=assets)
    assert caught.value.path == f"protocol.{key}"
    assert f"allowed: {says}, or nothing" in str(caught.value)


def test_changing_the_protocol_drops_what_it_fixes_or_lacks_and_lists_it() -> None:
    crash = Scenario.load("black-thursday")
    keys: tuple[str, ...] = ("close_factor", "full_close_below_health", "full_close_below_value")
    keys += ("min_leftover_value", "incentive", "deficit")
    rules = [f"protocol.{key}" for key in keys]
    assert list(crash.replace("protocol.kind", "aave-v3").dropped) == rules
    found = crash.replace("protocol.kind", "morpho-blue")
    keys = ("ltv", "liquidation_bonus", "protocol_fee", "supply_cap", "borrow_cap")
    assert list(found.dropped) == [*rules, *(f"assets.{name}.{key}" for name in ("WETH", "USDC") for key in keys)]
    assert found.assets["WETH"].ltv == found.assets["WETH"].liquidation_threshold == Decimal("0.83")
    assert found.protocol.deficit == "socialised"
    assert not crash.dropped


def test_changed_scenarios_load_again_as_they_are() -> None:
    for kind in ("aave-v3", "morpho-blue", "compound-v2"):
        changed = Scenario.load("black-thursday").replace("protocol.kind", kind)
        assert Scenario.parse(changed.resolved()).digest == changed.digest


def test_markets_left_out_are_those_of_the_book() -> None:
    (market,) = morpho([{"name": "a", "collateral": {"WETH": 1}, "debt": {"USDC": 1000}}]).markets
    assert (market.collateral, market.loan, market.lltv) == ("WETH", "USDC", Decimal("0.86"))
    assert len(Scenario.load("black-thursday").replace("protocol.kind", "morpho-blue").markets) == 1


def test_an_account_borrows_on_its_markets_terms() -> None:
    market = {"collateral": "WETH", "loan": "USDC", "lltv": "0.77"}
    found = morpho(
        [{"name": "a", "collateral": {"WETH": 1}, "debt": {"USDC": 1000}}], protocol={**MORPHO, "markets": [market]}
    )
    assert found.terms(found.positions[0])["WETH"] == (Decimal("0.77"), Decimal("0.77"))  # type: ignore[index]
    assert found.thresholds(found.positions[0]) == (0.77, 0.0)  # type: ignore[index]


@pytest.mark.parametrize(
    "held,says",
    [
        ({"collateral": {"WETH": 1, "USDC": 1}, "debt": {}}, "markets are isolated"),
        ({"collateral": {"USDC": 10}, "debt": {"WETH": "0.001"}}, "protocol.markets (WETH/USDC)"),
        ({"collateral": {}, "debt": {"USDC": 10}}, "markets are isolated"),
    ],
)
def test_an_account_of_no_single_market_is_refused(held: dict[str, Any], says: str) -> None:
    market = {"collateral": "WETH", "loan": "USDC", "lltv": "0.86"}
    with pytest.raises(InputError) as caught:
        morpho([{"name": "a", **held}], protocol={**MORPHO, "markets": [market]})
    assert caught.value.path == "book.accounts.a"
    assert says in str(caught.value)


def test_collateral_of_an_isolated_market_is_not_lent() -> None:
    with pytest.raises(InputError, match=r"^lenders\.USDC"):
        morpho([{"name": "a", "collateral": {"WETH": 1}, "debt": {"USDC": 1000}}], lenders={"USDC": 999})


def test_a_category_gives_its_collateral_its_own_terms() -> None:
    inside = {**account("a", 1, 1000), "emode": "eth"}
    found = small([inside, account("b", 1, 1000)], protocol={"kind": "lending-pool", "emodes": {"eth": ETH}})
    one, other = found.positions or ()
    assert found.terms(one)["WETH"] == (Decimal("0.93"), Decimal("0.95"))
    assert found.terms(other)["WETH"] == (Decimal("0.8"), Decimal("0.83"))


@pytest.mark.parametrize(
    "emode,name,path,says",
    [
        ({**ETH, "collateral": ["WBTC"]}, "eth", "protocol.emodes.eth.collateral.0", "assets of this scenario"),
        ({**ETH, "borrow": ["USDC", "USDC"]}, "eth", "protocol.emodes.eth.borrow.1", "each once"),
        ({**ETH, "ltv": "0.96"}, "eth", "protocol.emodes.eth.liquidation_threshold", "0.96"),
        (ETH, "btc", "book.accounts.a.emode", "one of protocol.emodes (eth)"),
        ({**ETH, "borrow": []}, "eth", "book.accounts.a.debt.USDC", "nothing"),
    ],
)
def test_what_a_category_cannot_be(emode: dict[str, Any], name: str, path: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        small([{**account("a", 1, 1000), "emode": name}], protocol={"kind": "aave-v3", "emodes": {"eth": emode}})
    assert caught.value.path == path
    assert says in str(caught.value)


def with_uni(kind: str, **changes: Any) -> Scenario:
    """UNI counts as no collateral; WETH alone has a venue against USDC."""
    uni = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0, "liquidation_bonus": "0.05"}
    venue = {"name": "amm", "kind": "constant-product", "base": "WETH", "quote": "USDC", "reserves": [100, 200_000]}
    held = [{"name": "a", "collateral": {"WETH": 1, "UNI": 1}, "debt": {"USDC": 1000}}]
    weth = {"ltv": "0.83", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}
    base = {"assets": {"WETH": weth, "UNI": uni}, "prices": {"UNI": {"kind": "constant", "value": 10}}}
    return small(held, protocol={"kind": kind}, venues=[venue], **{**base, **changes})


@pytest.mark.parametrize(("kind", "expected"), [("lending-pool", False), ("aave-v3", False), ("compound-v2", True)])
def test_compound_seizes_what_counts_as_no_collateral(kind: str, expected: bool) -> None:
    found = with_uni(kind)
    by_asset = dict(zip(found.assets, found.seizable(found.positions[0]), strict=True))  # type: ignore[index]
    assert (by_asset["WETH"], by_asset["UNI"]) == (True, expected)


def test_what_compound_seizes_needs_a_route() -> None:
    sells = [{"name": "k", "sell": "venue"}]
    with_uni("lending-pool", keepers=sells)
    with pytest.raises(InputError) as caught:
        with_uni("compound-v2", keepers=sells)
    assert "no route from UNI to USDC" in str(caught.value)


def test_what_compound_seizes_needs_a_bonus() -> None:
    weth = {"ltv": "0.83", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}
    bare = {"WETH": weth, "UNI": {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}}
    with_uni("lending-pool", assets=bare)
    with pytest.raises(InputError) as caught:
        with_uni("compound-v2", assets=bare)
    assert caught.value.path == "assets.UNI.liquidation_bonus"
