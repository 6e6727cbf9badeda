// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAggregatorV3} from "../../../contracts/interfaces/IAggregatorV3.sol";
import {IComet} from "../../../contracts/interfaces/compound/IComet.sol";
import {IERC20} from "../../../contracts/interfaces/IERC20.sol";
import {Rounding, WAD} from "../../../contracts/libraries/Rounding.sol";

/// @notice A small market after Compound III's documented rules: what tests need to stand in for a Comet. No rewards, no
/// permissions, no transfers between accounts. Indices start at one (1e15) and grow by simple interest at each accrual.
///
/// A balance of the base token is one signed principal: positive principals are supply, negative ones debt. Both turn
/// into tokens rounded down; a debt's principal rounds up, a supply's rounds down.
///
/// RESERVES are what is left: tokens held, less all supply, plus all debt. Absorbing lowers them (debt disappears, a
/// surplus becomes supply), a sale of absorbed collateral raises them.
contract SmallComet is IComet {
    using Rounding for uint256;

    /// @dev Per second [wad]; `slopeHigh` acts on utilisation beyond the kink as it is, not on its share of the rest.
    struct Curve {
        uint64 base;
        uint64 slopeLow;
        uint64 slopeHigh;
        uint64 kink;
    }

    struct Terms {
        address base;
        address baseFeed;
        uint256 storeFrontPriceFactor; // [wad] share of the liquidation penalty that buyers get
        uint256 targetReserves; // [token]
        uint256 baseBorrowMin; // [token]
        Curve supplyCurve;
        Curve borrowCurve;
    }

    uint64 public constant baseIndexScale = 1e15;
    uint8 private constant SUPPLY = 1;
    uint8 private constant WITHDRAW = 4;
    uint8 private constant ABSORB = 8;
    uint8 private constant BUY = 16;

    address public immutable governor;
    address public immutable baseToken;
    address public immutable baseTokenPriceFeed;
    uint256 public immutable baseScale;
    uint256 public immutable storeFrontPriceFactor;
    uint256 public immutable targetReserves;
    uint256 public immutable baseBorrowMin;
    Curve private _supplyCurve;
    Curve private _borrowCurve;
    AssetInfo[] private _listing;
    TotalsBasic private _totals;
    mapping(address => int256) private _principals;
    mapping(address => mapping(address => uint128)) private _collateral; // account, asset
    mapping(address => uint128) private _collateralTotals;

    constructor(address governor_, Terms memory terms, AssetInfo[] memory listing) {
        governor = governor_;
        baseToken = terms.base;
        baseTokenPriceFeed = terms.baseFeed;
        baseScale = 10 ** IERC20(terms.base).decimals();
        storeFrontPriceFactor = terms.storeFrontPriceFactor;
        targetReserves = terms.targetReserves;
        baseBorrowMin = terms.baseBorrowMin;
        _supplyCurve = terms.supplyCurve;
        _borrowCurve = terms.borrowCurve;
        for (uint256 i; i < listing.length; ++i) {
            listing[i].offset = uint8(i);
            listing[i].scale = uint64(10 ** IERC20(listing[i].asset).decimals());
            _listing.push(listing[i]);
        }
        (_totals.baseSupplyIndex, _totals.baseBorrowIndex) = (baseIndexScale, baseIndexScale);
        _totals.lastAccrualTime = uint40(block.timestamp);
    }

    modifier unpaused(uint8 flag) {
        if (_totals.pauseFlags & flag != 0) revert Paused();
        _;
    }

    // ---------------------------------------------------------------- verbs

    function pause(uint8 flags) external {
        if (msg.sender != governor) revert Unauthorized();
        _totals.pauseFlags = flags;
    }

    function supplyTo(address dst, address asset, uint256 amount) external unpaused(SUPPLY) {
        if (asset != baseToken) {
            AssetInfo memory info = getAssetInfoByAddress(asset);
            _collateralTotals[asset] += amount.to128();
            if (_collateralTotals[asset] > info.supplyCap) revert SupplyCapExceeded();
            _collateral[dst][asset] += amount.to128();
            emit SupplyCollateral(msg.sender, dst, asset, amount);
        } else {
            _accrue();
            _setBalance(dst, _balance(dst) + int256(amount));
            emit Supply(msg.sender, dst, amount);
        }
        IERC20(asset).transferFrom(msg.sender, address(this), amount);
    }

    function withdrawTo(address to, address asset, uint256 amount) external unpaused(WITHDRAW) {
        if (asset != baseToken) {
            _collateral[msg.sender][asset] -= amount.to128();
            _collateralTotals[asset] -= amount.to128();
            emit WithdrawCollateral(msg.sender, to, asset, amount);
        } else {
            _accrue();
            int256 left = _balance(msg.sender) - int256(amount);
            _setBalance(msg.sender, left);
            if (left < 0 && uint256(-left) < baseBorrowMin) revert BorrowTooSmall();
            emit Withdraw(msg.sender, to, amount);
        }
        if (!isBorrowCollateralized(msg.sender)) revert NotCollateralized();
        IERC20(asset).transfer(to, amount);
    }

    function absorb(address absorber, address[] calldata accounts) external unpaused(ABSORB) {
        _accrue();
        for (uint256 i; i < accounts.length; ++i) {
            _absorb(absorber, accounts[i]);
        }
    }

    function buyCollateral(address asset, uint256 minAmount, uint256 baseAmount, address recipient)
        external
        unpaused(BUY)
    {
        if (getReserves() >= int256(targetReserves)) revert NotForSale();
        IERC20(baseToken).transferFrom(msg.sender, address(this), baseAmount);
        uint256 amount = quoteCollateral(asset, baseAmount);
        if (amount < minAmount) revert TooMuchSlippage();
        if (amount > getCollateralReserves(asset)) revert InsufficientReserves();
        emit BuyCollateral(msg.sender, asset, baseAmount, amount);
        IERC20(asset).transfer(recipient, amount);
    }

    function accrueAccount(address) external {
        _accrue();
    }

    // ---------------------------------------------------------------- views

    function numAssets() external view returns (uint8) {
        return uint8(_listing.length);
    }

    function getAssetInfo(uint8 offset) external view returns (AssetInfo memory) {
        if (offset >= _listing.length) revert BadAsset();
        return _listing[offset];
    }

    function getAssetInfoByAddress(address asset) public view returns (AssetInfo memory) {
        for (uint256 i; i < _listing.length; ++i) {
            if (_listing[i].asset == asset) return _listing[i];
        }
        revert BadAsset();
    }

    function getPrice(address priceFeed) public view returns (uint256) {
        (, int256 answer,,,) = IAggregatorV3(priceFeed).latestRoundData();
        if (answer <= 0) revert BadPrice();
        return uint256(answer);
    }

    function totalsBasic() external view returns (TotalsBasic memory) {
        return _totals;
    }

    function totalsCollateral(address asset) external view returns (uint128, uint128) {
        return (_collateralTotals[asset], 0);
    }

    function userBasic(address account) external view returns (int104, uint64, uint64, uint16, uint8) {
        uint256 bits;
        for (uint256 i; i < _listing.length; ++i) {
            if (_collateral[account][_listing[i].asset] != 0) bits |= 1 << i;
        }
        return (int104(_principals[account]), 0, 0, uint16(bits), uint8(bits >> 16));
    }

    function userCollateral(address account, address asset) external view returns (uint128, uint128) {
        return (_collateral[account][asset], 0);
    }

    function totalSupply() public view returns (uint256) {
        (uint256 supplyIndex,) = _indices();
        return _present(_totals.totalSupplyBase, supplyIndex);
    }

    function totalBorrow() public view returns (uint256) {
        (, uint256 borrowIndex) = _indices();
        return _present(_totals.totalBorrowBase, borrowIndex);
    }

    function balanceOf(address account) external view returns (uint256) {
        (uint256 supplyIndex,) = _indices();
        int256 principal = _principals[account];
        return principal > 0 ? _present(uint256(principal), supplyIndex) : 0;
    }

    function borrowBalanceOf(address account) external view returns (uint256) {
        (, uint256 borrowIndex) = _indices();
        int256 principal = _principals[account];
        return principal < 0 ? _present(uint256(-principal), borrowIndex) : 0;
    }

    function getReserves() public view returns (int256) {
        return int256(IERC20(baseToken).balanceOf(address(this))) - int256(totalSupply()) + int256(totalBorrow());
    }

    function getCollateralReserves(address asset) public view returns (uint256) {
        return IERC20(asset).balanceOf(address(this)) - _collateralTotals[asset];
    }

    /// @dev Debt over supply, both as of the last accrual.
    function getUtilization() public view returns (uint256) {
        uint256 supplied = _present(_totals.totalSupplyBase, _totals.baseSupplyIndex);
        return supplied == 0 ? 0 : _present(_totals.totalBorrowBase, _totals.baseBorrowIndex) * WAD / supplied;
    }

    function getSupplyRate(uint256 utilisation) public view returns (uint64) {
        return _rate(_supplyCurve, utilisation);
    }

    function getBorrowRate(uint256 utilisation) public view returns (uint64) {
        return _rate(_borrowCurve, utilisation);
    }

    /// @dev The discount is the storefront's share of the liquidation penalty, and off the price.
    function quoteCollateral(address asset, uint256 baseAmount) public view returns (uint256) {
        AssetInfo memory info = getAssetInfoByAddress(asset);
        uint256 discount = storeFrontPriceFactor * (WAD - info.liquidationFactor) / WAD;
        uint256 asked = getPrice(info.priceFeed) * (WAD - discount) / WAD;
        return getPrice(baseTokenPriceFeed) * baseAmount * info.scale / asked / baseScale;
    }

    function isLiquidatable(address account) public view returns (bool) {
        return _liquidity(account, true) < 0;
    }

    function isBorrowCollateralized(address account) public view returns (bool) {
        return _liquidity(account, false) >= 0;
    }

    // ---------------------------------------------------------------- inside

    /// @dev The account's collateral becomes the protocol's, its debt is paid by the credit for it and then by reserves.
    function _absorb(address absorber, address account) private {
        if (!isLiquidatable(account)) revert NotLiquidatable();
        uint256 credit;
        for (uint256 i; i < _listing.length; ++i) {
            AssetInfo memory info = _listing[i];
            uint128 amount = _collateral[account][info.asset];
            if (amount == 0) continue;
            _collateral[account][info.asset] = 0;
            _collateralTotals[info.asset] -= amount;
            uint256 value = amount * getPrice(info.priceFeed) / info.scale;
            credit += value * info.liquidationFactor / WAD;
            emit AbsorbCollateral(absorber, account, info.asset, amount, value);
        }
        uint256 basePrice = getPrice(baseTokenPriceFeed);
        int256 before = _balance(account);
        int256 left = before + int256(credit * baseScale / basePrice);
        if (left < 0) left = 0;
        _setBalance(account, left);
        uint256 paid = uint256(left - before);
        emit AbsorbDebt(absorber, account, paid, paid * basePrice / baseScale);
    }

    /// @dev Value of the account's base balance plus its collateral's at one of the two factors [1e8].
    function _liquidity(address account, bool liquidating) private view returns (int256 liquidity) {
        int256 balance = _balance(account);
        if (balance >= 0) return 0;
        liquidity = balance * int256(getPrice(baseTokenPriceFeed)) / int256(baseScale);
        for (uint256 i; i < _listing.length; ++i) {
            AssetInfo memory info = _listing[i];
            uint128 amount = _collateral[account][info.asset];
            if (amount == 0) continue;
            uint256 value = amount * getPrice(info.priceFeed) / info.scale;
            uint256 factor = liquidating ? info.liquidateCollateralFactor : info.borrowCollateralFactor;
            liquidity += int256(value * factor / WAD);
        }
    }

    /// @dev [token] signed, at the indices of the last accrual.
    function _balance(address account) private view returns (int256) {
        int256 principal = _principals[account];
        if (principal >= 0) return int256(_present(uint256(principal), _totals.baseSupplyIndex));
        return -int256(_present(uint256(-principal), _totals.baseBorrowIndex));
    }

    function _setBalance(address account, int256 balance) private {
        int256 old = _principals[account];
        int256 principal = balance >= 0
            ? int256(uint256(balance).mulDivDown(baseIndexScale, _totals.baseSupplyIndex))
            : -int256(uint256(-balance).mulDivUp(baseIndexScale, _totals.baseBorrowIndex));
        _principals[account] = principal;
        _totals.totalSupplyBase = uint104(_totals.totalSupplyBase + _above(principal) - _above(old));
        _totals.totalBorrowBase = uint104(_totals.totalBorrowBase + _above(-principal) - _above(-old));
    }

    function _above(int256 principal) private pure returns (uint256) {
        return principal > 0 ? uint256(principal) : 0;
    }

    function _present(uint256 principal, uint256 index) private pure returns (uint256) {
        return principal.mulDivDown(index, baseIndexScale);
    }

    function _accrue() private {
        (uint256 supplyIndex, uint256 borrowIndex) = _indices();
        (_totals.baseSupplyIndex, _totals.baseBorrowIndex) = (uint64(supplyIndex), uint64(borrowIndex));
        _totals.lastAccrualTime = uint40(block.timestamp);
    }

    function _indices() private view returns (uint256 supplyIndex, uint256 borrowIndex) {
        uint256 elapsed = block.timestamp - _totals.lastAccrualTime;
        (supplyIndex, borrowIndex) = (_totals.baseSupplyIndex, _totals.baseBorrowIndex);
        if (elapsed == 0) return (supplyIndex, borrowIndex);
        uint256 utilisation = getUtilization();
        supplyIndex += supplyIndex * (getSupplyRate(utilisation) * elapsed) / WAD;
        borrowIndex += borrowIndex * (getBorrowRate(utilisation) * elapsed) / WAD;
    }

    function _rate(Curve memory curve, uint256 utilisation) private pure returns (uint64) {
        if (utilisation <= curve.kink) return uint64(curve.base + curve.slopeLow * utilisation / WAD);
        uint256 low = uint256(curve.slopeLow) * curve.kink / WAD;
        return uint64(curve.base + low + curve.slopeHigh * (utilisation - curve.kink) / WAD);
    }
}
