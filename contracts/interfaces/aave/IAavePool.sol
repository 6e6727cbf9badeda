// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The part of Aave v3's pool that the house calls. What older deployments lack is marked with the version
/// that brought it.
interface IAavePool {
    /// @dev All versions of v3 answer with these fifteen words; some of them no longer mean anything.
    struct ReserveData {
        uint256 configuration; // bitmap: see AaveV3Liquidation
        uint128 liquidityIndex; // [ray] as last stored
        uint128 currentLiquidityRate; // [ray per year]
        uint128 variableBorrowIndex; // [ray] as last stored
        uint128 currentVariableBorrowRate; // [ray per year]
        uint128 currentStableBorrowRate;
        uint40 lastUpdateTimestamp; // [s]
        uint16 id; // position in the bitmaps
        address aTokenAddress;
        address stableDebtTokenAddress;
        address variableDebtTokenAddress;
        address interestRateStrategyAddress;
        uint128 accruedToTreasury; // [shares]
        uint128 unbacked;
        uint128 isolationModeTotalDebt;
    }

    /// @dev Until v3.1 an e-mode held one threshold and one bonus for all of its assets.
    struct EModeCategoryLegacy {
        uint16 ltv; // [bps]
        uint16 liquidationThreshold; // [bps]
        uint16 liquidationBonus; // [bps], 100 % included
        address priceSource;
        string label;
    }

    function POOL_REVISION() external view returns (uint256);
    function getReservesList() external view returns (address[] memory);
    function getReserveData(address asset) external view returns (ReserveData memory);
    function getConfiguration(address asset) external view returns (uint256);
    function getReserveNormalizedIncome(address asset) external view returns (uint256); // [ray]
    function getReserveNormalizedVariableDebt(address asset) external view returns (uint256); // [ray]
    function getUserConfiguration(address account) external view returns (uint256);
    function getUserEMode(address account) external view returns (uint256);
    function getUserAccountData(address account)
        external
        view
        returns (
            uint256 totalCollateral, // [base]
            uint256 totalDebt, // [base]
            uint256 availableBorrows, // [base]
            uint256 liquidationThreshold, // [bps]
            uint256 ltv, // [bps]
            uint256 health // [wad]
        );
    function getEModeCategoryData(uint8 id) external view returns (EModeCategoryLegacy memory);
    function getVirtualUnderlyingBalance(address asset) external view returns (uint128); // [token] v3.1
    function getEModeCategoryCollateralBitmap(uint8 id) external view returns (uint128); // v3.2
    function getEModeCategoryCollateralConfig(uint8 id)
        external
        view
        returns (uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus); // [bps] v3.2
    function getReserveDeficit(address asset) external view returns (uint256); // [token] v3.3

    /// @notice Takes debt tokens from the caller and pays collateral to it, or aTokens if `receiveAToken`.
    function liquidationCall(
        address collateral,
        address debt,
        address account,
        uint256 debtToCover,
        bool receiveAToken
    ) external;
}
