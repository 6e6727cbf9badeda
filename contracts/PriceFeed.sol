// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";

/// @notice A Chainlink-style feed whose rounds the harness writes.
///
/// A closed feed answers nobody but its owner, whoever stands between the two: its reads revert in every transaction and
/// every call that another began. Reports go on meanwhile.
contract PriceFeed is IAggregatorV3 {
    error Unauthorised(address caller);
    error NoRound(uint80 roundId, uint80 latest);
    error Unavailable();

    event AnswerUpdated(int256 indexed answer, uint256 indexed roundId, uint256 updatedAt);
    event AvailabilityChanged(bool available);

    struct Round {
        int192 answer; // [USD 10^-decimals]
        uint64 updatedAt; // [s]
    }

    struct State {
        uint80 latestRound;
        mapping(uint80 => Round) rounds;
        mapping(address => bool) isWriter;
        string description;
        bool isClosed;
    }

    /// @dev Far from slot 0: on a fork this code is put in the place of a real feed, whose storage stays as it was.
    bytes32 private constant STATE = keccak256("liqsim.PriceFeed.State");
    uint256 public constant version = 1;
    uint8 public immutable decimals;
    address public immutable owner;

    constructor(address owner_, string memory description_, uint8 decimals_) {
        owner = owner_;
        _state().description = description_;
        decimals = decimals_;
    }

    /// @notice Lets `writer` report. The owner always may.
    function allow(address writer) external {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        _state().isWriter[writer] = true;
    }

    /// @notice From now on the feed is closed, or open again.
    function setClosed(bool closed) external {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        _state().isClosed = closed;
        emit AvailabilityChanged(!closed);
    }

    /// @notice Opens a new round with `answer` [USD 10^-decimals] at the block's time.
    function report(int192 answer) external {
        State storage state = _state();
        if (msg.sender != owner && !state.isWriter[msg.sender]) revert Unauthorised(msg.sender);
        uint80 round = state.latestRound + 1;
        state.latestRound = round;
        state.rounds[round] = Round(answer, uint64(block.timestamp));
        emit AnswerUpdated(answer, round, block.timestamp);
    }

    function description() external view returns (string memory) {
        return _state().description;
    }

    function isWriter(address writer) external view returns (bool) {
        return _state().isWriter[writer];
    }

    function isClosed() external view returns (bool) {
        return _state().isClosed;
    }

    function latestRound() public view returns (uint80) {
        return _state().latestRound;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return _round(latestRound());
    }

    /// @notice As Chainlink's first interface has it, which Aave's oracle reads.
    function latestAnswer() external view returns (int256 answer) {
        (, answer,,,) = _round(latestRound());
    }

    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        return _round(roundId);
    }

    /// @dev Who began the transaction is asked, not who calls: a protocol that the owner reads through sees the price,
    /// the same protocol under somebody else's order does not.
    function _round(uint80 roundId) private view returns (uint80, int256, uint256, uint256, uint80) {
        State storage state = _state();
        if (state.isClosed && tx.origin != owner) revert Unavailable();
        Round memory round = state.rounds[roundId];
        if (round.updatedAt == 0) revert NoRound(roundId, latestRound());
        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }

    function _state() private pure returns (State storage state) {
        bytes32 slot = STATE;
        assembly ("memory-safe") {
            state.slot := slot
        }
    }
}
