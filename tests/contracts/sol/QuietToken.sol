// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A token as the oldest ones are: nothing is returned, and an allowance is changed by way of zero only.
/// @dev Its storage is laid out as `Token`'s and its decimals are no immutable: its code can take the place of one.
contract QuietToken {
    error AllowanceStands(address spender, uint256 allowed);

    string public symbol;
    uint256 public totalSupply; // [token]
    mapping(address => uint256) internal _held; // [token]
    mapping(address => mapping(address => uint256)) public allowance; // [token]

    function decimals() external pure returns (uint8) {
        return 6;
    }

    function balanceOf(address account) external view virtual returns (uint256) {
        return _held[account];
    }

    function approve(address spender, uint256 amount) external {
        uint256 allowed = allowance[msg.sender][spender];
        if (amount != 0 && allowed != 0) revert AllowanceStands(spender, allowed);
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        _held[from] -= amount;
        _held[to] += amount;
    }
}

/// @notice One whose balances are not what it stores: no single slot holds an account's.
contract GrowingToken is QuietToken {
    function balanceOf(address account) external view override returns (uint256) {
        return _held[account] + _held[account] / 1000;
    }
}
