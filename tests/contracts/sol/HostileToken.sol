// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ambush} from "./Ambush.sol";

/// @notice A token that strikes inside the next transfer once it is armed, and fails without a revert when told to.
contract HostileToken is Ambush {
    uint8 public immutable decimals;
    bool public silent; // transfers do nothing and return false
    mapping(address => uint256) public balanceOf;
    uint256 public totalSupply;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function fail(bool silent_) external {
        silent = silent_;
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
        totalSupply += amount;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        address at = target;
        target = address(0);
        _strike(at);
        if (silent) return false;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}
