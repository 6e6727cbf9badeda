// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Interest} from "../../../contracts/libraries/Interest.sol";
import {Rounding} from "../../../contracts/libraries/Rounding.sol";

/// @notice The libraries' functions, one call each.
contract Arithmetic {
    function mulDivDown(uint256 a, uint256 b, uint256 divisor) external pure returns (uint256) {
        return Rounding.mulDivDown(a, b, divisor);
    }

    function mulDivUp(uint256 a, uint256 b, uint256 divisor) external pure returns (uint256) {
        return Rounding.mulDivUp(a, b, divisor);
    }

    function mulDivHalfUp(uint256 a, uint256 b, uint256 divisor) external pure returns (uint256) {
        return Rounding.mulDivHalfUp(a, b, divisor);
    }

    function fullMul(uint256 a, uint256 b) external pure returns (uint256, uint256) {
        return Rounding.fullMul(a, b);
    }

    function sqrtDown(uint256 x) external pure returns (uint256) {
        return Rounding.sqrtDown(x);
    }

    function to128(uint256 x) external pure returns (uint128) {
        return Rounding.to128(x);
    }

    function compoundedDown(uint256 rate, uint256 elapsed) external pure returns (uint256) {
        return Interest.compoundedDown(rate, elapsed);
    }

    function linearDown(uint256 rate, uint256 elapsed) external pure returns (uint256) {
        return Interest.linearDown(rate, elapsed);
    }

    function utilisationDown(uint256 debt, uint256 cash) external pure returns (uint256) {
        return Interest.utilisationDown(debt, cash);
    }

    function borrowRate(Interest.Rate memory rate, uint256 utilisation) external pure returns (uint256) {
        return Interest.borrowRate(rate, utilisation);
    }
}
