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
    uint256 private constant NEAR = 30; // [bits] of what is paid: a pool pays what it was said to
    uint256 private constant UNITS = 4; // [token bought] the same, of what is rounded

    struct Pool {
        uint256 reserve; // R [token sold]; what a fee keeps back makes it seem larger
        uint256 payout; // Y [token bought]
        uint256 depth; // L [√(token sold · token bought)]; 0: it sells nothing
        uint256 room; // [token sold] the most it takes, as far as is known
        bool measured; // whether it is known well
        uint256 less; // the quotes it was seen through: [token sold], and what is paid for it [token bought]
        uint256 lessOut;
        uint256 more;
        uint256 moreOut;
        bool sure; // a third quote agreed with these two
    }

    /// @notice Makes of it the pool that pays `lessOut` for `less` and `moreOut` for `more`.
    function see(Pool memory pool, uint256 less, uint256 lessOut, uint256 more, uint256 moreOut) internal pure {
        (pool.less, pool.lessOut, pool.more, pool.moreOut) = (less, lessOut, more, moreOut);
        (pool.depth, pool.sure) = (0, false);
        if (lessOut == 0 || moreOut <= lessOut) return;
        (uint256 line, uint256 curve) = (lessOut * more, moreOut * less);
        uint256 bend = (line >> DEEPEST) + 1;
        if (line > curve + bend) bend = line - curve;
        pool.reserve = (less * (moreOut - lessOut)).mulDivDown(more, bend);
        pool.payout = (lessOut * moreOut).mulDivDown(more - less, bend);
        pool.depth = _root(pool.reserve, pool.payout);
    }

    /// @notice Sees it through one more quote, and the nearer one of the two before.
    /// @return Whether it pays for `amount` what it was said to. The quotes it was seen through say nothing of that: any
    /// curve agrees with a pool in two points, and a book's kink may lie in one of them.
    function learn(Pool memory pool, uint256 amount, uint256 out) internal pure returns (bool) {
        if (amount == 0) return true;
        if (amount == pool.less || amount == pool.more) return pool.sure;
        uint256 said = pool.depth == 0 ? 0 : pool.payout.mulDivDown(amount, pool.reserve + amount);
        (uint256 least, uint256 most) = said < out ? (said, out) : (out, said);
        if (most - least <= UNITS + (out >> NEAR)) return pool.sure = true;
        if (amount > pool.more) see(pool, pool.more, pool.moreOut, amount, out);
        else if (amount < pool.less) see(pool, amount, out, pool.less, pool.lessOut);
        else if (amount - pool.less > pool.more - amount) see(pool, amount, out, pool.more, pool.moreOut);
        else see(pool, pool.less, pool.lessOut, amount, out);
        return false;
    }

    /// @notice The part of `amount` that each pool sells. No part is more than the pool's room; together they are less
    /// than `amount` only where the rooms are.
    function share(Pool[] memory pools, uint256 amount) internal pure returns (uint256[] memory parts) {
        parts = new uint256[](pools.length);
        bool[] memory settled = new bool[](pools.length);
        for (uint256 i; i < pools.length; ++i) {
            settled[i] = pools[i].depth == 0;
        }
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

    /// @dev Settles who would sell more than there is room for, at that; or, if together they are over by less than
    /// others are under, those who would sell less than nothing. The price of the last unit can only fall by the one and
    /// rise by the other, so that nobody is settled who would come back. If nobody is over or under, all is settled.
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
        (uint256 over, uint256 under) = (0, 0);
        for (uint256 i; i < pools.length; ++i) {
            if (settled[i]) continue;
            uint256 end = pools[i].depth.mulDivDown(reserves, depths);
            (uint256 least, uint256 most) = (pools[i].reserve, pools[i].reserve + pools[i].room);
            parts[i] = end > least ? end - least : 0;
            if (end > most) over += end - most;
            if (end < least) under += least - end;
        }
        if (over == 0 && under == 0) return (left, false);
        for (uint256 i; i < pools.length; ++i) {
            if (settled[i]) continue;
            if (over < under) {
                settled[i] = parts[i] == 0;
            } else if (parts[i] > pools[i].room) {
                (parts[i], settled[i]) = (pools[i].room, true);
                left -= parts[i];
            }
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
