// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

uint256 constant WAD = 1e18;
uint256 constant RAY = 1e27;
uint256 constant YEAR = 365 days; // [s], as Aave counts it

/// @notice Multiply-then-divide on 512-bit intermediates. The direction is in the name.
library Rounding {
    error MulDivOverflow(uint256 a, uint256 b, uint256 divisor);
    error Beyond128Bits(uint256 value);

    function mulDivDown(uint256 a, uint256 b, uint256 divisor) internal pure returns (uint256 result) {
        (uint256 high, uint256 low) = fullMul(a, b);
        if (high == 0) return low / divisor;
        if (high >= divisor) revert MulDivOverflow(a, b, divisor);
        result = divideWide(high, low, divisor, mulmod(a, b, divisor));
    }

    function mulDivUp(uint256 a, uint256 b, uint256 divisor) internal pure returns (uint256 result) {
        result = mulDivDown(a, b, divisor);
        if (mulmod(a, b, divisor) != 0) result += 1;
    }

    /// @dev Half a unit goes up: Aave's percentMul and percentDiv up to v3.6.
    function mulDivHalfUp(uint256 a, uint256 b, uint256 divisor) internal pure returns (uint256) {
        return (a * b + divisor / 2) / divisor;
    }

    /// @dev The 512-bit product from its residues modulo 2^256 and 2^256 − 1 (Chinese remainder).
    function fullMul(uint256 a, uint256 b) internal pure returns (uint256 high, uint256 low) {
        unchecked {
            low = a * b;
            uint256 residue = mulmod(a, b, type(uint256).max);
            high = residue - low;
            if (residue < low) high -= 1;
        }
    }

    /// @dev Exact division of a 512-bit number whose remainder is known: strip powers of two, then multiply by the
    /// divisor's inverse modulo 2^256, found by Newton's iteration (each round doubles the correct bits).
    function divideWide(uint256 high, uint256 low, uint256 divisor, uint256 remainder)
        private
        pure
        returns (uint256)
    {
        unchecked {
            if (remainder > low) high -= 1;
            low -= remainder;
            uint256 power = divisor & (~divisor + 1);
            divisor /= power;
            low /= power;
            low |= high * ((~power + 1) / power + 1);
            uint256 inverse = (3 * divisor) ^ 2; // four bits right, then 8 … 256
            for (uint256 i; i < 6; ++i) {
                inverse *= 2 - divisor * inverse;
            }
            return low * inverse;
        }
    }

    function sqrtDown(uint256 x) internal pure returns (uint256 root) {
        if (x == 0) return 0;
        root = 1;
        uint256 rest = x;
        for (uint256 shift = 128; shift > 0; shift >>= 1) {
            if (rest >> shift != 0) {
                rest >>= shift;
                root <<= shift >> 1;
            }
        }
        unchecked {
            for (uint256 i; i < 8; ++i) {
                root = (root + x / root) >> 1;
            }
        }
        if (root > x / root) root -= 1;
    }

    function to128(uint256 value) internal pure returns (uint128) {
        if (value > type(uint128).max) revert Beyond128Bits(value);
        return uint128(value);
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
