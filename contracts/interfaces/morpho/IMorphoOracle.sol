// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Where a Morpho market reads its price.
interface IMorphoOracle {
    /// @return One base unit of collateral in base units of the loan token, times 1e36.
    function price() external view returns (uint256);
}
