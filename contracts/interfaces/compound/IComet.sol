// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice How a Comet refuses. An adapter that inherits these can name what passes through it.
interface ICometErrors {
    error BadAsset();
    error BadPrice();
    error BorrowTooSmall();
    error InsufficientReserves();
    error NotCollateralized();
    error NotForSale();
    error NotLiquidatable();
    error Paused();
    error SupplyCapExceeded();
    error TooMuchSlippage();
    error Unauthorized();
}

/// @notice The part of a Compound III market ("Comet") that the house relies on: one base token that is lent and
/// borrowed, and collateral tokens that are only held.
///
/// Factors are [wad]; prices are what the feeds answer, with 8 decimals, in the one unit all feeds of a market share
/// (USD, or the base token itself); base indices count in `baseIndexScale`.
interface IComet is ICometErrors {
    struct AssetInfo {
        uint8 offset; // in the listing
        address asset;
        address priceFeed;
        uint64 scale; // 10^decimals
        uint64 borrowCollateralFactor; // [wad] what collateral lets its owner borrow
        uint64 liquidateCollateralFactor; // [wad] what it holds a debt up with
        uint64 liquidationFactor; // [wad] of its value, credited when it is absorbed
        uint128 supplyCap; // [token]
    }

    /// @dev As of the last accrual.
    struct TotalsBasic {
        uint64 baseSupplyIndex;
        uint64 baseBorrowIndex;
        uint64 trackingSupplyIndex;
        uint64 trackingBorrowIndex;
        uint104 totalSupplyBase; // [token at index one]
        uint104 totalBorrowBase; // [token at index one]
        uint40 lastAccrualTime; // [s]
        uint8 pauseFlags; // bits: supply, transfer, withdraw, absorb, buy
    }

    event Supply(address indexed from, address indexed dst, uint256 amount);
    event Withdraw(address indexed src, address indexed to, uint256 amount);
    event SupplyCollateral(address indexed from, address indexed dst, address indexed asset, uint256 amount);
    event WithdrawCollateral(address indexed src, address indexed to, address indexed asset, uint256 amount);
    event AbsorbDebt(address indexed absorber, address indexed borrower, uint256 basePaidOut, uint256 usdValue);
    event AbsorbCollateral(
        address indexed absorber,
        address indexed borrower,
        address indexed asset,
        uint256 collateralAbsorbed,
        uint256 usdValue
    );
    event BuyCollateral(address indexed buyer, address indexed asset, uint256 baseAmount, uint256 collateralAmount);

    /// @notice Supplies the base token (a debt is repaid first) or a collateral token in the name of `dst`.
    function supplyTo(address dst, address asset, uint256 amount) external;
    /// @notice Withdraws; of the base token beyond the caller's balance it borrows.
    function withdrawTo(address to, address asset, uint256 amount) external;
    /// @notice Takes over all collateral and all debt of accounts that are liquidatable.
    function absorb(address absorber, address[] calldata accounts) external;
    /// @notice Sells absorbed collateral at the storefront's price while reserves are below target.
    function buyCollateral(address asset, uint256 minAmount, uint256 baseAmount, address recipient) external;
    /// @notice Brings the indices, and this account's rewards, up to now.
    function accrueAccount(address account) external;

    function baseToken() external view returns (address);
    function baseTokenPriceFeed() external view returns (address);
    function baseScale() external view returns (uint256);
    function baseIndexScale() external view returns (uint64);
    function storeFrontPriceFactor() external view returns (uint256);
    function targetReserves() external view returns (uint256);
    function numAssets() external view returns (uint8);
    function getAssetInfo(uint8 offset) external view returns (AssetInfo memory);
    function getAssetInfoByAddress(address asset) external view returns (AssetInfo memory);
    function getPrice(address priceFeed) external view returns (uint256);
    function getUtilization() external view returns (uint256);
    function getSupplyRate(uint256 utilization) external view returns (uint64);
    function getBorrowRate(uint256 utilization) external view returns (uint64);

    function totalsBasic() external view returns (TotalsBasic memory);
    function totalsCollateral(address asset) external view returns (uint128 totalSupplyAsset, uint128 reserved);
    /// @dev With interest up to now.
    function totalSupply() external view returns (uint256);
    /// @dev With interest up to now.
    function totalBorrow() external view returns (uint256);
    /// @dev With interest up to now.
    function getReserves() external view returns (int256);
    function getCollateralReserves(address asset) external view returns (uint256);
    function quoteCollateral(address asset, uint256 baseAmount) external view returns (uint256);

    /// @dev With interest up to now.
    function balanceOf(address account) external view returns (uint256);
    /// @dev With interest up to now.
    function borrowBalanceOf(address account) external view returns (uint256);
    /// @dev `assetsIn` has a bit for each collateral asset that the account has, by offset; offsets from 16 on are in
    /// `moreAssetsIn`. Below zero the principal is a debt.
    function userBasic(address account)
        external
        view
        returns (
            int104 principal,
            uint64 baseTrackingIndex,
            uint64 baseTrackingAccrued,
            uint16 assetsIn,
            uint8 moreAssetsIn
        );
    function userCollateral(address account, address asset) external view returns (uint128 balance, uint128 reserved);
    /// @dev With interest up to the last accrual only.
    function isLiquidatable(address account) external view returns (bool);
    function isBorrowCollateralized(address account) external view returns (bool);
}
