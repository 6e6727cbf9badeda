// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IComet, ICometErrors} from "../interfaces/compound/IComet.sol";
import {IERC20} from "../interfaces/IERC20.sol";
import {ILendingAdapter} from "../interfaces/ILendingAdapter.sol";
import {RAY, Rounding, WAD} from "../libraries/Rounding.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";

/// @notice A Compound III market behind the common face. The formulas are those of Comet's `isLiquidatable`, `absorb`
/// and `quoteCollateral`, with their order of rounding; parameters and prices are read from it at every call.
///
/// TWO STEPS IN ONE. A Comet liquidates by absorbing: it takes all of an account's collateral, credits its value times
/// the liquidation factor against the debt, and sells it later over a storefront, at a discount, to whoever comes. Here
/// a liquidation is both: the account is absorbed, and the keeper's base tokens buy of the one asset that was asked for.
/// It happens whole or not at all: where nothing is sold (reserves at or above target), the Comet's own NotForSale
/// passes through and the account stays.
///
/// WHAT BECOMES OF IT, in the words of `Seizure`:
/// - `repaid`: base tokens paid to the storefront. They raise the reserves; nobody's debt falls by them.
/// - `cleared`: the debt that the credit paid. `repaid` may be more or less.
/// - `badDebt`: the debt that the credit did not reach. Reserves bear it; the Comet keeps no count, so this does.
/// - `seized`: what the account had of the asset; `received`: what was bought of it; `protocolFee`: the rest of it,
///   which stays in the storefront as the protocol's own, like all other assets the account had.
/// - a credit above the debt becomes the account's own supply of the base token.
/// So `cleared` and the bad debt are the whole debt, and what the Comet holds changes by `repaid` and `received` alone.
/// The loss that a fall of the price makes between the absorption and the sale is not in here: reserves bear it.
///
/// THE STOREFRONT AS AN ACCOUNT. The Comet's own address stands for what is for sale already: `liquidate` on it absorbs
/// nobody and only buys, so a keeper can fetch what earlier liquidations left.
///
/// Assumptions: the base token and every asset behave as IERC20 says; the indices move only as fast as the accruals
/// that pass through this contract show (nobody else borrows or repays in between).
/// The collateral of a Comet is never lent, so it can always leave: InsufficientLiquidity does not arise.
contract CompoundV3Adapter is ILendingAdapter, ICometErrors {
    using TokenTransfer for IERC20;
    using Rounding for uint256;

    error NotBorrowable(address asset);
    error NothingForSale(address account, address collateral);

    /// @dev What the accounts of one batch share. Prices are read when the first of them needs one (0: not yet).
    struct Market {
        IComet.AssetInfo[] infos; // by offset
        uint256[] prices; // [1e8] by offset
        uint256 basePrice; // [1e8]
    }

    IComet public immutable comet;
    address private immutable _base;
    uint256 private immutable _baseIndex; // position in `assets()`
    uint256 private immutable _baseScale; // 10^decimals
    uint256 private immutable _indexScale;
    address[] private _assets;
    uint8[] private _offsets; // in the Comet's listing, by position in `assets()`; the base token's means nothing
    uint256 private _borrowIndex; // when interest was last counted
    uint256 private _writtenOff; // [token] of base

    /// @param assets_ The base token and collateral assets of the Comet, in any order. Collateral that is not among them
    /// counts in the health, and is absorbed, all the same.
    constructor(IComet comet_, address[] memory assets_) {
        comet = comet_;
        _base = comet_.baseToken();
        _baseScale = comet_.baseScale();
        _indexScale = comet_.baseIndexScale();
        _assets = assets_;
        uint256 at = assets_.length;
        for (uint256 i; i < assets_.length; ++i) {
            if (assets_[i] == _base) at = i;
            _offsets.push(assets_[i] == _base ? 0 : comet_.getAssetInfoByAddress(assets_[i]).offset); // or BadAsset
        }
        if (at == assets_.length) revert BadAsset();
        _baseIndex = at;
        IERC20(_base).approveMax(address(comet_));
        comet_.accrueAccount(address(this));
        _borrowIndex = comet_.totalsBasic().baseBorrowIndex;
    }

    // ---------------------------------------------------------------- reads

    function assets() external view returns (address[] memory) {
        return _assets;
    }

    function totals() external view returns (Totals[] memory all) {
        all = new Totals[](_assets.length);
        for (uint256 i; i < all.length; ++i) {
            all[i].held = IERC20(_assets[i]).balanceOf(address(comet));
            (all[i].supplyIndex, all[i].debtIndex) = (RAY, RAY);
            if (i != _baseIndex) (all[i].supply,) = comet.totalsCollateral(_assets[i]);
        }
        Totals memory base = all[_baseIndex];
        base.supply = comet.totalSupply();
        base.debt = comet.totalBorrow();
        base.writtenOff = _writtenOff;
        (base.supplyIndex, base.debtIndex) = _indices();
        // a principal is rounded by less than one, worth debtIndex/RAY; the account and the total are read rounded down
        base.roundingPerTouch = base.debtIndex / RAY + 2;
    }

    function accounts(address[] calldata who) external view returns (uint256[] memory words) {
        Market memory market = _market();
        uint256 count = _assets.length;
        words = new uint256[](who.length * (1 + 2 * count));
        uint256 at;
        for (uint256 i; i < who.length; ++i) {
            uint256[] memory held = _held(who[i], market);
            words[at++] = _health(who[i], held, market);
            for (uint256 j; j < count; ++j) {
                (words[at++], words[at++]) = j == _baseIndex
                    ? (comet.balanceOf(who[i]), comet.borrowBalanceOf(who[i]))
                    : (held[_offsets[j]], 0);
            }
        }
    }

    /// @notice Collateral value times liquidateCollateralFactor over debt value, rounded down: a Comet has no such number,
    /// but both sums are rounded as `isLiquidatable` rounds them, so it is below one exactly when that is true (of an
    /// account that was accrued). A debt too small to have a value is no debt here, as there.
    function health(address account) public view returns (uint256) {
        Market memory market = _market();
        return _health(account, _held(account, market), market);
    }

    /// @notice Base tokens for all that the account has of `collateral`; they never buy more. Whether the storefront is
    /// open is not asked.
    function maxRepay(address account, address collateral, address debt) public view returns (uint256) {
        if (debt != _base) revert NotBorrowable(debt);
        return _cost(collateral, _obtainable(account, collateral));
    }

    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256) {
        return maxRepay(account, collateral, debt); // an absorption is whole, its sale has any size
    }

    function quote(address account, address collateral, address debt, uint256 repay)
        external
        view
        returns (uint256 repaid, uint256 received)
    {
        repaid = repay.min(maxRepay(account, collateral, debt));
        received = comet.quoteCollateral(collateral, repaid);
    }

    function convertDown(address from, uint256 amount, address to) external view returns (uint256) {
        (uint256 fromPrice, uint256 fromScale) = _priceOf(from);
        (uint256 toPrice, uint256 toScale) = _priceOf(to);
        return (amount * fromPrice).mulDivDown(toScale, toPrice * fromScale);
    }

    // ---------------------------------------------------------------- verbs

    /// @dev Interest is what the debts of this moment grew by since the index was last looked at.
    function accrue() public {
        comet.accrueAccount(address(this));
        IComet.TotalsBasic memory t = comet.totalsBasic();
        uint256 principal = t.totalBorrowBase;
        uint256 interest = principal * t.baseBorrowIndex / _indexScale - principal * _borrowIndex / _indexScale;
        _borrowIndex = t.baseBorrowIndex;
        if (interest != 0) emit InterestAccrued(_baseIndex, interest);
    }

    function liquidate(address account, address collateral, address debt, uint256 repay, address receiver)
        external
        returns (Seizure memory s)
    {
        if (debt != _base) revert NotBorrowable(debt);
        accrue();
        s.seized = _obtainable(account, collateral);
        s.repaid = repay.min(_cost(collateral, s.seized));
        if (s.repaid == 0) revert NothingForSale(account, collateral);
        s.received = comet.quoteCollateral(collateral, s.repaid);
        if (account == address(comet)) s.seized = s.received;
        else (s.cleared, s.badDebt) = _absorb(account);
        s.protocolFee = s.seized - s.received;
        IERC20(_base).pull(msg.sender, s.repaid);
        comet.buyCollateral(collateral, s.received, s.repaid, receiver);
    }

    // ---------------------------------------------------------------- inside

    /// @return cleared What the credit pays of the debt [token].
    /// @return losses The rest of it, if there is any.
    function _absorb(address account) private returns (uint256 cleared, BadDebt[] memory losses) {
        Market memory market = _market();
        (, uint256 credited) = _values(_held(account, market), market);
        uint256 owed = comet.borrowBalanceOf(account);
        cleared = owed.min(credited * _baseScale / _basePrice());
        address[] memory one = new address[](1);
        one[0] = account;
        comet.absorb(msg.sender, one);
        if (cleared == owed) return (cleared, losses);
        losses = new BadDebt[](1);
        losses[0] = BadDebt(_baseIndex, owed - cleared);
        _writtenOff += owed - cleared;
    }

    /// @return What may be bought of `collateral` once `account` is absorbed: what it has, never what others left.
    function _obtainable(address account, address collateral) private view returns (uint256) {
        if (account == address(comet)) return comet.getCollateralReserves(collateral);
        if (health(account) >= WAD) revert NotLiquidatable();
        (uint128 amount,) = comet.userCollateral(account, collateral);
        return amount;
    }

    /// @return cost Base tokens that buy `amount` of `collateral` (`quoteCollateral` turned round). Where a base unit buys
    /// many units it may be a part of one base unit short; where it buys less than one, it is the least that does.
    function _cost(address collateral, uint256 amount) private view returns (uint256 cost) {
        IComet.AssetInfo memory info = comet.getAssetInfoByAddress(collateral);
        uint256 discount = comet.storeFrontPriceFactor() * (WAD - info.liquidationFactor) / WAD;
        uint256 asked = comet.getPrice(info.priceFeed) * (WAD - discount) / WAD;
        cost = (amount * asked).mulDivUp(_baseScale, _basePrice() * info.scale);
        if (cost != 0 && comet.quoteCollateral(collateral, cost) > amount) --cost;
    }

    function _health(address account, uint256[] memory held, Market memory market) private view returns (uint256) {
        uint256 owed = comet.borrowBalanceOf(account);
        if (owed == 0) return type(uint256).max;
        if (market.basePrice == 0) market.basePrice = _basePrice();
        owed = owed * market.basePrice / _baseScale;
        if (owed == 0) return type(uint256).max;
        (uint256 weighted,) = _values(held, market);
        return weighted.mulDivDown(WAD, owed);
    }

    /// @return weighted Σ value · liquidateCollateralFactor [1e8], as `isLiquidatable` sums it.
    /// @return credited Σ value · liquidationFactor [1e8], as `absorb` sums it.
    function _values(uint256[] memory held, Market memory market)
        private
        view
        returns (uint256 weighted, uint256 credited)
    {
        for (uint256 i; i < held.length; ++i) {
            if (held[i] == 0) continue;
            IComet.AssetInfo memory info = market.infos[i];
            if (market.prices[i] == 0) market.prices[i] = comet.getPrice(info.priceFeed);
            uint256 value = held[i] * market.prices[i] / info.scale;
            weighted += value * info.liquidateCollateralFactor / WAD;
            credited += value * info.liquidationFactor / WAD;
        }
    }

    /// @return held The account's collateral by offset. Only what it is marked to have is read: on a fork, each slot is
    /// a question to a server.
    function _held(address account, Market memory market) private view returns (uint256[] memory held) {
        held = new uint256[](market.infos.length);
        (,,, uint16 assetsIn, uint8 moreAssetsIn) = comet.userBasic(account);
        uint256 marks = assetsIn | uint256(moreAssetsIn) << 16;
        for (uint256 i; i < held.length; ++i) {
            if (marks >> i & 1 != 0) (held[i],) = comet.userCollateral(account, market.infos[i].asset);
        }
    }

    function _market() private view returns (Market memory market) {
        uint256 count = comet.numAssets();
        market.infos = new IComet.AssetInfo[](count);
        market.prices = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            market.infos[i] = comet.getAssetInfo(uint8(i));
        }
    }

    /// @dev The Comet shows its indices as of the last accrual; the next one moves them by rate times time.
    function _indices() private view returns (uint256 supplyIndex, uint256 debtIndex) {
        IComet.TotalsBasic memory t = comet.totalsBasic();
        (supplyIndex, debtIndex) = (t.baseSupplyIndex, t.baseBorrowIndex);
        uint256 elapsed = block.timestamp - t.lastAccrualTime;
        if (elapsed != 0) {
            uint256 utilisation = comet.getUtilization();
            supplyIndex += supplyIndex * (comet.getSupplyRate(utilisation) * elapsed) / WAD;
            debtIndex += debtIndex * (comet.getBorrowRate(utilisation) * elapsed) / WAD;
        }
        return (supplyIndex * RAY / _indexScale, debtIndex * RAY / _indexScale);
    }

    function _priceOf(address asset) private view returns (uint256 price, uint256 scale) {
        if (asset == _base) return (_basePrice(), _baseScale);
        IComet.AssetInfo memory info = comet.getAssetInfoByAddress(asset);
        return (comet.getPrice(info.priceFeed), info.scale);
    }

    function _basePrice() private view returns (uint256) {
        return comet.getPrice(comet.baseTokenPriceFeed());
    }
}
