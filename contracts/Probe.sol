// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ILendingAdapter} from "./interfaces/ILendingAdapter.sol";
import {PriceFeed} from "./PriceFeed.sol";

/// @notice Answers "how healthy would this account be at other prices?" out of the protocol's own code: it reports the
/// other prices, reads the health, and reverts, so that nothing it did remains. It must be a writer of the feeds.
contract Probe {
    error Answer(uint256 health);
    error OnlyItself(address caller);

    struct Price {
        PriceFeed feed;
        int192 answer; // [USD 10^-decimals]
    }

    /// @return Health factor of `account` at `prices` [wad].
    function healthAt(ILendingAdapter adapter, address account, Price[] calldata prices) external returns (uint256) {
        try this.attempt(adapter, account, prices) {
            revert OnlyItself(msg.sender); // unreachable: an attempt always reverts
        } catch (bytes memory reason) {
            return _decode(reason);
        }
    }

    function attempt(ILendingAdapter adapter, address account, Price[] calldata prices) external {
        if (msg.sender != address(this)) revert OnlyItself(msg.sender);
        for (uint256 i; i < prices.length; ++i) {
            prices[i].feed.report(prices[i].answer);
        }
        revert Answer(adapter.health(account));
    }

    function _decode(bytes memory reason) private pure returns (uint256 health) {
        if (reason.length != 36 || bytes4(reason) != Answer.selector) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        assembly ("memory-safe") {
            health := mload(add(reason, 0x24))
        }
    }
}
