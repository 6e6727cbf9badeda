// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Where Compound v2 asks for prices.
interface ICompoundOracle {
    function isPriceOracle() external view returns (bool);

    /// @return Price of a base unit of the market's underlying [USD 1e18 per base unit, with 18 places], so
    /// 10^(36 − decimals) per whole token; 0 if there is none.
    function getUnderlyingPrice(address cToken) external view returns (uint256);
}
