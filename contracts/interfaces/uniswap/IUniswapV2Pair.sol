// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The part of a Uniswap v2 pair that the house relies on.
/// @dev Assumptions: `token0` is the lower address; reserves fit 112 bits; `swap` reverts unless what came in before
/// it, less 0.3 %, keeps the product of the reserves; `mint` issues shares for what came in before it, and `burn` pays
/// out, rounded down, for the shares that came in; the first 1000 shares can never be burned.
interface IUniswapV2Pair {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function getReserves() external view returns (uint112 reserve0, uint112 reserve1, uint32 changedAt);
    function totalSupply() external view returns (uint256 shares);
    function mint(address to) external returns (uint256 shares);
    function burn(address to) external returns (uint256 amount0, uint256 amount1);
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata payload) external;
}
