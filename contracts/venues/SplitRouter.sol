// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {IVenue} from "../interfaces/IVenue.sol";
import {JointPool} from "../libraries/JointPool.sol";
import {Rounding, WAD} from "../libraries/Rounding.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";

/// @notice Sells one token for another over several arms at once, so that together they pay the most.
///
/// An arm is a venue, or two with a token between them. No venue may stand in two arms: those that share a book share
/// an arm, whose first or second venue is then a router of its own. So all that goes through a token goes in one piece.
/// @dev `quote` and `swap` search the same way and find the same. An arm is seen as the constant-product pool that two of
/// its quotes show, and such pools have a best split in closed form. Where an arm pays something else for its part, it is
/// seen anew, through that quote. What no pool looks like (books with kinks) is left to exchanges: ever smaller pieces go
/// from the arm that loses least by it to the one that gains most, which for concave proceeds ends at the best split.
/// An arm that cannot take its part takes less, or none.
contract SplitRouter is IVenue {
    using JointPool for JointPool.Pool;
    using JointPool for JointPool.Pool[];
    using Rounding for uint256;
    using TokenTransfer for IERC20;

    error UnknownToken(address token);
    error ZeroAmount();
    error InsufficientLiquidity(address tokenIn, uint256 wanted, uint256 filled);
    error NotAVenue();

    struct Arm {
        IVenue first;
        IVenue second; // zero: one hop
    }

    /// @dev A split on its way to the best one. By arm; amounts of the token sold, outs of the token bought.
    struct Split {
        Arm[] arms;
        address[] between;
        uint256[] parts;
        uint256[] outs; // for the part
        uint256[] ups; // for the part and a chunk more; 0: it cannot take that
        uint256[] downs; // for the part less a chunk
        uint256 chunk;
    }

    uint256 private constant SMALLEST_ROOM = 20; // [bits] of the sale
    uint256 private constant EXHAUSTED = 8; // an arm is, where the second half brings less than this part of the whole
    uint256 private constant MOST_FITS = 4;
    uint256 private constant FIRST_CHUNK = 9; // [bits] of the sale
    uint256 private constant LAST_CHUNK = 18; // [bits] of the sale
    uint256 private constant FINER = 2; // [bits]
    uint256 private constant COARSER = 2; // [bits]
    uint256 private constant STRIDE = 3; // exchanges in a row before the chunk grows
    uint256 private constant MOST_EXCHANGES = 128; // an end for what is not concave

    address public immutable baseToken; // sold
    address public immutable quoteToken; // bought
    Arm[] private _arms;
    address[] private _between; // by arm; zero: one hop

    constructor(address sold, address bought, Arm[] memory arms) {
        baseToken = sold;
        quoteToken = bought;
        for (uint256 i; i < arms.length; ++i) {
            address between = address(arms[i].second) == address(0) ? address(0) : _other(arms[i].first, sold);
            _arms.push(arms[i]);
            _between.push(between);
            IERC20(sold).approveMax(address(arms[i].first));
            if (between != address(0)) IERC20(between).approveMax(address(arms[i].second));
        }
    }

    /// @dev The best arm's.
    function spotDown() external view returns (uint256 best) {
        for (uint256 i; i < _arms.length; ++i) {
            uint256 spot = _spot(_arms[i].first, baseToken);
            if (_between[i] != address(0)) spot = spot.mulDivDown(_spot(_arms[i].second, _between[i]), WAD);
            if (spot > best) best = spot;
        }
    }

    /// @dev 0 for what the arms cannot take together.
    function quote(address tokenIn, uint256 amountIn) external returns (uint256 amountOut) {
        (, amountOut) = _best(tokenIn, amountIn);
    }

    function swap(address tokenIn, uint256 amountIn, address to) external returns (uint256 amountOut) {
        if (amountIn == 0) revert ZeroAmount();
        (Split memory split, uint256 expected) = _best(tokenIn, amountIn);
        if (expected == 0) revert InsufficientLiquidity(tokenIn, amountIn, _sum(split.parts));
        IERC20(tokenIn).pull(msg.sender, amountIn);
        for (uint256 i; i < split.arms.length; ++i) {
            if (split.parts[i] != 0) amountOut += _trade(split.arms[i], split.between[i], split.parts[i], to);
        }
    }

    function moveTo(uint256) external pure returns (uint256) {
        revert NotAVenue();
    }

    function resize(uint256) external pure {
        revert NotAVenue();
    }

    // ------------------------------------------------------------------ arms

    function _trade(Arm memory arm, address between, uint256 amount, address to) private returns (uint256) {
        if (between == address(0)) return arm.first.swap(baseToken, amount, to);
        return arm.second.swap(between, arm.first.swap(baseToken, amount, address(this)), to);
    }

    /// @return 0 where the arm cannot take `amount`.
    function _out(Split memory split, uint256 arm, uint256 amount) private returns (uint256) {
        if (amount == 0) return 0;
        uint256 out = _ask(split.arms[arm].first, baseToken, amount);
        if (split.between[arm] == address(0) || out == 0) return out;
        return _ask(split.arms[arm].second, split.between[arm], out);
    }

    function _ask(IVenue venue, address tokenIn, uint256 amount) private returns (uint256) {
        try venue.quote(tokenIn, amount) returns (uint256 out) {
            return out;
        } catch {
            return 0;
        }
    }

    function _spot(IVenue venue, address tokenIn) private view returns (uint256) {
        uint256 spot = venue.spotDown();
        if (venue.baseToken() == tokenIn) return spot;
        return spot == 0 ? 0 : WAD * WAD / spot;
    }

    function _other(IVenue venue, address token) private view returns (address) {
        address base = venue.baseToken();
        return base == token ? venue.quoteToken() : base;
    }

    // ------------------------------------------------------------------ the search

    /// @return split Whose parts are the best split of `amount` found
    /// @return total What they bring; 0 if there is none
    function _best(address tokenIn, uint256 amount) private returns (Split memory split, uint256 total) {
        if (tokenIn != baseToken) revert UnknownToken(tokenIn);
        (split.arms, split.between) = (_arms, _between);
        uint256 count = split.arms.length;
        (split.parts, split.outs) = (new uint256[](count), new uint256[](count));
        JointPool.Pool[] memory pools = new JointPool.Pool[](count);
        total = _alone(split, pools, amount);
        if (count == 1) return (split, total);
        bool known;
        for (uint256 i; i < MOST_FITS && !known; ++i) {
            (total, known) = _fit(split, pools, amount, total);
        }
        if (known || total == 0) return (split, total);
        _exchange(split, amount);
        total = _sum(split.outs);
    }

    /// @dev Two quotes of every arm, and the best one for all of it, if there is one.
    function _alone(Split memory split, JointPool.Pool[] memory pools, uint256 amount) private returns (uint256 best) {
        uint256 arm;
        for (uint256 i; i < pools.length; ++i) {
            (uint256 room, uint256 out) = _room(split, i, amount);
            if (room == amount && out > best) (arm, best) = (i, out);
            pools[i].room = room;
            if (pools.length > 1) _see(split, pools[i], i, out);
        }
        if (best != 0) (split.parts[arm], split.outs[arm]) = (amount, best);
    }

    /// @dev Two quotes, one for about half of the other: of sizes at which the arm is not yet exhausted. Not for half, nor
    /// any part that falls to one of several equal arms: a quote for that is to be a third.
    function _see(Split memory split, JointPool.Pool memory pool, uint256 arm, uint256 moreOut) private {
        (uint256 more, uint256 less) = (pool.room, pool.room * 15 / 32);
        uint256 lessOut = _out(split, arm, less);
        while (lessOut > moreOut - moreOut / EXHAUSTED && more > pool.room >> SMALLEST_ROOM) {
            (more, less, moreOut) = (less, less * 15 / 32, lessOut);
            lessOut = _out(split, arm, less);
        }
        pool.see(less, lessOut, more, moreOut);
    }

    /// @dev What the arm takes of `amount`: all, or half, or half of that …
    function _room(Split memory split, uint256 arm, uint256 amount) private returns (uint256 room, uint256 out) {
        for (room = amount; room > amount >> SMALLEST_ROOM; room /= 2) {
            out = _out(split, arm, room);
            if (out != 0) return (room, out);
        }
        return (0, 0);
    }

    /// @dev The parts that were best if the arms were those pools. Takes them over if they bring more than `total`. An arm
    /// that is to sell nothing is asked about a little: its first price may be better than what it was seen by.
    /// @return What the better parts bring
    /// @return known Whether the arms were those pools
    function _fit(Split memory split, JointPool.Pool[] memory pools, uint256 amount, uint256 total)
        private
        returns (uint256, bool known)
    {
        uint256[] memory parts = pools.share(amount);
        if (_widen(split, pools, parts, amount)) parts = pools.share(amount);
        uint256[] memory outs = new uint256[](parts.length);
        known = _sum(parts) == amount;
        bool fits = known;
        for (uint256 i; i < parts.length; ++i) {
            uint256 size = parts[i] == 0 ? amount >> FIRST_CHUNK : parts[i];
            uint256 out = _out(split, i, size);
            if (parts[i] != 0) outs[i] = out;
            if (parts[i] != 0 && out == 0) fits = false;
            if (!pools[i].learn(size, out)) known = false;
        }
        if (!fits || _sum(outs) < total) return (total, known);
        (split.parts, split.outs) = (parts, outs);
        return (_sum(outs), known);
    }

    /// @dev An arm that is to take all it was known to take may take more: finds out how much.
    function _widen(Split memory split, JointPool.Pool[] memory pools, uint256[] memory parts, uint256 amount)
        private
        returns (bool wider)
    {
        for (uint256 i; i < pools.length; ++i) {
            uint256 room = pools[i].room;
            if (room == amount || parts[i] != room || pools[i].measured) continue;
            for (uint256 step = room / 2; step > amount >> SMALLEST_ROOM; step /= 2) {
                if (_out(split, i, room + step) != 0) (room, wider) = (room + step, true);
            }
            (pools[i].room, pools[i].measured) = (room, true);
        }
    }

    /// @dev Moves chunks while that brings more; grows them on a long way, makes them finer where none is to be moved.
    function _exchange(Split memory split, uint256 amount) private {
        (split.ups, split.downs) = (new uint256[](split.arms.length), new uint256[](split.arms.length));
        uint256 streak;
        split.chunk = (amount >> FIRST_CHUNK) + 1;
        _look(split);
        for (uint256 i; i < MOST_EXCHANGES; ++i) {
            (uint256 giver, uint256 taker) = _pair(split);
            if (giver != taker) {
                _move(split, giver, taker);
                if (++streak < STRIDE) continue;
                split.chunk <<= COARSER;
            } else {
                split.chunk >>= FINER;
                if (split.chunk <= amount >> LAST_CHUNK) return;
            }
            streak = 0;
            _look(split);
        }
    }

    function _look(Split memory split) private {
        for (uint256 i; i < split.arms.length; ++i) {
            split.ups[i] = _out(split, i, split.parts[i] + split.chunk);
            split.downs[i] = _below(split, i);
        }
    }

    /// @return The most there is where the arm has no chunk to give, or would be left with what it cannot sell.
    function _below(Split memory split, uint256 arm) private returns (uint256) {
        uint256 part = split.parts[arm];
        if (part < split.chunk) return 0;
        return _out(split, arm, part - split.chunk);
    }

    /// @return giver Who loses least by a chunk less
    /// @return taker Who gains most by a chunk more, and more than that; otherwise the giver
    function _pair(Split memory split) private pure returns (uint256 giver, uint256 taker) {
        uint256 least = type(uint256).max;
        uint256 most;
        for (uint256 i; i < split.arms.length; ++i) {
            uint256 out = split.outs[i];
            if (split.ups[i] > out + most) (taker, most) = (i, split.ups[i] - out);
            bool gives = split.parts[i] == split.chunk || split.downs[i] != 0;
            if (gives && out - split.downs[i].min(out) < least) (giver, least) = (i, out - split.downs[i].min(out));
        }
        if (most <= least) taker = giver;
    }

    function _move(Split memory split, uint256 giver, uint256 taker) private {
        (split.parts[giver], split.parts[taker]) =
            (split.parts[giver] - split.chunk, split.parts[taker] + split.chunk);
        (split.ups[giver], split.outs[giver]) = (split.outs[giver], split.downs[giver]);
        (split.downs[taker], split.outs[taker]) = (split.outs[taker], split.ups[taker]);
        split.downs[giver] = _below(split, giver);
        split.ups[taker] = _out(split, taker, split.parts[taker] + split.chunk);
    }

    function _sum(uint256[] memory parts) private pure returns (uint256 total) {
        for (uint256 i; i < parts.length; ++i) {
            total += parts[i];
        }
    }
}
