// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "./interfaces/IERC20.sol";
import {ILendingAdapter} from "./interfaces/ILendingAdapter.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {TokenTransfer} from "./libraries/TokenTransfer.sol";
import {PriceFeed} from "./PriceFeed.sol";
import {Probe} from "./Probe.sol";

/// @notice The outside market's hand: one call is one market block. It owns the tokens arbitrage trades with.
contract Market {
    using TokenTransfer for IERC20;

    error Unauthorised(address caller);

    struct Move {
        IVenue venue;
        uint256 price; // [wad] spot price to trade to
    }

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

    /// @notice Arbitrage, then the feeds' reports, then interest.
    function tick(Move[] calldata moves, Probe.Price[] calldata reports, ILendingAdapter adapter) external onlyOwner {
        move(moves);
        for (uint256 i; i < reports.length; ++i) {
            reports[i].feed.report(reports[i].answer);
        }
        adapter.accrue();
    }

    /// @return spots The spot prices reached [wad], in the order of `moves`.
    function move(Move[] calldata moves) public onlyOwner returns (uint256[] memory spots) {
        spots = new uint256[](moves.length);
        for (uint256 i; i < moves.length; ++i) {
            spots[i] = moves[i].venue.moveTo(moves[i].price);
        }
    }
}
