// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice The proxy in front of a Comptroller, as its admin sees it. Codes: 0 when done.
interface IUnitroller {
    function _setPendingImplementation(address implementation) external returns (uint256 code);
    function _setPendingAdmin(address admin) external returns (uint256 code);
}

/// @notice A Comptroller that is to stand behind a Unitroller.
interface IComptrollerImplementation {
    function _become(address unitroller) external;
}
