// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Answers for an Aave market as one of another version would: provider and pool in one, views only.
contract OtherAave {
    error NotThere(bytes4 selector);

    address public immutable provider;
    address public immutable realPool;
    uint256 public immutable POOL_REVISION;
    bool public immutable hasDeficits;

    constructor(address provider_, address pool_, uint256 revision_, bool hasDeficits_) {
        provider = provider_;
        realPool = pool_;
        POOL_REVISION = revision_;
        hasDeficits = hasDeficits_;
    }

    function getPool() external view returns (address) {
        return address(this);
    }

    fallback() external {
        if (!hasDeficits && msg.sig == bytes4(keccak256("getReserveDeficit(address)"))) revert NotThere(msg.sig);
        address to = msg.sig == bytes4(keccak256("getPriceOracle()")) ? provider : realPool;
        (bool ok, bytes memory answer) = to.staticcall(msg.data);
        assembly {
            if iszero(ok) { revert(add(answer, 0x20), mload(answer)) }
            return(add(answer, 0x20), mload(answer))
        }
    }
}
