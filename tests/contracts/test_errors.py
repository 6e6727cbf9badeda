"""Every custom error of every contract has a test that provokes it, or a reason why nothing can."""

import ast
from pathlib import Path

import pytest

from simulator.chain.artifact import load
from tests.contracts.desk import OURS

HERE = Path(__file__).parent

COMET = "protocols/compound_v3"

COMPOUND = "protocols/compound_v2"

AAVE = "protocols/aave_v3"
MORPHO = "protocols/morpho_blue"

PROVOKED = {
    (
        "AaveV3Adapter",
        "InsufficientLiquidity",
    ): f"{AAVE}/test_refusals.test_all_of_the_collateral_is_lent_out",
    ("AaveV3Adapter", "MulDivOverflow"): f"{AAVE}/test_refusals.test_a_conversion_beyond_256_bits_is_refused_not_cut",
    ("AaveV3Adapter", "TransferFailed"): f"{AAVE}/test_refusals.test_a_token_that_returns_false_pays_for_nothing",
    ("AaveV3Adapter", "Unlisted"): f"{AAVE}/test_refusals.test_an_asset_the_market_does_not_list",
    ("DepthBook", "InsufficientLiquidity"): "test_depth_book.test_no_more_than_the_curve_is_long",
    ("DepthBook", "InvalidCurve"): "test_depth_book.test_a_curve_that_does_not_rise_or_pays_nothing_is_refused",
    ("DepthBook", "InvalidFee"): "test_depth_book.test_a_fee_of_everything_is_refused",
    ("DepthBook", "MulDivOverflow"): "test_depth_book.test_room_beyond_256_bits_is_refused_not_cut",
    ("DepthBook", "TransferFailed"): "test_depth_book.test_a_token_that_returns_false_is_not_sold",
    ("DepthBook", "Unauthorised"): "test_depth_book.test_the_markets_hand_alone_may_move_it",
    ("DepthBook", "UnknownToken"): "test_depth_book.test_only_its_tokens_and_not_nothing",
    ("DepthBook", "ZeroAmount"): "test_depth_book.test_only_its_tokens_and_not_nothing",
    ("DepthBook", "ZeroPrice"): "test_depth_book.test_there_is_a_price_and_a_depth",
    ("KinkedRate", "InvalidRate"): f"{MORPHO}/test_oracle_and_rate.test_only_its_owner_sets_it",
    ("KinkedRate", "Unauthorised"): f"{MORPHO}/test_oracle_and_rate.test_only_its_owner_sets_it",
    (
        "MorphoBlueAdapter",
        "Beyond128Bits",
    ): f"{MORPHO}/test_accrue.test_interest_that_outgrows_its_slot_is_refused_not_cut",
    (
        "MorphoBlueAdapter",
        "MulDivOverflow",
    ): f"{MORPHO}/test_liquidate.test_a_conversion_beyond_256_bits_is_refused_not_cut",
    (
        "MorphoBlueAdapter",
        "NoMarket",
    ): f"{MORPHO}/test_liquidate.test_a_healthy_account_is_refused_in_morphos_own_words",
    (
        "MorphoBlueAdapter",
        "TransferFailed",
    ): f"{MORPHO}/test_liquidate.test_a_token_that_returns_false_pays_for_nothing",
    (
        "MorphoBlueAdapter",
        "UnknownAsset",
    ): f"{MORPHO}/test_liquidate.test_a_market_of_an_asset_that_is_not_listed_is_refused",
    (
        "MorphoOracle",
        "BeyondScale",
    ): f"{MORPHO}/test_oracle_and_rate.test_decimals_that_no_power_of_ten_bridges_are_refused",
    ("MorphoOracle", "InvalidPrice"): f"{MORPHO}/test_oracle_and_rate.test_no_price_is_made_of_nothing",
    (
        "MorphoOracle",
        "MulDivOverflow",
    ): f"{MORPHO}/test_oracle_and_rate.test_a_price_beyond_256_bits_is_refused_not_cut",
    ("CompoundV3Adapter", "BadAsset"): f"{COMET}/test_absorb.test_pairs_that_are_none_are_refused",
    ("CompoundV3Adapter", "BadPrice"): f"{COMET}/test_health.test_only_prices_that_count_are_asked_for",
    ("CompoundV3Adapter", "BorrowTooSmall"): f"{COMET}/test_small_comet.test_a_debt_has_a_least_size",
    (
        "CompoundV3Adapter",
        "InsufficientReserves",
    ): f"{COMET}/test_small_comet.test_an_accounts_collateral_is_not_for_sale",
    (
        "CompoundV3Adapter",
        "MulDivOverflow",
    ): f"{COMET}/test_storefront.test_a_conversion_beyond_256_bits_is_refused_not_cut",
    ("CompoundV3Adapter", "NotBorrowable"): f"{COMET}/test_absorb.test_pairs_that_are_none_are_refused",
    (
        "CompoundV3Adapter",
        "NotCollateralized",
    ): f"{COMET}/test_small_comet.test_up_to_the_borrow_factor_and_not_a_unit_more",
    ("CompoundV3Adapter", "NotForSale"): f"{COMET}/test_absorb.test_a_refused_order_leaves_nothing_absorbed",
    ("CompoundV3Adapter", "NotLiquidatable"): f"{COMET}/test_absorb.test_who_is_healthy_or_absorbed_already_is_refused",
    ("CompoundV3Adapter", "NothingForSale"): f"{COMET}/test_absorb.test_pairs_that_are_none_are_refused",
    ("CompoundV3Adapter", "Paused"): f"{COMET}/test_absorb.test_a_pause_of_either_half_refuses_both",
    ("CompoundV3Adapter", "SupplyCapExceeded"): f"{COMET}/test_small_comet.test_collateral_has_a_cap",
    ("CompoundV3Adapter", "TooMuchSlippage"): f"{COMET}/test_small_comet.test_the_storefront_keeps_its_word_to_buyers",
    ("CompoundV3Adapter", "TransferFailed"): f"{COMET}/test_absorb.test_a_base_token_that_returns_false_buys_nothing",
    ("CompoundV3Adapter", "Unauthorized"): f"{COMET}/test_small_comet.test_each_pause_stops_its_verb",
    ("CompoundFounder", "CreationFailed"): f"{COMPOUND}/test_deploy.test_a_comptroller_that_cannot_be_founded",
    ("CompoundFounder", "Rejected"): f"{COMPOUND}/test_deploy.test_a_comptroller_that_cannot_be_founded",
    ("CompoundOracle", "Unauthorised"): f"{COMPOUND}/test_deploy.test_only_its_owner_tells_the_oracle_where_to_look",
    ("CompoundV2Adapter", "CompoundFailure"): f"{COMPOUND}/test_liquidate.test_without_a_price_nothing_is_liquidated",
    (
        "CompoundV2Adapter",
        "InsufficientLiquidity",
    ): f"{COMPOUND}/test_liquidate.test_at_full_utilisation_the_collateral_cannot_leave",
    (
        "CompoundV2Adapter",
        "InsufficientShortfall",
    ): f"{COMPOUND}/test_liquidate.test_a_healthy_account_is_refused_by_a_revert",
    (
        "CompoundV2Adapter",
        "MulDivOverflow",
    ): f"{COMPOUND}/test_account.test_a_conversion_beyond_256_bits_is_refused_not_cut",
    ("CompoundV2Adapter", "TooMuchRepay"): f"{COMPOUND}/test_liquidate.test_max_repay_is_the_largest_that_succeeds",
    ("CompoundV2Adapter", "UnknownAsset"): f"{COMPOUND}/test_liquidate.test_an_asset_without_market_is_unknown",
    ("ConstantProductPool", "AlreadyOpen"): "test_venue.test_it_opens_once",
    ("ConstantProductPool", "InvalidFee"): "test_venue.test_a_fee_of_everything_is_refused",
    ("ConstantProductPool", "MulDivOverflow"): "test_venue.test_a_spot_beyond_256_bits_is_refused_not_cut",
    ("ConstantProductPool", "NotOpen"): "test_venue.test_before_it_opens_nothing_goes",
    ("ConstantProductPool", "TransferFailed"): "test_venue.test_a_token_that_returns_false_is_not_traded",
    ("ConstantProductPool", "Unauthorised"): "test_resize.test_only_its_owner_resizes_it",
    ("ConstantProductPool", "UnknownToken"): "test_venue.test_only_its_tokens",
    ("ConstantProductPool", "ZeroAmount"): "test_venue.test_nothing_cannot_be_sold_or_put_in",
    ("Deployer", "DeploymentFailed"): "test_admin.test_a_place_is_taken_once",
    ("FlashLender", "CallbackFailed"): "test_flash_lender.test_a_receiver_that_does_not_agree_gets_nothing",
    ("FlashLender", "InsufficientLiquidity"): "test_flash_lender.test_no_more_than_it_holds",
    ("FlashLender", "MulDivOverflow"): "test_flash_lender.test_a_fee_beyond_256_bits_is_refused_not_cut",
    ("FlashLender", "TransferFailed"): "test_flash_lender.test_a_token_that_returns_false_is_not_lent",
    ("LendingPool", "AlreadyListed"): "test_admin.test_an_asset_is_listed_once",
    ("LendingPool", "Beyond128Bits"): "test_accrue.test_an_index_that_outgrows_its_slot_stops_the_reserve",
    ("LendingPool", "BorrowCapExceeded"): "test_borrow.test_up_to_the_cap_and_not_a_unit_more",
    ("LendingPool", "DustLeft"): "test_liquidate_terms.test_the_operands_of_dust_are_what_would_be_left",
    ("LendingPool", "Healthy"): "test_liquidate.test_at_health_one_nobody",
    ("LendingPool", "InsufficientBalance"): "test_withdraw.test_no_more_than_the_balance",
    ("LendingPool", "InsufficientLiquidity"): "test_borrow.test_no_more_than_the_pool_holds",
    ("LendingPool", "InvalidParameter"): "test_admin.test_each_parameter_has_a_limit",
    ("LendingPool", "InvalidPrice"): "test_withdraw.test_who_owes_needs_a_price",
    ("LendingPool", "MulDivOverflow"): "test_liquidate.test_a_product_beyond_256_bits_is_refused_not_cut",
    ("LendingPool", "NoCollateral"): "test_liquidate.test_only_collateral_can_be_seized",
    ("LendingPool", "NotBorrowable"): "test_emode.test_only_the_categorys_assets_may_be_borrowed",
    ("LendingPool", "NothingOwed"): "test_repay.test_who_owes_nothing_cannot_repay",
    ("LendingPool", "Reentered"): "test_reentrancy.test_a_hostile_token_cannot_call_back",
    ("LendingPool", "SupplyCapExceeded"): "test_supply.test_up_to_the_cap_and_not_a_unit_more",
    ("LendingPool", "TransferFailed"): "test_supply.test_a_token_that_returns_false_supplies_nothing",
    ("LendingPool", "Unauthorised"): "test_admin.test_only_the_owner_lists_and_configures",
    ("LendingPool", "Undercollateralised"): "test_borrow.test_up_to_the_ltv_and_not_a_unit_more",
    ("LendingPool", "UnknownCategory"): "test_emode.test_a_category_that_is_not_there_cannot_be_entered",
    ("LendingPool", "Unlisted"): "test_supply.test_an_asset_that_is_not_listed_is_refused",
    ("LendingPool", "ZeroAmount"): "test_supply.test_nothing_cannot_be_supplied",
    ("LendingPoolAdapter", "MulDivOverflow"): "test_adapter.test_a_conversion_beyond_256_bits_is_refused_not_cut",
    ("Liquidator", "GasAllowance"): "test_liquidator.test_a_short_transaction_fails_as_a_whole",
    ("Liquidator", "InsufficientCapital"): "test_liquidator.test_a_hand_that_holds_pays_no_more_than_it_has",
    ("Liquidator", "NothingToRepay"): "test_liquidator.test_an_order_for_nothing_is_refused",
    ("Liquidator", "TransferFailed"): "test_liquidator.test_a_hand_does_not_trust_a_token_that_says_no",
    ("Liquidator", "Unauthorised"): "test_liquidator.test_the_hand_obeys_its_keeper_alone",
    ("Liquidator", "Unprofitable"): "test_liquidator.test_less_than_asked_is_refused_whole",
    ("Market", "TransferFailed"): "test_venue.test_the_markets_hand_learns_of_a_token_that_says_no",
    ("Market", "Unauthorised"): "test_venue.test_the_markets_hand_obeys_its_owner_alone",
    ("Market", "UnknownVerb"): "test_venue.test_the_markets_hand_knows_its_verbs",
    ("PriceFeed", "NoRound"): "test_feed.test_a_round_that_never_was_is_refused",
    ("PriceFeed", "Unauthorised"): "test_feed.test_only_writers_report",
    ("PriceFeed", "Unavailable"): "test_feed.test_a_closed_feed_answers_its_owner_alone",
    ("Probe", "Answer"): "test_probe.test_only_itself_may_attempt",
    ("Probe", "OnlyItself"): "test_probe.test_only_itself_may_attempt",
    ("Token", "InsufficientAllowance"): "test_token.test_an_allowance_runs_down",
    ("Token", "InsufficientBalance"): "test_token.test_no_more_than_the_balance_moves",
    ("UniswapV2Venue", "AlreadyOpen"): "venues/test_resize.test_a_pair_opens_once",
    ("UniswapV2Venue", "InsufficientLiquidity"): "venues/test_uniswap_v2.test_a_sale_that_does_not_fit_is_refused",
    (
        "UniswapV2Venue",
        "MulDivOverflow",
    ): "venues/test_resize.test_a_scale_of_a_pair_beyond_256_bits_is_refused_not_cut",
    ("SplitRouter", "InsufficientLiquidity"): "venues/test_split.test_what_all_arms_together_cannot_take_is_refused",
    ("SplitRouter", "MulDivOverflow"): "venues/test_split.test_a_spot_beyond_256_bits_is_refused_not_cut",
    ("SplitRouter", "NotAVenue"): "venues/test_split.test_a_router_is_no_place_to_be_moved",
    ("SplitRouter", "TransferFailed"): "venues/test_split.test_a_token_that_returns_false_is_not_sold",
    ("SplitRouter", "UnknownToken"): "venues/test_split.test_a_router_is_no_place_to_be_moved",
    ("SplitRouter", "ZeroAmount"): "venues/test_split.test_a_router_is_no_place_to_be_moved",
    ("UniswapV2Venue", "TransferFailed"): "venues/test_refusals.test_a_token_that_returns_false_is_not_sold",
    ("UniswapV2Venue", "Unauthorised"): "venues/test_resize.test_only_its_owner_resizes_it",
    ("UniswapV2Venue", "UnknownToken"): "venues/test_uniswap_v2.test_only_its_tokens_and_not_nothing",
    ("UniswapV2Venue", "ZeroAmount"): "venues/test_uniswap_v2.test_only_its_tokens_and_not_nothing",
    ("UniswapV3Provider", "DeploymentFailed"): "venues/test_refusals.test_code_that_creates_nothing_founds_nothing",
    ("UniswapV3Provider", "TransferFailed"): "venues/test_refusals.test_a_token_that_returns_false_is_not_lent",
    ("UniswapV3Provider", "Unauthorised"): "venues/test_refusals.test_the_provider_obeys_its_owner_alone",
    ("UniswapV3Venue", "Beyond128Bits"): "venues/test_resize.test_liquidity_beyond_128_bits_is_refused_not_cut",
    ("UniswapV3Venue", "InsufficientLiquidity"): "venues/test_uniswap_v3.test_a_sale_beyond_the_liquidity_is_refused",
    ("UniswapV3Venue", "MulDivOverflow"): "venues/test_refusals.test_a_spot_beyond_256_bits_is_refused_not_cut",
    ("UniswapV3Venue", "TransferFailed"): "venues/test_refusals.test_a_token_that_returns_false_is_not_sold",
    ("UniswapV3Venue", "Unauthorised"): "venues/test_uniswap_v3.test_only_its_tokens_and_only_its_pool",
    ("UniswapV3Venue", "UnknownToken"): "venues/test_uniswap_v3.test_only_its_tokens_and_only_its_pool",
    ("UniswapV3Venue", "ZeroAmount"): "venues/test_uniswap_v3.test_only_its_tokens_and_only_its_pool",
}

UNREACHABLE = {
    ("KinkedRate", "MulDivOverflow"): "it multiplies words of 128 bits and less by less than 2^90",
    ("MorphoBlueAdapter", "InsufficientLiquidity"): "Morpho lends no collateral, so that it can always leave",
    ("CompoundV3Adapter", "InsufficientLiquidity"): "a Comet lends no collateral, so that it can always leave",
    ("LendingPoolAdapter", "InsufficientLiquidity"): "the pool says it itself, by the same error",
    ("UniswapV3Venue", "Quoted"): "it carries a quote out of the pool's callback, and only `quote` has it thrown",
    ("Lens", "MulDivOverflow"): "it multiplies by less than it divides by: 0.618 of a 256-bit number fits 256 bits",
}


def declared() -> set[tuple[str, str]]:
    """(contract, error) of every artifact."""
    return {(name, signature.partition("(")[0]) for name in OURS for signature in load(name).errors.values()}


def test_every_error_has_its_test() -> None:
    """A new error without a test, or a test for an error that is gone, fails here."""
    assert declared() == PROVOKED.keys() | UNREACHABLE.keys()


@pytest.mark.parametrize(("error", "place"), [(error, place) for (_, error), place in PROVOKED.items()])
def test_the_named_test_names_the_error(error: str, place: str) -> None:
    """The test exists, and its body or claim spells the error."""
    file, _, name = place.partition(".")
    text = ((HERE.parent if "/" in file else HERE) / f"{file}.py").read_text("utf8")
    bodies = [
        ast.get_source_segment(text, node)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    assert len(bodies) == 1, f"{place}: found {len(bodies)} tests of that name"
    assert error in str(bodies[0]), f"{place} does not name {error}"


def test_no_two_errors_share_a_selector() -> None:
    """One selector, one signature, over all contracts: a reason can be read without knowing who gave it."""
    seen: dict[bytes, str] = {}
    for name in OURS:
        for selector, signature in load(name).errors.items():
            assert seen.setdefault(selector, signature) == signature
