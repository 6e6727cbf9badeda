// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The part of a Uniswap v3 pool that the house relies on. Prices are square roots of token1 per token0, in base
/// units [X96].
/// @dev Assumptions: `swap` pays the output, then calls its caller back and reverts unless the input has come in; it
/// ends at `sqrtPriceLimitX96`, then with a part of the amount only.
interface IUniswapV3Pool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function fee() external view returns (uint24);
    function liquidity() external view returns (uint128);
    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );
    function initialize(uint160 sqrtPriceX96) external;
    function mint(address recipient, int24 tickLower, int24 tickUpper, uint128 amount, bytes calldata payload)
        external
        returns (uint256 amount0, uint256 amount1);

    /// @return amount0 what the caller's position is owed for it [token], rounded down; `collect` pays
    /// @return amount1 likewise
    function burn(int24 tickLower, int24 tickUpper, uint128 amount) external returns (uint256 amount0, uint256 amount1);
    function collect(address recipient, int24 tickLower, int24 tickUpper, uint128 amount0, uint128 amount1)
        external
        returns (uint128, uint128);

    /// @param amountSpecified [token] above zero: what goes in, fee included
    /// @return amount0 what the pool got, or less than zero: gave [token]
    /// @return amount1 likewise
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata payload
    ) external returns (int256 amount0, int256 amount1);
}

/// @notice What a pool calls on whoever swaps: pay what is above zero.
interface IUniswapV3SwapCallback {
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata payload) external;
}

/// @notice What a pool calls on whoever adds liquidity: pay both.
interface IUniswapV3MintCallback {
    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata payload) external;
}
