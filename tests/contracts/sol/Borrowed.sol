// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Runs another contract's code as its own, called by itself: shows what that code says only to itself.
contract Borrowed {
    function run(address code, bytes calldata payload) external {
        this.own(code, payload);
    }

    function own(address code, bytes calldata payload) external {
        (, bytes memory reason) = code.delegatecall(payload);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
