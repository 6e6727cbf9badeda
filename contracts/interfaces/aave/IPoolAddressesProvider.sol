// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The part of Aave v3's registry that the house reads: where a market's pool and oracle stand.
interface IPoolAddressesProvider {
    function getPool() external view returns (address);
    function getPriceOracle() external view returns (address);
}
