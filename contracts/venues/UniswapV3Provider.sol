// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {IUniswapV3Factory} from "../interfaces/uniswap/IUniswapV3Factory.sol";
import {IUniswapV3MintCallback, IUniswapV3Pool} from "../interfaces/uniswap/IUniswapV3Pool.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";

struct Range {
    int24 lower; // tick
    int24 upper; // tick
    uint128 liquidity; // L, in base units of both tokens
}

/// @notice Founds a Uniswap v3 pool on a factory of its own, and pays for all its liquidity.
/// @dev A factory's owner alone enables fees, and a pool calls back whoever adds liquidity: hence a contract.
contract UniswapV3Provider is IUniswapV3MintCallback {
    using TokenTransfer for IERC20;

    error Unauthorised(address caller);
    error DeploymentFailed();

    event Founded(address factory, bytes32 codeHash, address pool);

    address public immutable owner;
    IUniswapV3Pool public pool;

    constructor(address owner_) {
        owner = owner_;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        _;
    }

    /// @param factoryCode what creates the factory
    /// @param fee [ppm]; where the factory has no such fee, it gets it, with every tick usable
    function found(bytes calldata factoryCode, address tokenA, address tokenB, uint24 fee) external onlyOwner {
        IUniswapV3Factory factory;
        bytes memory code = factoryCode;
        assembly ("memory-safe") {
            factory := create2(0, add(code, 0x20), mload(code), 0)
        }
        if (address(factory) == address(0)) revert DeploymentFailed();
        if (factory.feeAmountTickSpacing(fee) == 0) factory.enableFeeAmount(fee, 1);
        pool = IUniswapV3Pool(factory.createPool(tokenA, tokenB, fee));
        emit Founded(address(factory), address(factory).codehash, address(pool));
    }

    /// @notice Opens the pool at `sqrtPriceX96` with liquidity the owner pays for and `holder` has.
    function open(uint160 sqrtPriceX96, Range[] calldata ranges, address holder) external onlyOwner {
        pool.initialize(sqrtPriceX96);
        for (uint256 i; i < ranges.length; ++i) {
            pool.mint(holder, ranges[i].lower, ranges[i].upper, ranges[i].liquidity, "");
        }
    }

    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata) external {
        if (msg.sender != address(pool)) revert Unauthorised(msg.sender);
        _pay(pool.token0(), amount0Owed);
        _pay(pool.token1(), amount1Owed);
    }

    function _pay(address token, uint256 amount) private {
        if (amount != 0) IERC20(token).move(owner, msg.sender, amount);
    }
}
