// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IERC20} from "../interfaces/IERC20.sol";
import {IMorphoOracle} from "../interfaces/morpho/IMorphoOracle.sol";
import {Rounding} from "../libraries/Rounding.sol";

/// @notice A Morpho market's oracle out of two price feeds: collateral over loan.
/// @dev It has no storage: its deployed code, put in the place of another oracle, prices the same pair from the same
/// feeds.
contract MorphoOracle is IMorphoOracle {
    using Rounding for uint256;

    error InvalidPrice(address feed, int256 answer);
    error BeyondScale(uint256 exponent);

    IAggregatorV3 public immutable collateralFeed;
    IAggregatorV3 public immutable loanFeed;
    uint256 public immutable scale; // turns a quotient of answers into Morpho's unit: a power of ten

    constructor(IERC20 collateral, IERC20 loan, IAggregatorV3 collateralFeed_, IAggregatorV3 loanFeed_) {
        collateralFeed = collateralFeed_;
        loanFeed = loanFeed_;
        uint256 up = 36 + uint256(loan.decimals()) + loanFeed_.decimals();
        uint256 down = uint256(collateral.decimals()) + collateralFeed_.decimals();
        if (up < down || up - down > 77) revert BeyondScale(up);
        scale = 10 ** (up - down);
    }

    /// @return 1e36 · 10^(loan decimals − collateral decimals) · collateral price / loan price, rounded down.
    function price() external view returns (uint256) {
        return _answer(collateralFeed).mulDivDown(scale, _answer(loanFeed));
    }

    function _answer(IAggregatorV3 feed) private view returns (uint256) {
        (, int256 answer,,,) = feed.latestRoundData();
        if (answer <= 0) revert InvalidPrice(address(feed), answer);
        return uint256(answer);
    }
}
