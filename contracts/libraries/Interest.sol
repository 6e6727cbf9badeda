// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {RAY, WAD, YEAR, Rounding} from "./Rounding.sol";

/// @notice The kinked rate model and the two ways interest grows.
library Interest {
    using Rounding for uint256;

    /// @dev Yearly rates [wad].
    struct Rate {
        uint96 base; // [wad]
        uint96 slope1; // [wad] added at the optimal utilisation
        uint96 slope2; // [wad] added at full utilisation, on top
        uint64 optimal; // [wad] utilisation of the kink
    }

    /// @return Share of the supplied funds that is lent out [wad], rounded down.
    function utilisationDown(uint256 debt, uint256 cash) internal pure returns (uint256) {
        return debt == 0 ? 0 : debt.mulDivDown(WAD, debt + cash);
    }

    /// @return Borrow rate per year [ray]. Below the kink base + slope1·U/optimal; above it base + slope1 +
    /// slope2·(U − optimal)/(1 − optimal).
    function borrowRate(Rate memory rate, uint256 utilisation) internal pure returns (uint256) {
        uint256 scale = RAY / WAD;
        uint256 base = uint256(rate.base) * scale;
        if (utilisation <= rate.optimal) {
            return rate.optimal == 0 ? base : base + uint256(rate.slope1).mulDivDown(utilisation * scale, rate.optimal);
        }
        uint256 excess = (utilisation - rate.optimal) * scale;
        return base + uint256(rate.slope1) * scale + uint256(rate.slope2).mulDivDown(excess, WAD - rate.optimal);
    }

    /// @return Growth of a debt over `elapsed` [s] at `rate` [ray per year]: (1 + rate/YEAR)^elapsed expanded to its
    /// third term [ray]. The term's base is cut to whole rays a second: up to a quarter of it is lost at 5 % a year, 5e-6 of
    /// a debt that nobody touches for a year, nothing of one that is accrued often.
    function compoundedDown(uint256 rate, uint256 elapsed) internal pure returns (uint256) {
        if (elapsed == 0) return RAY;
        uint256 pairs = elapsed * (elapsed - 1);
        uint256 triples = elapsed > 2 ? pairs * (elapsed - 2) : 0;
        uint256 squared = rate.mulDivDown(rate, RAY) / (YEAR * YEAR);
        uint256 cubed = squared.mulDivDown(rate, RAY) / YEAR;
        return RAY + (rate * elapsed) / YEAR + (pairs * squared) / 2 + (triples * cubed) / 6;
    }

    /// @return Growth of a supply over `elapsed` [s] at `rate` [ray per year]: simple interest [ray].
    function linearDown(uint256 rate, uint256 elapsed) internal pure returns (uint256) {
        return RAY + (rate * elapsed) / YEAR;
    }
}
