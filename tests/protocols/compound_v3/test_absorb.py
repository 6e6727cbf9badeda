"""A liquidation absorbs the account and buys what was asked for: who pays what to whom, by hand to the unit."""

from fractions import Fraction

import pytest

from simulator.chain import abi
from tests.contracts.desk import MAX, PURSE, artifact, ether, operands, refuses, usd, usdc, who
from tests.protocols.compound_v3.stand import ABSORB, BUY, Seizure, Stand, opened

ORDER_OF_BASE = 1
"""Where USDC stands in the scenario's order."""


def test_a_credit_above_the_debt_becomes_the_accounts_own_supply() -> None:
    """10 WETH at 1 670 credit 95 % of 16 700: 15 865 against 15 000 owed. The keeper buys them 3 % below the price."""
    stand = opened()
    stand.report("WETH", usd(1670))
    assert stand.health() == int(Fraction(16_700) * Fraction("0.895") / 15_000 * 10**18)
    done = stand.liquidate()
    assert done == Seizure(usdc(16_199), usdc(15_000), ether(10), ether(10), 0)
    assert stand.row("borrower") == (MAX, 0, 0, usdc(865), 0, 0, 0)
    assert stand.reserves() == usdc(16_199) - usdc(15_865)
    assert stand.wallet("keeper", stand.tokens["WETH"]) == PURSE + ether(10)
    assert stand.wallet("keeper", stand.tokens["USDC"]) == PURSE - usdc(16_199)
    assert stand.totals()["USDC"].written_off == 0


def test_a_shortfall_eats_the_reserves() -> None:
    """At 1 400 the credit is 13 300 of 15 000: 1 700 is nobody's debt any more. The sale brings 13 580 back."""
    stand = opened()
    stand.give(usdc(5_000))
    stand.report("WETH", usd(1400))
    done = stand.liquidate()
    assert done == Seizure(usdc(13_580), usdc(13_300), ether(10), ether(10), 0, ((ORDER_OF_BASE, usdc(1_700)),))
    assert done.cleared + done.losses[0][1] == usdc(15_000)
    assert stand.row("borrower") == (MAX, 0, 0, 0, 0, 0, 0)
    assert stand.reserves() == usdc(5_000) - usdc(15_000) + usdc(13_580)
    assert stand.totals()["USDC"].written_off == usdc(1_700)
    assert stand.totals()["USDC"].debt == 0


def test_reserves_may_fall_below_nothing() -> None:
    """At 100 the credit is 950 and the sale brings 970: without reserves the suppliers' claim is not covered."""
    stand = opened()
    stand.report("WETH", usd(100))
    assert stand.liquidate().losses == ((ORDER_OF_BASE, usdc(14_050)),)
    assert stand.reserves() == -usdc(15_000) + usdc(970)
    assert stand.totals()["USDC"].supply - stand.totals()["USDC"].held == usdc(14_030)


def test_the_protocol_says_the_same_of_it() -> None:
    """AbsorbDebt pays out the debt and the surplus; AbsorbCollateral names amount and value; Buy names both sides."""
    stand = opened()
    stand.report("WETH", usd(1670))
    receipt = stand.liquidation(MAX)
    events = artifact("SmallComet").events
    names = {topic: text.partition("(")[0] for text, topic in events.items()}
    seen = {names[log.topics[0]]: abi.words(log.data) for log in receipt.logs if log.address == stand.comet}
    assert seen == {
        "AbsorbCollateral": (ether(10), usd(16_700)),
        "AbsorbDebt": (usdc(15_865), usd(15_865)),
        "BuyCollateral": (usdc(16_199), ether(10)),
    }


def test_all_collateral_is_absorbed_and_one_asset_is_bought() -> None:
    """5 WETH and 0.5 WBTC owe 17 000; WETH falls to 1 100. Credit .95 · 5 500 + .90 · 15 000 = 18 725."""
    stand = opened(ether(5), usdc(17_000), 5 * 10**7)
    stand.report("WETH", usd(1100))
    assert stand.health() == int((5500 * Fraction("0.895") + 15_000 * Fraction("0.77")) / 17_000 * 10**18)
    done = stand.liquidate()
    assert done == Seizure(usdc(5_335), usdc(17_000), ether(5), ether(5), 0)  # 1 100 · 0.97 each
    assert stand.row("borrower") == (MAX, 0, 0, usdc(1_725), 0, 0, 0)
    assert (stand.for_sale("WETH"), stand.for_sale("WBTC")) == (0, 5 * 10**7)
    totals = stand.totals()["WBTC"]
    assert (totals.supply, totals.debt, totals.held) == (0, 0, 5 * 10**7)


def test_the_rest_can_be_fetched_from_the_storefront() -> None:
    """The Comet's own address stands for what is for sale: 0.5 WBTC, 6 % below 30 000, and nobody is absorbed."""
    stand = opened(ether(5), usdc(17_000), 5 * 10**7)
    stand.report("WETH", usd(1100))
    stand.liquidate()
    assert stand.max_repay("WBTC", stand.comet) == usdc(14_100)
    assert stand.quote(MAX, "WBTC", stand.comet) == (usdc(14_100), 5 * 10**7)
    done = stand.liquidate(MAX, "WBTC", stand.comet)
    assert done == Seizure(usdc(14_100), 0, 5 * 10**7, 5 * 10**7, 0)
    assert stand.for_sale("WBTC") == 0
    assert stand.reserves() == usdc(5_335 + 14_100 - 18_725)
    with refuses(operands("NothingForSale", stand.comet, stand.tokens["WBTC"])):
        stand.liquidate(MAX, "WBTC", stand.comet)


def test_the_other_asset_of_the_pair_is_bought_as_well() -> None:
    """The same account by its WBTC: 14 100 for half a coin, and the WETH stays in the storefront."""
    stand = opened(ether(5), usdc(17_000), 5 * 10**7)
    stand.report("WETH", usd(1100))
    assert stand.liquidate(MAX, "WBTC") == Seizure(usdc(14_100), usdc(17_000), 5 * 10**7, 5 * 10**7, 0)
    assert (stand.for_sale("WETH"), stand.for_sale("WBTC")) == (ether(5), 0)


def test_a_small_repayment_absorbs_all_the_same() -> None:
    """7 000 buys 7 000/1 358 WETH, rounded down; the rest of the ten is the protocol's."""
    stand = opened()
    stand.report("WETH", usd(1400))
    bought = int(Fraction(7000, 1358) * 10**18)
    assert stand.quote(usdc(7000)) == (usdc(7000), bought)
    done = stand.liquidate(usdc(7000))
    assert done[:5] == (usdc(7000), usdc(13_300), ether(10), bought, ether(10) - bought)
    assert done.losses == ((ORDER_OF_BASE, usdc(1_700)),)
    assert stand.for_sale("WETH") == done.protocol_fee
    assert stand.owed() == 0


def test_more_than_it_costs_is_not_taken() -> None:
    """A repayment of 20 000 pays 13 580, and does not buy what another left."""
    stand = opened()
    stand.give(ether(3), "WETH")
    stand.report("WETH", usd(1400))
    assert stand.quote(usdc(20_000)) == (usdc(13_580), ether(10))
    assert stand.liquidate(usdc(20_000))[:4] == (usdc(13_580), usdc(13_300), ether(10), ether(10))
    assert stand.for_sale("WETH") == ether(3)
    assert stand.wallet(stand.adapter, stand.tokens["USDC"]) == 0


def standing(stand: Stand) -> tuple[object, ...]:
    wallets = [stand.wallet("keeper", token) for token in stand.tokens.values()]
    return stand.row("borrower"), stand.reserves(), stand.for_sale("WETH"), stand.totals(), wallets


def test_a_refused_order_leaves_nothing_absorbed() -> None:
    """Reserves of 120 000 against a target of 100 000: the absorption alone would go, the sale does not."""
    stand = opened(target=usdc(100_000))
    stand.give(usdc(120_000))
    stand.report("WETH", usd(1400))
    before = standing(stand)
    assert stand.liquidatable()
    for repay in (1, usdc(7000), MAX):
        with refuses("NotForSale()"):
            stand.liquidate(repay)
    assert standing(stand) == before


@pytest.mark.parametrize("flag", [ABSORB, BUY])
def test_a_pause_of_either_half_refuses_both(flag: int) -> None:
    """Paused() of the Comet passes through."""
    stand = opened()
    stand.report("WETH", usd(1400))
    stand.pause(flag)
    before = standing(stand)
    with refuses("Paused()"):
        stand.liquidate()
    assert standing(stand) == before
    stand.pause(0)
    stand.liquidate()


def test_who_is_healthy_or_absorbed_already_is_refused() -> None:
    """NotLiquidatable(), for the size as for the deed: the line is at 15 000/(10 · 0.895) = 1 675.98."""
    stand = opened()
    stand.report("WETH", usd(1676))
    for act in (stand.max_repay, stand.liquidate):
        with refuses("NotLiquidatable()"):
            act()
    stand.report("WETH", usd(1675))
    stand.liquidate()
    for act in (stand.max_repay, stand.liquidate):
        with refuses("NotLiquidatable()"):
            act()


def test_pairs_that_are_none_are_refused() -> None:
    """Only the base token is owed, and only collateral that the account has is for sale."""
    stand = opened()
    stand.report("WETH", usd(1400))
    weth, usdc_, wbtc = (stand.tokens[name] for name in ("WETH", "USDC", "WBTC"))
    send = artifact("CompoundV3Adapter").encode
    with refuses(operands("NotBorrowable", weth)):
        stand.send_raw("keeper", stand.adapter, send("liquidate", who("borrower"), weth, weth, 1, who("keeper")))
    with refuses(operands("NotBorrowable", weth)):
        stand.ask("maxRepay", who("borrower"), weth, weth)
    with refuses("BadAsset()"):
        stand.send_raw("keeper", stand.adapter, send("liquidate", who("borrower"), usdc_, usdc_, 1, who("keeper")))
    assert stand.max_repay("WBTC") == 0
    with refuses(operands("NothingForSale", who("borrower"), wbtc)):
        stand.liquidate(MAX, "WBTC")
    with refuses(operands("NothingForSale", who("borrower"), weth)):
        stand.liquidate(0)


def test_it_attaches_to_the_comets_own_assets_alone() -> None:
    """The base token must be among them, and what the Comet does not list may not."""
    stand = opened()
    stand.tokens["DAI"] = stand.token("DAI", 18)
    for names in (("WETH", "WBTC"), ("USDC", "DAI")):
        with refuses("DeploymentFailed"):
            stand.attach(*names)


class Silent(Stand):
    """The base token can fail without a revert."""

    def token(self, name: str, decimals: int) -> str:
        if name != "USDC":
            return super().token(name, decimals)
        place = self.deploy("HostileToken", name, abi.word(decimals))
        for role in ("lender", "keeper"):
            self.send(role, "HostileToken", place, "mint", who(role), usdc(1_000_000))
        return place


def test_a_base_token_that_returns_false_buys_nothing() -> None:
    """The keeper's payment fails without a revert: TransferFailed, and the account is not absorbed."""
    stand = Silent()
    stand.supply("lender", "USDC", usdc(20_000))
    stand.supply("borrower", "WETH", ether(10))
    stand.withdraw("borrower", "USDC", usdc(15_000))
    stand.report("WETH", usd(1670))
    stand.send("lender", "HostileToken", stand.tokens["USDC"], "fail", 1)
    with refuses(operands("TransferFailed", stand.tokens["USDC"])):
        stand.liquidate()
    assert (stand.owed(), stand.for_sale("WETH")) == (usdc(15_000), 0)
