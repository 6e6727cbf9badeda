// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";

/// @notice Token calls that also accept tokens which return nothing, as some of a fork's do.
library TokenCalls {
    error TokenRefused(address token);

    function pull(address token, address from, uint256 amount) internal {
        _must(token, abi.encodeCall(IERC20.transferFrom, (from, address(this), amount)));
    }

    function push(address token, address to, uint256 amount) internal {
        if (amount != 0) _must(token, abi.encodeCall(IERC20.transfer, (to, amount)));
    }

    function trust(address token, address spender) internal {
        _must(token, abi.encodeCall(IERC20.approve, (spender, type(uint256).max)));
    }

    /// @dev The token's own error passes through.
    function _must(address token, bytes memory request) private {
        (bool ok, bytes memory answer) = token.call(request);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        if (answer.length != 0 && !abi.decode(answer, (bool))) revert TokenRefused(token);
    }
}
