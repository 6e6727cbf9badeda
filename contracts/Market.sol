// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBook} from "./interfaces/IBook.sol";
import {IERC20} from "./interfaces/IERC20.sol";
import {ILendingAdapter} from "./interfaces/ILendingAdapter.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {TokenTransfer} from "./libraries/TokenTransfer.sol";
import {Probe} from "./Probe.sol";

/// @notice The outside market's hand: one call is one market block. It owns the tokens it trades with, and those that
/// providers of liquidity put in and take out.
contract Market {
    using TokenTransfer for IERC20;

    error Unauthorised(address caller);
    error UnknownVerb(uint256 verb);

    event Traded(uint256 indexed action, uint256 amountIn, uint256 amountOut);

    /// @dev All words are static. What `first` and `second` mean is the verb's.
    struct Action {
        IVenue venue;
        uint256 verb;
        uint256 first;
        uint256 second;
    }

    uint256 private constant MOVE = 0; // arbitrage trades to the spot price `first` [wad]
    uint256 private constant FOLLOW = 1; // a book quotes around `first`, with its spot price at `second` [wad]
    uint256 private constant RESIZE = 2; // the liquidity becomes `first` [wad] of what the venue opened with
    uint256 private constant TRADE = 3; // sells `second` of the base (`first` = 1) or the quote (0) [token]

    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        _;
    }

    function trust(address[] calldata tokens, address[] calldata venues) external onlyOwner {
        for (uint256 i; i < venues.length; ++i) {
            for (uint256 j; j < tokens.length; ++j) {
                IERC20(tokens[j]).approveMax(venues[i]);
            }
        }
    }

    /// @notice What happens on the venues, then the feeds' reports, then interest.
    function tick(Action[] calldata actions, Probe.Price[] calldata reports, ILendingAdapter adapter)
        external
        onlyOwner
    {
        for (uint256 i; i < actions.length; ++i) {
            _do(i, actions[i]);
        }
        for (uint256 i; i < reports.length; ++i) {
            reports[i].feed.report(reports[i].answer);
        }
        adapter.accrue();
    }

    /// @return spots Each action's venue's price after it [wad], in the order of `actions`.
    function act(Action[] calldata actions) external onlyOwner returns (uint256[] memory spots) {
        spots = new uint256[](actions.length);
        for (uint256 i; i < actions.length; ++i) {
            _do(i, actions[i]);
            spots[i] = actions[i].venue.spotDown();
        }
    }

    function _do(uint256 index, Action calldata action) private {
        if (action.verb == MOVE) {
            action.venue.moveTo(action.first);
        } else if (action.verb == FOLLOW) {
            IBook(address(action.venue)).follow(action.first, action.second);
        } else if (action.verb == RESIZE) {
            action.venue.resize(action.first);
        } else if (action.verb == TRADE) {
            address tokenIn = action.first == 1 ? action.venue.baseToken() : action.venue.quoteToken();
            uint256 amountOut = action.venue.swap(tokenIn, action.second, address(this));
            emit Traded(index, action.second, amountOut);
        } else {
            revert UnknownVerb(action.verb);
        }
    }
}
