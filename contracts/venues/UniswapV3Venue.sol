// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    IUniswapV3MintCallback,
    IUniswapV3Pool,
    IUniswapV3SwapCallback
} from "../interfaces/uniswap/IUniswapV3Pool.sol";
import {Rounding, WAD} from "../libraries/Rounding.sol";
import {Range} from "./UniswapV3Provider.sol";
import {UniswapVenue} from "./UniswapVenue.sol";

/// @notice A Uniswap v3 pool. A quote is the swap itself, undone in the pool's callback.
/// @dev Trades end at `lowest` and `highest`, beyond which nobody lends liquidity: the pool would walk through every
/// empty tick from there, for no tokens and much gas. For a pool with liquidity at every price they are the pool's own
/// limits.
contract UniswapV3Venue is UniswapVenue, IUniswapV3SwapCallback, IUniswapV3MintCallback {
    using Rounding for uint256;

    error Quoted(uint256 amountIn, uint256 amountOut); // how a quote leaves the callback; nobody else sees it

    uint256 private constant MOST = uint256(type(int256).max); // [token] the most a pool can be asked to take

    IUniswapV3Pool public immutable pool;
    uint160 public immutable lowest; // [X96] square root of token1 per token0
    uint160 public immutable highest; // [X96] square root of token1 per token0
    uint256 public scale = WAD; // [wad] of the liquidity it opened with
    Range[] private _ranges; // it opened with; the venue holds them

    constructor(
        IUniswapV3Pool pool_,
        address base,
        uint160 lowest_,
        uint160 highest_,
        Range[] memory ranges,
        address owner_
    ) UniswapVenue(base, pool_.token0(), pool_.token1(), owner_) {
        pool = pool_;
        lowest = lowest_;
        highest = highest_;
        for (uint256 i; i < ranges.length; ++i) {
            _ranges.push(ranges[i]);
        }
    }

    /// @dev The square of a root over 2^192, or its inverse; dividing twice rounds down like dividing once.
    function spotDown() public view returns (uint256) {
        uint256 root = _root();
        uint256 scaled = _baseUnit * WAD;
        return _baseIsToken0
            ? root.mulDivDown(root * scaled, 1 << 192) / _quoteUnit
            : scaled.mulDivDown(1 << 192, root) / root / _quoteUnit;
    }

    /// @dev 0 for a sale that cannot be filled whole: it is refused.
    function quote(address tokenIn, uint256 amountIn) external returns (uint256) {
        bool zeroForOne = _sellsToken0(tokenIn);
        if (amountIn == 0 || amountIn > MOST || _isAtEnd(zeroForOne)) return 0;
        try pool.swap(address(this), zeroForOne, int256(amountIn), _end(zeroForOne), "") {
            return 0; // the callback never lets it through
        } catch (bytes memory reason) {
            (uint256 filled, uint256 amountOut) = _quoted(reason);
            return filled == amountIn ? amountOut : 0;
        }
    }

    function swap(address tokenIn, uint256 amountIn, address to) external returns (uint256 amountOut) {
        if (amountIn == 0) revert ZeroAmount();
        bool zeroForOne = _sellsToken0(tokenIn);
        uint256 filled;
        if (!_isAtEnd(zeroForOne)) {
            (filled, amountOut) = _trade(zeroForOne, amountIn.min(MOST), _end(zeroForOne), to);
        }
        if (filled != amountIn) revert InsufficientLiquidity(tokenIn, amountIn, filled);
    }

    /// @dev The limit is rounded so that the price is not overshot, by less than one part in 2^64 of the root.
    function moveTo(uint256 price) external returns (uint256) {
        uint256 spot = spotDown();
        if (price == spot) return spot;
        (uint256 over, uint256 under) = (price * _quoteUnit, _baseUnit * WAD);
        if (!_baseIsToken0) (over, under) = (under, over);
        bool zeroForOne = (price < spot) == _baseIsToken0;
        uint160 target = zeroForOne ? _atLeast(_rootUp(over, under)) : _atMost(_rootDown(over, under));
        if (zeroForOne ? target >= _root() : target <= _root()) return spot;
        _trade(zeroForOne, MOST, target, msg.sender);
        return spotDown();
    }

    /// @dev Each range's L becomes its part of the opening's, rounded down; the price is not touched. Fees that the
    /// ranges have earned stay in the pool, where they are nobody's liquidity.
    function resize(uint256 scale_) external onlyOwner {
        if (scale_ == 0) revert ZeroAmount();
        uint256 before = scale;
        scale = scale_;
        for (uint256 i; i < _ranges.length; ++i) {
            Range memory range = _ranges[i];
            uint256 had = uint256(range.liquidity).mulDivDown(before, WAD);
            uint256 wanted = uint256(range.liquidity).mulDivDown(scale_, WAD);
            if (wanted < had) _burn(range, (had - wanted).to128());
            if (wanted > had) _mint(range, (wanted - had).to128());
        }
    }

    function _burn(Range memory range, uint128 liquidity) private {
        (uint256 amount0, uint256 amount1) = pool.burn(range.lower, range.upper, liquidity);
        pool.collect(msg.sender, range.lower, range.upper, amount0.to128(), amount1.to128());
    }

    function _mint(Range memory range, uint128 liquidity) private {
        pool.mint(address(this), range.lower, range.upper, liquidity, abi.encode(msg.sender));
    }

    /// @notice The pool asks for what new liquidity owes it.
    function uniswapV3MintCallback(uint256 amount0Owed, uint256 amount1Owed, bytes calldata payload) external {
        if (msg.sender != address(pool)) revert Unauthorised(msg.sender);
        (uint256 base, uint256 quote_) = _baseIsToken0 ? (amount0Owed, amount1Owed) : (amount1Owed, amount0Owed);
        address payer = abi.decode(payload, (address));
        if (base != 0) _pay(baseToken, payer, address(pool), base);
        if (quote_ != 0) _pay(quoteToken, payer, address(pool), quote_);
    }

    /// @notice The pool asks for what a swap owes it. Without a payer, the swap was to be quoted.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata payload) external {
        if (msg.sender != address(pool)) revert Unauthorised(msg.sender);
        bool zeroForOne = amount0Delta > 0;
        (int256 taken, int256 given) = zeroForOne ? (amount0Delta, amount1Delta) : (amount1Delta, amount0Delta);
        if (payload.length == 0) revert Quoted(uint256(taken), uint256(-given));
        address token = zeroForOne == _baseIsToken0 ? baseToken : quoteToken;
        if (taken != 0) _pay(token, abi.decode(payload, (address)), address(pool), uint256(taken));
    }

    function _trade(bool zeroForOne, uint256 amountIn, uint160 limit, address to)
        private
        returns (uint256 taken, uint256 given)
    {
        (int256 amount0, int256 amount1) = pool.swap(to, zeroForOne, int256(amountIn), limit, abi.encode(msg.sender));
        (taken, given) =
            zeroForOne ? (uint256(amount0), uint256(-amount1)) : (uint256(amount1), uint256(-amount0));
    }

    /// @dev Any other reason goes on as the pool gave it.
    function _quoted(bytes memory reason) private pure returns (uint256 amountIn, uint256 amountOut) {
        if (reason.length != 68 || bytes4(reason) != Quoted.selector) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        assembly ("memory-safe") {
            amountIn := mload(add(reason, 0x24))
            amountOut := mload(add(reason, 0x44))
        }
    }

    function _root() private view returns (uint160 root) {
        (root,,,,,,) = pool.slot0();
    }

    function _end(bool zeroForOne) private view returns (uint160) {
        return zeroForOne ? lowest : highest;
    }

    function _isAtEnd(bool zeroForOne) private view returns (bool) {
        return zeroForOne ? _root() <= lowest : _root() >= highest;
    }

    function _atLeast(uint256 root) private view returns (uint160) {
        return root <= lowest ? lowest : uint160(root.min(type(uint160).max));
    }

    function _atMost(uint256 root) private view returns (uint160) {
        return root >= highest ? highest : uint160(root);
    }

    /// @return √(over/under) [X96], rounded down.
    function _rootDown(uint256 over, uint256 under) private pure returns (uint256) {
        (uint256 root, uint256 missing) = _scaledRoot(over, under);
        return root << missing;
    }

    function _rootUp(uint256 over, uint256 under) private pure returns (uint256) {
        (uint256 root, uint256 missing) = _scaledRoot(over, under);
        return (root + 1) << missing;
    }

    /// @dev Beyond 2^64 the ratio leaves no room for 192 more bits: a third of them, then. Beyond 2^128 no pool has a
    /// price: the end of the range.
    function _scaledRoot(uint256 over, uint256 under) private pure returns (uint256 root, uint256 missing) {
        if (under == 0 || over / under >= 1 << 128) return (type(uint96).max, 64);
        if (over / under < 1 << 64) return (over.mulDivDown(1 << 192, under).sqrtDown(), 0);
        return (over.mulDivDown(1 << 64, under).sqrtDown(), 64);
    }
}
