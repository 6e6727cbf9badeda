// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

interface IAaveOracle {
    /// @return Price of one whole token [base currency; USD 1e8 on the markets the house knows].
    function getAssetPrice(address asset) external view returns (uint256);
}
