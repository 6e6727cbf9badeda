// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

interface IFlashBorrower {
    /// @return The hash of "ERC3156FlashBorrower.onFlashLoan".
    function onFlashLoan(address initiator, address token, uint256 amount, uint256 fee, bytes calldata payload)
        external
        returns (bytes32);
}

/// @notice ERC-3156: lends within one transaction. The borrower approves `amount + fee` before its callback returns.
interface IFlashLender {
    function flashFee(address token, uint256 amount) external view returns (uint256);
    function flashLoan(IFlashBorrower receiver, address token, uint256 amount, bytes calldata payload)
        external
        returns (bool);
}
