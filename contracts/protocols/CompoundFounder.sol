// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IComptrollerImplementation, IUnitroller} from "../interfaces/compound/IUnitroller.sol";

/// @notice Puts a Unitroller in front of a Comptroller and offers it to its owner, who accepts with `_acceptAdmin`.
/// @dev A Unitroller takes its creator for its admin, and the CREATE2 factory that creates everything else cannot act.
contract CompoundFounder {
    error CreationFailed();
    error Rejected(uint256 code);

    address public immutable unitroller;

    constructor(address implementation, address owner, bytes memory code) {
        address created;
        assembly ("memory-safe") {
            created := create2(0, add(code, 0x20), mload(code), 0)
        }
        if (created == address(0)) revert CreationFailed();
        unitroller = created;
        _done(IUnitroller(created)._setPendingImplementation(implementation));
        IComptrollerImplementation(implementation)._become(created);
        _done(IUnitroller(created)._setPendingAdmin(owner));
    }

    function _done(uint256 code) private pure {
        if (code != 0) revert Rejected(code);
    }
}
