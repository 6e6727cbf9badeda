// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "./interfaces/IERC20.sol";
import {IFlashBorrower, IFlashLender} from "./interfaces/IFlashLender.sol";
import {Rounding, WAD} from "./libraries/Rounding.sol";
import {TokenTransfer} from "./libraries/TokenTransfer.sol";

/// @notice The house's flash lender (ERC-3156): lends what it holds, for a fee, within one transaction.
contract FlashLender is IFlashLender {
    using TokenTransfer for IERC20;
    using Rounding for uint256;

    error InsufficientLiquidity(address token, uint256 wanted, uint256 held);
    error CallbackFailed(address receiver);

    bytes32 private constant CALLBACK = keccak256("ERC3156FlashBorrower.onFlashLoan");

    uint256 public immutable feeShare; // [wad] of the loan

    constructor(uint256 feeShare_) {
        feeShare = feeShare_;
    }

    /// @return The fee, rounded up for the lender [token].
    function flashFee(address, uint256 amount) public view returns (uint256) {
        return amount.mulDivUp(feeShare, WAD);
    }

    function maxFlashLoan(address token) external view returns (uint256) {
        return IERC20(token).balanceOf(address(this));
    }

    function flashLoan(IFlashBorrower receiver, address token, uint256 amount, bytes calldata payload)
        external
        returns (bool)
    {
        uint256 held = IERC20(token).balanceOf(address(this));
        if (amount > held) revert InsufficientLiquidity(token, amount, held);
        uint256 fee = flashFee(token, amount);
        IERC20(token).push(address(receiver), amount);
        bytes32 answer = receiver.onFlashLoan(msg.sender, token, amount, fee, payload);
        if (answer != CALLBACK) revert CallbackFailed(address(receiver));
        IERC20(token).pull(address(receiver), amount + fee);
        return true;
    }
}
