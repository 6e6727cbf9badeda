// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ambush} from "./Ambush.sol";

/// @notice A feed that strikes when its price is read. It is no IAggregatorV3: that one's reads promise to be views.
contract HostileFeed is Ambush {
    uint8 public constant decimals = 8;
    int256 public answer;

    function report(int256 answer_) external {
        answer = answer_;
    }

    function latestRoundData() external returns (uint80, int256, uint256, uint256, uint80) {
        _strike(target);
        return (1, answer, block.timestamp, block.timestamp, 1);
    }
}
