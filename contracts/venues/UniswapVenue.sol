// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";

/// @notice What the venues over Uniswap's contracts share: which token is which. A venue holds no tokens: they go from
/// the caller to Uniswap's contract, and from there to the receiver.
abstract contract UniswapVenue is IVenue {
    using TokenTransfer for IERC20;

    error UnknownToken(address token);
    error Unauthorised(address caller);
    error ZeroAmount();
    error InsufficientLiquidity(address tokenIn, uint256 wanted, uint256 filled);

    address public immutable baseToken;
    address public immutable quoteToken;
    address public immutable owner; // alone may resize; nobody of a pool that is not ours
    bool internal immutable _baseIsToken0;
    uint256 internal immutable _baseUnit; // 10^decimals of the base token
    uint256 internal immutable _quoteUnit; // 10^decimals of the quote token

    constructor(address base, address token0, address token1, address owner_) {
        if (base != token0 && base != token1) revert UnknownToken(base);
        baseToken = base;
        quoteToken = base == token0 ? token1 : token0;
        owner = owner_;
        _baseIsToken0 = base == token0;
        _baseUnit = 10 ** IERC20(baseToken).decimals();
        _quoteUnit = 10 ** IERC20(quoteToken).decimals();
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        _;
    }

    /// @return Whether `tokenIn` is Uniswap's token0.
    function _sellsToken0(address tokenIn) internal view returns (bool) {
        if (tokenIn == baseToken) return _baseIsToken0;
        if (tokenIn == quoteToken) return !_baseIsToken0;
        revert UnknownToken(tokenIn);
    }

    function _pay(address token, address from, address to, uint256 amount) internal {
        IERC20(token).move(from, to, amount);
    }
}
