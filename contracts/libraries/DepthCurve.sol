// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Rounding, WAD} from "./Rounding.sol";

uint256 constant GRAIN = 2e18; // [1 / quote unit] volumes along a curve are counted in grains

/// @notice What a sale into an off-chain book brings: the volume sold, worth `mid` each, less what is lost to impact.
/// @dev A position on the curve is what was sold less what was bought, in grains of the quote token at the mid price;
/// buying mirrors selling. The loss up to a volume V is V·a(V) if impact is that of the average price, and the integral
/// of m from 0 to V if it is that of the marginal one. Either way it is quadratic between two points, and exact: half a
/// grain never arises. The value of a position, itself less the loss, is what all sales up to there have brought.
library DepthCurve {
    using Rounding for uint256;

    error InvalidCurve(uint256 index);

    struct Point {
        uint64 impact; // [wad]
        uint128 volume; // [quote token]
    }

    /// @dev Between two points. Up to a volume of start + t the loss is lost + t·(linear + square·t)/over, and the
    /// impact on the marginal price (linear + 2·square·t)/over. No word is above 2^236.
    struct Part {
        uint256 start; // [grain]
        uint256 end; // [grain]
        uint256 lost; // [grain] before the start
        uint256 linear;
        uint256 square;
        uint256 over;
    }

    uint256 private constant MOST = 1 << 112; // [quote token] the largest volume

    /// @notice The parts of the curve from (0, 0) through `points`; InvalidCurve names a point that does not lie beyond
    /// the one before, or at which nothing would be paid for the last unit.
    function parts(Point[] memory points, bool average) internal pure returns (Part[] memory curve) {
        if (points.length == 0) revert InvalidCurve(0);
        curve = new Part[](points.length);
        Point memory before;
        uint256 lost;
        for (uint256 i; i < points.length; ++i) {
            Point memory point = points[i];
            if (point.impact <= before.impact || point.volume <= before.volume) revert InvalidCurve(i);
            if (point.impact >= WAD || point.volume > MOST) revert InvalidCurve(i);
            curve[i] = average ? _ofAverage(before, point) : _ofMarginal(before, point, lost);
            if (_impact(curve[i], curve[i].end) >= curve[i].over) revert InvalidCurve(i);
            lost += (uint256(before.impact) + point.impact) * (point.volume - before.volume);
            before = point;
        }
    }

    function _ofAverage(Point memory from, Point memory to) private pure returns (Part memory) {
        (uint256 length, uint256 rise) = (to.volume - from.volume, to.impact - from.impact);
        return Part({
            start: from.volume * GRAIN,
            end: to.volume * GRAIN,
            lost: 2 * uint256(from.impact) * from.volume,
            linear: (from.impact * length + rise * from.volume) * GRAIN,
            square: rise,
            over: length * GRAIN * WAD
        });
    }

    function _ofMarginal(Point memory from, Point memory to, uint256 lost) private pure returns (Part memory) {
        (uint256 length, uint256 rise) = (to.volume - from.volume, to.impact - from.impact);
        return Part({
            start: from.volume * GRAIN,
            end: to.volume * GRAIN,
            lost: lost,
            linear: 2 * from.impact * length * GRAIN,
            square: rise,
            over: 2 * length * GRAIN * WAD
        });
    }

    /// @return [grain] The end of the curve.
    function last(Part[] memory curve) internal pure returns (int256) {
        return int256(curve[curve.length - 1].end);
    }

    /// @return [grain] What all sales up to `position` have brought, rounded down.
    function valueDown(Part[] memory curve, int256 position) internal pure returns (int256) {
        return _valueDown(curve[_indexOf(curve, size(position))], position);
    }

    /// @return [grain]
    function valueUp(Part[] memory curve, int256 position) internal pure returns (int256) {
        uint256 volume = size(position);
        Part memory part = curve[_indexOf(curve, volume)];
        uint256 t = volume - part.start;
        return position - int256(part.lost + t.mulDivDown(part.linear + part.square * t, part.over));
    }

    /// @return `mid` less the impact on the marginal price at `position` [wad], rounded down.
    function priceDown(Part[] memory curve, int256 position, uint256 mid) internal pure returns (uint256) {
        Part memory part = curve[_indexOf(curve, size(position))];
        return mid.mulDivDown(_steepness(part, position), part.over);
    }

    /// @return position [grain] The least whose value is `value` or more. `value` lies between those of the ends.
    /// @dev Newton's steps from the lower end of the part it lies in: the value is concave there, so that none passes
    /// it, and close to it each doubles the digits.
    function positionOf(Part[] memory curve, int256 value) internal pure returns (int256 position) {
        uint256 i;
        if (value > 0) {
            while (i + 1 < curve.length && _valueDown(curve[i], int256(curve[i].end)) < value) ++i;
        } else {
            while (i + 1 < curve.length && _valueDown(curve[i], -int256(curve[i].end)) > value) ++i;
        }
        Part memory part = curve[i];
        int256 end = value > 0 ? int256(part.end) : -int256(part.start);
        position = value > 0 ? int256(part.start) : -int256(part.end);
        while (position < end) {
            int256 missing = value - _valueDown(part, position);
            if (missing <= 0) break;
            position += int256(uint256(missing).mulDivUp(part.over, _steepness(part, position)));
            if (position > end) position = end;
        }
    }

    /// @return [grain] Where the marginal price is `price` if the mid is `mid` [wad], rounded down (which is towards the
    /// higher price); an end of the curve if it is beyond. An average curve's marginal price may jump at a point, up or
    /// down: a price that is nowhere is the point's, and of several places it is the first on the way from `position`.
    function positionAt(Part[] memory curve, int256 position, uint256 mid, uint256 price)
        internal
        pure
        returns (int256)
    {
        bool sold = price <= mid;
        uint256 gap = sold ? mid - price : price - mid;
        if (gap >= mid) return sold ? last(curve) : -last(curve);
        uint256 from = (position > 0) == sold ? size(position) : 0;
        uint256 i = _indexOf(curve, from);
        if (_wanted(curve[i], gap, mid, sold) < _impact(curve[i], from)) {
            while (i > 0 && _wanted(curve[i], gap, mid, sold) < curve[i].linear) --i;
            from = from.min(_volumeAt(curve[i], _wanted(curve[i], gap, mid, sold), sold));
        } else {
            while (i + 1 < curve.length && _wanted(curve[i], gap, mid, sold) > _impact(curve[i], curve[i].end)) ++i;
            uint256 reached = _volumeAt(curve[i], _wanted(curve[i], gap, mid, sold), sold);
            if (reached > from) from = reached;
        }
        return sold ? int256(from) : -int256(from);
    }

    function size(int256 position) internal pure returns (uint256) {
        return uint256(position < 0 ? -position : position);
    }

    /// @dev The first part that reaches `volume`: a point belongs to the part that ends in it.
    function _indexOf(Part[] memory curve, uint256 volume) private pure returns (uint256 i) {
        while (i + 1 < curve.length && curve[i].end < volume) ++i;
    }

    function _valueDown(Part memory part, int256 position) private pure returns (int256) {
        uint256 t = size(position) - part.start;
        return position - int256(part.lost + t.mulDivUp(part.linear + part.square * t, part.over));
    }

    /// @return The impact on the marginal price, over `over`.
    function _impact(Part memory part, uint256 volume) private pure returns (uint256) {
        return part.linear + 2 * part.square * (volume - part.start);
    }

    /// @return The marginal price in mids, over `over`.
    function _steepness(Part memory part, int256 position) private pure returns (uint256) {
        uint256 impact = _impact(part, size(position));
        return position < 0 ? part.over + impact : part.over - impact;
    }

    /// @return The impact gap/mid, over `over`; rounded towards the higher price.
    function _wanted(Part memory part, uint256 gap, uint256 mid, bool sold) private pure returns (uint256) {
        return sold ? gap.mulDivDown(part.over, mid) : gap.mulDivUp(part.over, mid);
    }

    /// @return [grain] Where in the part the impact is `wanted`, or its nearer end.
    function _volumeAt(Part memory part, uint256 wanted, bool sold) private pure returns (uint256) {
        if (wanted <= part.linear) return part.start;
        uint256 slope = 2 * part.square;
        uint256 t = (wanted - part.linear + (sold ? 0 : slope - 1)) / slope;
        return (part.start + t).min(part.end);
    }
}
