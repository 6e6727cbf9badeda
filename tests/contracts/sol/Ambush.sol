// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Calls back into whatever it was armed with, and hands a failure on untouched.
abstract contract Ambush {
    address public target;
    bytes public payload;

    function arm(address target_, bytes calldata payload_) external {
        target = target_;
        payload = payload_;
    }

    function _strike(address at) internal {
        if (at == address(0)) return;
        (bool ok, bytes memory reason) = at.call(payload);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
