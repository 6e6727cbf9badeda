// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBook} from "../interfaces/IBook.sol";
import {IERC20} from "../interfaces/IERC20.sol";
import {DepthCurve, GRAIN} from "../libraries/DepthCurve.sol";
import {Rounding, WAD} from "../libraries/Rounding.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";

/// @notice An off-chain book: makers quote around a mid price, and what they pay falls with what was sold, along a curve
/// that ends. It owns the tokens it pays out: whoever opens it sends them, and more of them than the curve is long.
/// @dev Rounding favours the makers, in what is paid and in what is remembered: no trades there and back gain a unit.
contract DepthBook is IBook {
    using DepthCurve for DepthCurve.Part[];
    using Rounding for uint256;
    using TokenTransfer for IERC20;

    error UnknownToken(address token);
    error ZeroAmount();
    error ZeroPrice();
    error InvalidFee(uint256 fee, uint256 belowPpm);
    error Unauthorised(address caller);
    error InsufficientLiquidity(address tokenIn, uint256 wanted, uint256 filled);

    event Swapped(address indexed tokenIn, uint256 amountIn, uint256 amountOut, address indexed to);

    uint256 private constant PPM = 1e6;

    address public immutable baseToken;
    address public immutable quoteToken;
    uint256 public immutable fee; // [ppm] of what comes in
    address public immutable owner; // the market's hand
    bool public immutable average; // whether impact is that of the average price, or of the marginal one
    uint256 private immutable _unitValue; // [grain] of a base unit at a mid price of 1e-18
    DepthCurve.Point[] private _points;
    uint256 public mid; // [wad] whole quote tokens per whole base token
    uint256 public scale = WAD; // [wad] what volumes are multiplied by
    int256 public position; // [grain] sold less bought, as if `scale` were 1

    /// @dev Tokens have at most 18 decimals.
    constructor(
        address baseToken_,
        address quoteToken_,
        uint256 fee_,
        uint256 mid_,
        bool average_,
        DepthCurve.Point[] memory points,
        address owner_
    ) {
        if (fee_ >= PPM) revert InvalidFee(fee_, PPM);
        if (mid_ == 0) revert ZeroPrice();
        DepthCurve.parts(points, average_);
        baseToken = baseToken_;
        quoteToken = quoteToken_;
        fee = fee_;
        mid = mid_;
        average = average_;
        owner = owner_;
        _unitValue = 10 ** IERC20(quoteToken_).decimals() * GRAIN / 10 ** IERC20(baseToken_).decimals();
        for (uint256 i; i < points.length; ++i) {
            _points.push(points[i]);
        }
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        _;
    }

    function spotDown() public view returns (uint256) {
        return _curve().priceDown(position, mid);
    }

    /// @dev 0 for a sale that goes beyond the curve's end: it is refused.
    function quote(address tokenIn, uint256 amountIn) external view returns (uint256 amountOut) {
        bool sellsBase = _sellsBase(tokenIn);
        DepthCurve.Part[] memory curve = _curve();
        if (amountIn == 0 || amountIn > _most(curve, sellsBase)) return 0;
        (amountOut,) = _trade(curve, sellsBase, amountIn);
    }

    function swap(address tokenIn, uint256 amountIn, address to) public returns (uint256 amountOut) {
        if (amountIn == 0) revert ZeroAmount();
        bool sellsBase = _sellsBase(tokenIn);
        DepthCurve.Part[] memory curve = _curve();
        uint256 most = _most(curve, sellsBase);
        if (amountIn > most) revert InsufficientLiquidity(tokenIn, amountIn, most);
        (amountOut, position) = _trade(curve, sellsBase, amountIn);
        emit Swapped(tokenIn, amountIn, amountOut, to);
        IERC20(tokenIn).pull(msg.sender, amountIn);
        IERC20(sellsBase ? quoteToken : baseToken).push(to, amountOut);
    }

    /// @dev What goes in rounds down: the price is not overshot.
    function moveTo(uint256 price) external returns (uint256) {
        uint256 spot = spotDown();
        if (price == spot) return spot;
        DepthCurve.Part[] memory curve = _curve();
        int256 target = curve.positionAt(position, mid, price);
        uint256 amountIn = _amountTo(curve, target);
        if (amountIn == 0) return spot;
        swap(target > position ? baseToken : quoteToken, amountIn, msg.sender);
        return spotDown();
    }

    function follow(uint256 mid_, uint256 spot) external onlyOwner {
        if (mid_ == 0) revert ZeroPrice();
        position = _curve().positionAt(position, mid_, spot);
        mid = mid_;
    }

    /// @dev No tokens move: those the makers have are outside the curve.
    function resize(uint256 scale_) external onlyOwner {
        if (scale_ == 0) revert ZeroAmount();
        scale = scale_;
    }

    /// @return The most that can be sold of `tokenIn` [token].
    function mostIn(address tokenIn) external view returns (uint256) {
        return _most(_curve(), _sellsBase(tokenIn));
    }

    function _curve() private view returns (DepthCurve.Part[] memory) {
        return DepthCurve.parts(_points, average);
    }

    function _sellsBase(address tokenIn) private view returns (bool) {
        if (tokenIn == baseToken) return true;
        if (tokenIn == quoteToken) return false;
        revert UnknownToken(tokenIn);
    }

    function _most(DepthCurve.Part[] memory curve, bool sellsBase) private view returns (uint256) {
        return _amountTo(curve, sellsBase ? curve.last() : -curve.last());
    }

    /// @return What a trade from here to `target` takes in, fee and all [token], rounded down.
    function _amountTo(DepthCurve.Part[] memory curve, int256 target) private view returns (uint256) {
        if (target >= position) {
            return uint256(target - position).mulDivDown(PPM * scale, (PPM - fee) * mid * _unitValue);
        }
        int256 cost = curve.valueUp(position) - curve.valueDown(target);
        return uint256(cost).mulDivDown(PPM * scale, (PPM - fee) * WAD * GRAIN);
    }

    /// @return amountOut [token], rounded down
    /// @return next [grain] the position after it
    function _trade(DepthCurve.Part[] memory curve, bool sellsBase, uint256 amountIn)
        private
        view
        returns (uint256 amountOut, int256 next)
    {
        uint256 kept = PPM - fee;
        if (sellsBase) {
            next = position + int256(amountIn.mulDivDown(kept * mid * _unitValue, PPM * scale));
            int256 gained = curve.valueDown(next) - curve.valueUp(position);
            if (gained > 0) amountOut = uint256(gained).mulDivDown(scale, WAD * GRAIN);
        } else {
            int256 paid = int256(amountIn.mulDivDown(kept * WAD * GRAIN, PPM * scale));
            next = curve.positionOf(curve.valueUp(position) - paid);
            if (next > position) next = position;
            amountOut = uint256(position - next).mulDivDown(scale, mid * _unitValue);
        }
    }
}
