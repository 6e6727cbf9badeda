// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A CREATE2 factory. It stands at one fixed address on every chain, so that addresses (and with them token
/// order) depend on bytecode and salt alone, never on a sender's nonce, which the chains count differently.
contract Deployer {
    error DeploymentFailed(bytes32 salt, bytes reason);

    event Deployed(address deployed, bytes32 codeHash);

    function deploy(bytes32 salt, bytes calldata initCode) external returns (address deployed) {
        bytes memory code = initCode;
        assembly ("memory-safe") {
            deployed := create2(0, add(code, 0x20), mload(code), salt)
        }
        if (deployed == address(0)) revert DeploymentFailed(salt, _reason());
        emit Deployed(deployed, deployed.codehash);
    }

    function _reason() private pure returns (bytes memory reason) {
        assembly ("memory-safe") {
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0, returndatasize())
            mstore(0x40, add(add(reason, 0x20), and(add(returndatasize(), 31), not(31))))
        }
    }
}
