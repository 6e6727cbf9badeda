// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFlashBorrower, IFlashLender} from "../../../contracts/interfaces/IFlashLender.sol";
import {IERC20} from "../../../contracts/interfaces/IERC20.sol";

/// @notice A flash borrower that answers as told, and approves the repayment only if told to.
contract BadBorrower is IFlashBorrower {
    bool public immutable answers;
    bool public immutable pays;

    constructor(bool answers_, bool pays_) {
        answers = answers_;
        pays = pays_;
    }

    function take(IFlashLender lender, address token, uint256 amount) external {
        lender.flashLoan(this, token, amount, "");
    }

    function onFlashLoan(address, address token, uint256 amount, uint256 fee, bytes calldata)
        external
        returns (bytes32)
    {
        if (pays) IERC20(token).approve(msg.sender, amount + fee);
        return answers ? keccak256("ERC3156FlashBorrower.onFlashLoan") : bytes32(0);
    }
}
