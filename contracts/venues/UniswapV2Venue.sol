// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {IUniswapV2Pair} from "../interfaces/uniswap/IUniswapV2Pair.sol";
import {Rounding, WAD} from "../libraries/Rounding.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";
import {UniswapVenue} from "./UniswapVenue.sol";

/// @notice A Uniswap v2 pair: x·y = k, 0.3 % of what comes in stays in the reserves.
contract UniswapV2Venue is UniswapVenue {
    using Rounding for uint256;
    using TokenTransfer for IERC20;

    error AlreadyOpen();

    uint256 private constant MILLE = 1000;
    uint256 private constant KEPT = 997; // [per mille] of what comes in counts
    uint256 private constant FULL = type(uint112).max; // [token] the most a reserve can be

    IUniswapV2Pair public immutable pair;
    uint256 public opened; // [shares] of the pair when it opened; the venue holds all that can be burned

    constructor(IUniswapV2Pair pair_, address base, address owner_)
        UniswapVenue(base, pair_.token0(), pair_.token1(), owner_)
    {
        pair = pair_;
    }

    /// @notice Puts the first liquidity into an empty pair.
    function open(uint256 baseAmount, uint256 quoteAmount) external {
        if (pair.totalSupply() != 0) revert AlreadyOpen();
        _pay(baseToken, msg.sender, address(pair), baseAmount);
        _pay(quoteToken, msg.sender, address(pair), quoteAmount);
        pair.mint(address(this));
        opened = pair.totalSupply();
    }

    function spotDown() public view returns (uint256) {
        (uint256 base, uint256 quote_) = _reserves(baseToken);
        return quote_.mulDivDown(_baseUnit * WAD, base * _quoteUnit);
    }

    /// @dev The most that the pair's own check lets out: y·997·d/(1000·x + 997·d), rounded down. 0 where a reserve
    /// would not fit its 112 bits: such a sale is refused.
    function quote(address tokenIn, uint256 amountIn) public view returns (uint256) {
        (uint256 reserveIn, uint256 reserveOut) = _reserves(tokenIn);
        if (amountIn > FULL - reserveIn) return 0;
        uint256 effective = amountIn * KEPT;
        return reserveOut.mulDivDown(effective, reserveIn * MILLE + effective);
    }

    function swap(address tokenIn, uint256 amountIn, address to) public returns (uint256 amountOut) {
        if (amountIn == 0) revert ZeroAmount();
        (uint256 reserveIn,) = _reserves(tokenIn);
        if (amountIn > FULL - reserveIn) revert InsufficientLiquidity(tokenIn, amountIn, FULL - reserveIn);
        amountOut = quote(tokenIn, amountIn);
        _pay(tokenIn, msg.sender, address(pair), amountIn);
        bool zeroForOne = _sellsToken0(tokenIn);
        pair.swap(zeroForOne ? 0 : amountOut, zeroForOne ? amountOut : 0, to, "");
    }

    /// @dev As in the house's pool: selling d into reserve r ends at (r + d)(r + g·d) = k, where k is the product of the
    /// reserves over the target price. `d` rounds down, and what comes out does too: the price is never overshot.
    function moveTo(uint256 price) external returns (uint256) {
        uint256 spot = spotDown();
        if (price == spot) return spot;
        address tokenIn = price < spot ? baseToken : quoteToken;
        (uint256 reserveIn, uint256 reserveOut) = _reserves(tokenIn);
        (uint256 over, uint256 under) = (price * _quoteUnit, _baseUnit * WAD);
        if (price < spot) (over, under) = (under, over);
        uint256 amountIn = _amountTo(reserveIn, _mulDivCapped(reserveIn * reserveOut, over, under));
        if (amountIn == 0 || quote(tokenIn, amountIn) == 0) return spot;
        swap(tokenIn, amountIn, msg.sender);
        return spotDown();
    }

    /// @dev The pair's shares are burned or minted, whole ones, and what is in it rounds up: each reserve ends less than
    /// one unit above its part of the shares, so that the spot moves by less than one part in the smaller reserve.
    function resize(uint256 scale) external onlyOwner {
        if (scale == 0) revert ZeroAmount();
        (uint256 shares, uint256 wanted) = (pair.totalSupply(), opened.mulDivDown(scale, WAD));
        if (wanted < shares) {
            IERC20(address(pair)).push(address(pair), shares - wanted);
            pair.burn(msg.sender);
        } else if (wanted > shares) {
            (uint256 base, uint256 quote_) = _reserves(baseToken);
            _pay(baseToken, msg.sender, address(pair), base.mulDivUp(wanted - shares, shares));
            _pay(quoteToken, msg.sender, address(pair), quote_.mulDivUp(wanted - shares, shares));
            pair.mint(address(this));
        }
    }

    /// @dev (r + d)(r + 0.997·d) = target, solved for d; at most what the reserve has room for.
    function _amountTo(uint256 reserve, uint256 target) private pure returns (uint256) {
        uint256 lost = MILLE - KEPT;
        uint256 root = (lost * lost * reserve * reserve + 4 * KEPT * MILLE * target).sqrtDown();
        uint256 start = (MILLE + KEPT) * reserve;
        return root <= start ? 0 : ((root - start) / (2 * KEPT)).min(FULL - reserve);
    }

    /// @dev At most the square of the largest reserve: no price needs more.
    function _mulDivCapped(uint256 a, uint256 b, uint256 divisor) private pure returns (uint256) {
        (uint256 high,) = a.fullMul(b);
        return high >= divisor ? FULL * FULL : a.mulDivDown(b, divisor).min(FULL * FULL);
    }

    function _reserves(address tokenIn) private view returns (uint256 reserveIn, uint256 reserveOut) {
        (reserveIn, reserveOut,) = pair.getReserves();
        if (!_sellsToken0(tokenIn)) (reserveIn, reserveOut) = (reserveOut, reserveIn);
    }
}
