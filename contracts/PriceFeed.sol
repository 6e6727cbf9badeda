// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";

/// @notice A Chainlink-style feed whose rounds the harness writes.
contract PriceFeed is IAggregatorV3 {
    error Unauthorised(address caller);
    error NoRound(uint80 roundId, uint80 latest);

    event AnswerUpdated(int256 indexed answer, uint256 indexed roundId, uint256 updatedAt);

    struct Round {
        int192 answer; // [USD 10^-decimals]
        uint64 updatedAt; // [s]
    }

    uint256 public constant version = 1;
    uint8 public immutable decimals;
    address public immutable owner;
    string public description;
    uint80 public latestRound;
    mapping(uint80 => Round) private _rounds;
    mapping(address => bool) public isWriter;

    constructor(address owner_, string memory description_, uint8 decimals_) {
        owner = owner_;
        description = description_;
        decimals = decimals_;
    }

    /// @notice Lets `writer` report. The owner always may.
    function allow(address writer) external {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        isWriter[writer] = true;
    }

    /// @notice Opens a new round with `answer` [USD 10^-decimals] at the block's time.
    function report(int192 answer) external {
        if (msg.sender != owner && !isWriter[msg.sender]) revert Unauthorised(msg.sender);
        uint80 round = latestRound + 1;
        latestRound = round;
        _rounds[round] = Round(answer, uint64(block.timestamp));
        emit AnswerUpdated(answer, round, block.timestamp);
    }

    /// @notice The older Chainlink reading, which Aave's oracle uses.
    function latestAnswer() external view returns (int256) {
        return _rounds[latestRound].answer;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _round(latestRound);
    }

    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        return _round(roundId);
    }

    function _round(uint80 roundId) private view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[roundId];
        if (round.updatedAt == 0) revert NoRound(roundId, latestRound);
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }
}
