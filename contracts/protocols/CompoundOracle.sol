// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IERC20} from "../interfaces/IERC20.sol";
import {ICToken} from "../interfaces/compound/ICToken.sol";
import {ICompoundOracle} from "../interfaces/compound/ICompoundOracle.sol";

/// @notice Gives Compound v2 the answers of Chainlink-style feeds, in its own scale.
/// @dev Assumptions: a feed's decimals and a token's add up to 36 at most and never change. An answer that is not above
/// zero becomes 0, which Compound takes for "no price" and refuses to act on.
contract CompoundOracle is ICompoundOracle {
    error Unauthorised(address caller);

    struct Source {
        IAggregatorV3 feed;
        uint96 scale; // from the feed's answer to 10^(36 − decimals) per whole token
    }

    bool public constant isPriceOracle = true;
    address public immutable owner;
    mapping(address => Source) public sourceOf;

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice From now on `cToken`'s underlying has the price that `feed` reports.
    function list(ICToken cToken, IAggregatorV3 feed) external {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        uint256 places = 36 - uint256(IERC20(cToken.underlying()).decimals()) - feed.decimals();
        sourceOf[address(cToken)] = Source(feed, uint96(10 ** places));
    }

    function getUnderlyingPrice(address cToken) external view returns (uint256) {
        Source memory source = sourceOf[cToken];
        if (address(source.feed) == address(0)) return 0;
        (, int256 answer,,,) = source.feed.latestRoundData();
        return answer > 0 ? uint256(answer) * source.scale : 0;
    }
}
