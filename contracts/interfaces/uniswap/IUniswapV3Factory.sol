// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The part of Uniswap v3's factory that the house relies on.
interface IUniswapV3Factory {
    /// @return Ticks between usable ticks of pools with `fee` [ppm]; 0 if there is no such fee yet.
    function feeAmountTickSpacing(uint24 fee) external view returns (int24);
    function enableFeeAmount(uint24 fee, int24 tickSpacing) external;
    function createPool(address tokenA, address tokenB, uint24 fee) external returns (address pool);
}
