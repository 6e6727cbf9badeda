// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Rounding} from "./Rounding.sol";

/// @notice Constant-product pools side by side: how a sale is best shared among them, in closed form.
/// @dev A pool x·y = k pays Y·x/(R + x) for x; what several pay together is greatest where their marginal prices are
/// equal, and there x = L·(A + ΣR)/ΣL − R, where L = √(R·Y) and A is the whole sale. Any venue whose proceeds are
/// concave looks like such a pool near two of its quotes; one without a curve at all looks like a very deep one.
library JointPool {
    using Rounding for uint256;

    uint256 private constant DEEPEST = 32; // [bits] a pool's reserve over the sale it was seen through

    struct Pool {
        uint256 reserve; // R [token sold]; what a fee keeps back makes it seem larger
        uint256 depth; // L [√(token sold · token bought)]
        uint256 room; // [token sold] the most it takes, as far as is known
    }

    /// @notice The pool that pays `lessOut` for `less` and `moreOut` for `more`.
    function through(uint256 less, uint256 lessOut, uint256 more, uint256 moreOut)
        internal
        pure
        returns (Pool memory pool)
    {
        pool.room = more;
        if (lessOut == 0 || moreOut <= lessOut) return pool;
        (uint256 line, uint256 curve) = (lessOut * more, moreOut * less);
        uint256 bend = (line >> DEEPEST) + 1;
        if (line > curve + bend) bend = line - curve;
        pool.reserve = (less * (moreOut - lessOut)).mulDivDown(more, bend);
        pool.depth = _root(pool.reserve, (lessOut * moreOut).mulDivDown(more - less, bend));
    }

    /// @notice The part of `amount` that each pool sells. No part is more than the pool's room; together they are less
    /// than `amount` only where the rooms are.
    function share(Pool[] memory pools, uint256 amount) internal pure returns (uint256[] memory parts) {
        parts = new uint256[](pools.length);
        bool[] memory settled = new bool[](pools.length);
        uint256 left = amount;
        bool again = true;
        while (again) {
            (left, again) = _settle(pools, parts, settled, left);
        }
        left = amount;
        for (uint256 i; i < parts.length; ++i) {
            left -= parts[i];
        }
        _fill(pools, parts, left);
    }

    /// @dev Settles who would sell less than nothing; if nobody would, who would sell more than it has room for; if
    /// nobody would either, everybody.
    function _settle(Pool[] memory pools, uint256[] memory parts, bool[] memory settled, uint256 left)
        private
        pure
        returns (uint256, bool)
    {
        (uint256 reserves, uint256 depths) = (left, 0);
        for (uint256 i; i < pools.length; ++i) {
            if (!settled[i]) (reserves, depths) = (reserves + pools[i].reserve, depths + pools[i].depth);
        }
        if (depths == 0) return (left, false);
        (bool under, bool over) = (false, false);
        for (uint256 i; i < pools.length; ++i) {
            if (settled[i]) continue;
            uint256 end = pools[i].depth.mulDivDown(reserves, depths);
            parts[i] = end > pools[i].reserve ? end - pools[i].reserve : 0;
            if (parts[i] == 0) (settled[i], under) = (true, true);
            if (parts[i] > pools[i].room) over = true;
        }
        if (under || !over) return (left, under);
        for (uint256 i; i < pools.length; ++i) {
            if (settled[i] || parts[i] <= pools[i].room) continue;
            (parts[i], settled[i]) = (pools[i].room, true);
            left -= parts[i];
        }
        return (left, true);
    }

    /// @dev What is left over goes to those who sell already, then to anybody.
    function _fill(Pool[] memory pools, uint256[] memory parts, uint256 left) private pure {
        for (uint256 pass; pass < 2; ++pass) {
            for (uint256 i; i < pools.length && left != 0; ++i) {
                if (pass == 0 && parts[i] == 0) continue;
                uint256 more = left.min(pools[i].room - parts[i]);
                (parts[i], left) = (parts[i] + more, left - more);
            }
        }
    }

    function _root(uint256 a, uint256 b) private pure returns (uint256) {
        return a < 1 << 127 && b < 1 << 127 ? (a * b).sqrtDown() : a.sqrtDown() * b.sqrtDown();
    }
}
