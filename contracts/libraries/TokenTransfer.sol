// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";

/// @notice ERC-20 calls that also understand tokens which return nothing (as tokens on a fork may).
library TokenTransfer {
    error TransferFailed(address token);

    function approveMax(IERC20 token, address spender) internal {
        _call(token, abi.encodeCall(IERC20.approve, (spender, type(uint256).max)));
    }

    function pull(IERC20 token, address from, uint256 amount) internal {
        move(token, from, address(this), amount);
    }

    function move(IERC20 token, address from, address to, uint256 amount) internal {
        _call(token, abi.encodeCall(IERC20.transferFrom, (from, to, amount)));
    }

    function push(IERC20 token, address to, uint256 amount) internal {
        if (amount != 0) _call(token, abi.encodeCall(IERC20.transfer, (to, amount)));
    }

    /// @dev A token's own error passes through.
    function _call(IERC20 token, bytes memory payload) private {
        (bool ok, bytes memory answer) = address(token).call(payload);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        if (answer.length != 0 && !abi.decode(answer, (bool))) revert TransferFailed(address(token));
    }
}
