// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What an aToken and a variable debt token have in common: shares ("scaled") behind growing balances.
interface IScaledBalanceToken {
    function balanceOf(address account) external view returns (uint256); // [token]
    function totalSupply() external view returns (uint256); // [token]
    function scaledBalanceOf(address account) external view returns (uint256); // [shares]
    function scaledTotalSupply() external view returns (uint256); // [shares]
}

interface IAToken is IScaledBalanceToken {
    function RESERVE_TREASURY_ADDRESS() external view returns (address);
}
