// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "./interfaces/IERC20.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {Rounding, WAD} from "./libraries/Rounding.sol";
import {TokenTransfer} from "./libraries/TokenTransfer.sol";

/// @notice The house venue: x·y = k on reserves the pool tracks itself. The fee stays in the reserves.
contract ConstantProductPool is IVenue {
    using TokenTransfer for IERC20;
    using Rounding for uint256;

    error UnknownToken(address token);
    error ZeroAmount();
    error AlreadyOpen();
    error NotOpen();
    error InvalidFee(uint256 fee, uint256 belowPpm);
    error Unauthorised(address caller);

    event Swapped(address indexed tokenIn, uint256 amountIn, uint256 amountOut, address indexed to);

    uint256 private constant PPM = 1e6;

    address public immutable baseToken;
    address public immutable quoteToken;
    uint256 public immutable fee; // [ppm] of what comes in
    address public immutable owner; // alone may resize
    uint256 private immutable _baseUnit; // 10^decimals of the base token
    uint256 private immutable _quoteUnit; // 10^decimals of the quote token
    uint256 public baseReserve; // [token]
    uint256 public quoteReserve; // [token]
    uint256 public scale = WAD; // [wad] of the liquidity it opened with

    constructor(address baseToken_, address quoteToken_, uint256 fee_, address owner_) {
        if (fee_ >= PPM) revert InvalidFee(fee_, PPM);
        baseToken = baseToken_;
        quoteToken = quoteToken_;
        fee = fee_;
        owner = owner_;
        _baseUnit = 10 ** IERC20(baseToken_).decimals();
        _quoteUnit = 10 ** IERC20(quoteToken_).decimals();
    }

    /// @notice Puts the first and only liquidity in; no shares are issued.
    function open(uint256 baseAmount, uint256 quoteAmount) external {
        if (baseReserve != 0) revert AlreadyOpen();
        if (baseAmount == 0 || quoteAmount == 0) revert ZeroAmount();
        baseReserve = baseAmount;
        quoteReserve = quoteAmount;
        _pull(baseToken, baseAmount);
        _pull(quoteToken, quoteAmount);
    }

    function spotDown() public view returns (uint256) {
        if (baseReserve == 0) revert NotOpen();
        return quoteReserve.mulDivDown(_baseUnit * WAD, baseReserve * _quoteUnit);
    }

    function quote(address tokenIn, uint256 amountIn) public view returns (uint256) {
        (uint256 reserveIn, uint256 reserveOut) = _reserves(tokenIn);
        uint256 effective = amountIn * (PPM - fee);
        return reserveOut.mulDivDown(effective, reserveIn * PPM + effective);
    }

    function swap(address tokenIn, uint256 amountIn, address to) public returns (uint256 amountOut) {
        if (amountIn == 0) revert ZeroAmount();
        amountOut = quote(tokenIn, amountIn);
        bool sellsBase = tokenIn == baseToken;
        if (sellsBase) {
            baseReserve += amountIn;
            quoteReserve -= amountOut;
        } else {
            quoteReserve += amountIn;
            baseReserve -= amountOut;
        }
        emit Swapped(tokenIn, amountIn, amountOut, to);
        _pull(tokenIn, amountIn);
        _push(sellsBase ? quoteToken : baseToken, to, amountOut);
    }

    /// @dev With the fee kept in the reserves, selling d into reserve r ends at (r + d)(r + g·d) = k, where k is the
    /// product of the reserves over the target price. `d` rounds down: the price is never overshot.
    function moveTo(uint256 price) external returns (uint256) {
        uint256 spot = spotDown();
        if (price == spot) return spot;
        uint256 product = baseReserve * quoteReserve;
        uint256 amountIn = price < spot
            ? _amountTo(baseReserve, product.mulDivDown(_baseUnit * WAD, price * _quoteUnit))
            : _amountTo(quoteReserve, product.mulDivDown(price * _quoteUnit, _baseUnit * WAD));
        if (amountIn == 0) return spot;
        swap(price < spot ? baseToken : quoteToken, amountIn, msg.sender);
        return spotDown();
    }

    /// @dev Both reserves times the same ratio, rounded up: what is over goes to those who stay. Each ends less than one
    /// unit above its share, so that the spot moves by less than one part in the smaller reserve.
    function resize(uint256 scale_) external {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        if (scale_ == 0) revert ZeroAmount();
        if (baseReserve == 0) revert NotOpen();
        (uint256 base, uint256 quote_, uint256 before) = (baseReserve, quoteReserve, scale);
        scale = scale_;
        baseReserve = base.mulDivUp(scale_, before);
        quoteReserve = quote_.mulDivUp(scale_, before);
        _settle(baseToken, base, baseReserve);
        _settle(quoteToken, quote_, quoteReserve);
    }

    function _settle(address token, uint256 before, uint256 after_) private {
        if (after_ > before) _pull(token, after_ - before);
        else _push(token, msg.sender, before - after_);
    }

    function _amountTo(uint256 reserve, uint256 target) private view returns (uint256) {
        uint256 kept = PPM - fee;
        uint256 root = (fee * fee * reserve * reserve + 4 * kept * PPM * target).sqrtDown();
        uint256 start = (PPM + kept) * reserve;
        return root <= start ? 0 : (root - start) / (2 * kept);
    }

    function _reserves(address tokenIn) private view returns (uint256 reserveIn, uint256 reserveOut) {
        if (baseReserve == 0) revert NotOpen();
        if (tokenIn == baseToken) return (baseReserve, quoteReserve);
        if (tokenIn == quoteToken) return (quoteReserve, baseReserve);
        revert UnknownToken(tokenIn);
    }

    function _pull(address token, uint256 amount) private {
        IERC20(token).pull(msg.sender, amount);
    }

    function _push(address token, address to, uint256 amount) private {
        IERC20(token).push(to, amount);
    }
}
