// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The part of Morpho Blue that the house calls. A market is named by the hash of its five parameters; where
/// Morpho takes an amount both in assets and in shares, exactly one of the two is not zero.
interface IMorpho {
    struct MarketParams {
        address loanToken;
        address collateralToken;
        address oracle;
        address irm;
        uint256 lltv; // [wad]
    }

    struct Position {
        uint256 supplyShares;
        uint128 borrowShares;
        uint128 collateral; // [token]
    }

    struct Market {
        uint128 totalSupplyAssets; // [token]
        uint128 totalSupplyShares;
        uint128 totalBorrowAssets; // [token]
        uint128 totalBorrowShares;
        uint128 lastUpdate; // [s]
        uint128 fee; // [wad] share of the interest
    }

    function feeRecipient() external view returns (address);
    function market(bytes32 id) external view returns (Market memory);
    function position(bytes32 id, address account) external view returns (Position memory);
    function idToMarketParams(bytes32 id) external view returns (MarketParams memory);

    function enableIrm(address irm) external;
    function enableLltv(uint256 lltv) external;
    function setFee(MarketParams memory params, uint256 fee) external;
    function setFeeRecipient(address recipient) external;
    function createMarket(MarketParams memory params) external;
    function accrueInterest(MarketParams memory params) external;

    function supply(MarketParams memory params, uint256 assets, uint256 shares, address onBehalf, bytes memory callback)
        external
        returns (uint256 assetsSupplied, uint256 sharesSupplied);
    function withdraw(MarketParams memory params, uint256 assets, uint256 shares, address onBehalf, address receiver)
        external
        returns (uint256 assetsWithdrawn, uint256 sharesWithdrawn);
    function borrow(MarketParams memory params, uint256 assets, uint256 shares, address onBehalf, address receiver)
        external
        returns (uint256 assetsBorrowed, uint256 sharesBorrowed);
    function repay(MarketParams memory params, uint256 assets, uint256 shares, address onBehalf, bytes memory callback)
        external
        returns (uint256 assetsRepaid, uint256 sharesRepaid);
    function supplyCollateral(MarketParams memory params, uint256 assets, address onBehalf, bytes memory callback)
        external;
    function withdrawCollateral(MarketParams memory params, uint256 assets, address onBehalf, address receiver)
        external;
    function liquidate(
        MarketParams memory params,
        address borrower,
        uint256 seizedAssets,
        uint256 repaidShares,
        bytes memory callback
    ) external returns (uint256 assetsSeized, uint256 assetsRepaid);
}
