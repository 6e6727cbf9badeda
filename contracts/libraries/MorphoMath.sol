// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMorpho} from "../interfaces/morpho/IMorpho.sol";
import {IMorphoRateModel} from "../interfaces/morpho/IMorphoRateModel.sol";
import {WAD, Rounding} from "./Rounding.sol";

/// @notice Morpho Blue's arithmetic as far as a quote needs it: what a market will be after its next accrual, what
/// shares are worth, and what one liquidation takes. Source: Morpho, SharesMathLib, MathLib (version 1.0.0); a
/// differential test holds each of them to the contract's own results.
library MorphoMath {
    using Rounding for uint256;

    uint256 internal constant VIRTUAL_SHARES = 1e6;
    uint256 internal constant VIRTUAL_ASSETS = 1; // [token]
    uint256 internal constant PRICE_SCALE = 1e36;
    uint256 internal constant CURSOR = 0.3e18; // [wad]
    uint256 internal constant LARGEST_FACTOR = 1.15e18; // [wad]

    /// @dev What one liquidation takes. With `closesCollateral` it is asked for by collateral, else by shares.
    struct Plan {
        uint256 repaid; // [token]
        uint256 seized; // [token]
        uint256 shares; // of debt
        bool closesCollateral;
    }

    function toAssetsUp(uint256 shares, uint256 totalAssets, uint256 totalShares) internal pure returns (uint256) {
        return shares.mulDivUp(totalAssets + VIRTUAL_ASSETS, totalShares + VIRTUAL_SHARES);
    }

    function toAssetsDown(uint256 shares, uint256 totalAssets, uint256 totalShares) internal pure returns (uint256) {
        return shares.mulDivDown(totalAssets + VIRTUAL_ASSETS, totalShares + VIRTUAL_SHARES);
    }

    function toSharesUp(uint256 assets, uint256 totalAssets, uint256 totalShares) internal pure returns (uint256) {
        return assets.mulDivUp(totalShares + VIRTUAL_SHARES, totalAssets + VIRTUAL_ASSETS);
    }

    function toSharesDown(uint256 assets, uint256 totalAssets, uint256 totalShares) internal pure returns (uint256) {
        return assets.mulDivDown(totalShares + VIRTUAL_SHARES, totalAssets + VIRTUAL_ASSETS);
    }

    /// @notice The market as its next accrual leaves it, now.
    /// @return market With interest and the fee's shares in it.
    /// @return feeShares What the fee recipient's position gains by it.
    function accrued(IMorpho morpho, bytes32 id, IMorpho.MarketParams memory params)
        internal
        view
        returns (IMorpho.Market memory market, uint256 feeShares)
    {
        market = morpho.market(id);
        uint256 elapsed = block.timestamp - market.lastUpdate;
        if (elapsed == 0 || market.totalBorrowAssets == 0 || params.irm == address(0)) return (market, 0);
        uint256 rate = IMorphoRateModel(params.irm).borrowRateView(params, market);
        uint256 interest = uint256(market.totalBorrowAssets).mulDivDown(growthDown(rate * elapsed), WAD);
        market.totalBorrowAssets += interest.to128();
        market.totalSupplyAssets += interest.to128();
        if (market.fee == 0) return (market, 0);
        uint256 fee = interest.mulDivDown(market.fee, WAD);
        feeShares = toSharesDown(fee, market.totalSupplyAssets - fee, market.totalSupplyShares);
        market.totalSupplyShares += feeShares.to128();
    }

    /// @return e^x − 1 to its third term [wad], each term rounded down.
    function growthDown(uint256 x) internal pure returns (uint256) {
        uint256 squared = x.mulDivDown(x, 2 * WAD);
        return x + squared + squared.mulDivDown(x, 3 * WAD);
    }

    /// @return What a seizure is worth per unit of debt it clears [wad]: 1/(1 − 0.3·(1 − LLTV)), 1.15 at most.
    function factorDown(uint256 lltv) internal pure returns (uint256) {
        return LARGEST_FACTOR.min(WAD.mulDivDown(WAD, WAD - CURSOR.mulDivDown(WAD - lltv, WAD)));
    }

    /// @return The most that `collateral` lets its owner owe [token of the loan].
    function maxBorrowDown(uint256 collateral, uint256 price, uint256 lltv) internal pure returns (uint256) {
        return collateral.mulDivDown(price, PRICE_SCALE).mulDivDown(lltv, WAD);
    }

    /// @dev Health [wad] is below one exactly when Morpho finds the most that the account may owe below what it owes.
    function standing(uint256 lltv, IMorpho.Market memory market, IMorpho.Position memory position, uint256 price)
        internal
        pure
        returns (uint256 owed_, uint256 health)
    {
        owed_ = toAssetsUp(position.borrowShares, market.totalBorrowAssets, market.totalBorrowShares);
        if (owed_ == 0) return (0, type(uint256).max);
        health = maxBorrowDown(position.collateral, price, lltv).mulDivDown(WAD, owed_);
    }

    /// @return What the market's borrowers owe together: its total, less what its virtual shares owe [token].
    function owed(IMorpho.Market memory market) internal pure returns (uint256) {
        uint256 all = toAssetsUp(market.totalBorrowShares, market.totalBorrowAssets, market.totalBorrowShares);
        return all.min(market.totalBorrowAssets);
    }

    /// @return Collateral that leaves the account when `shares` of its debt are repaid [token].
    function seizedDown(uint256 shares, IMorpho.Market memory market, uint256 factor, uint256 price)
        internal
        pure
        returns (uint256)
    {
        if (price == 0) return type(uint256).max;
        uint256 cleared = toAssetsDown(shares, market.totalBorrowAssets, market.totalBorrowShares);
        return cleared.mulDivDown(factor, WAD).mulDivDown(PRICE_SCALE, price);
    }

    /// @return Shares of debt that Morpho clears for `seized` collateral. It is the least that seizes so much:
    /// seizedDown(shares) ≥ seized exactly when shares ≥ sharesUp(seized).
    function sharesUp(uint256 seized, IMorpho.Market memory market, uint256 factor, uint256 price)
        internal
        pure
        returns (uint256)
    {
        uint256 cleared = seized.mulDivUp(price, PRICE_SCALE).mulDivUp(WAD, factor);
        return toSharesUp(cleared, market.totalBorrowAssets, market.totalBorrowShares);
    }

    /// @notice The liquidation that costs its caller at most `repay`: the whole debt if that is enough for it, else as
    /// many shares as it pays for, but no more than the whole collateral is worth.
    function planned(
        IMorpho.Market memory market,
        IMorpho.Position memory position,
        uint256 lltv,
        uint256 price,
        uint256 repay
    ) internal pure returns (Plan memory plan) {
        uint256 factor = factorDown(lltv);
        uint256 all = toAssetsUp(position.borrowShares, market.totalBorrowAssets, market.totalBorrowShares);
        plan.shares = repay >= all
            ? position.borrowShares
            : toSharesDown(repay, market.totalBorrowAssets, market.totalBorrowShares);
        plan.seized = seizedDown(plan.shares, market, factor, price);
        bool leavesDebt = plan.shares != position.borrowShares;
        if (plan.seized > position.collateral || (leavesDebt && plan.seized == position.collateral)) {
            plan.closesCollateral = true;
            plan.seized = position.collateral;
            plan.shares = sharesUp(plan.seized, market, factor, price);
        }
        plan.repaid = toAssetsUp(plan.shares, market.totalBorrowAssets, market.totalBorrowShares);
    }
}
