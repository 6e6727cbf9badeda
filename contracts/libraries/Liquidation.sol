// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Rounding, WAD} from "./Rounding.sol";

/// @notice The arithmetic of one liquidation, without effects. The pool quotes with it and executes it, so what a
/// keeper is told is what is done.
library Liquidation {
    using Rounding for uint256;

    enum Incentive {
        Fixed, // the bonus of the collateral asset, or of the account's category
        HealthLinear, // a: health at or below which the bonus is greatest, b: greatest, c: smallest (Aave v4)
        DiscountLinear, // a: greatest discount; the discount is what health lacks to one (Euler v2)
        Lltv // a: cursor, b: cap; from the threshold (Morpho Blue)
    }

    struct Rules {
        uint64 closeFactor; // [wad] of the account's total debt
        uint64 fullCloseBelowHealth; // [wad] at or below it the whole debt may go; 0 never
        uint64 targetHealth; // [wad] repay just enough to reach it; 0 off
        Incentive incentive;
        uint64 a; // [wad] parameters of the incentive
        uint64 b; // [wad]
        uint64 c; // [wad]
        bool socialised; // who bears a deficit: the suppliers at once, or nobody yet
        uint128 fullCloseBelowValue; // [USD 1e26] a smaller debt or collateral leg may go whole; 0 never
        uint128 minLeftoverValue; // [USD 1e26] a partial liquidation may not leave less; 0 off
    }

    /// @dev The account and the pair, as they stand before.
    struct Position {
        uint256 debtValue; // [USD 1e26] all debts
        uint256 weightedValue; // [USD 1e44] Σ collateral value · threshold
        uint256 collateral; // [token] the leg that may be seized
        uint256 collateralPrice; // [USD 1e26 per base unit]
        uint256 debt; // [token] the leg that may be repaid
        uint256 debtPrice; // [USD 1e26 per base unit]
        uint256 threshold; // [wad] of the collateral, as it holds for the account
        uint256 bonus; // [wad] of the collateral, as it holds for the account
        uint256 protocolFee; // [wad] share of the bonus
    }

    struct Outcome {
        uint256 repaid; // [token]
        uint256 seized; // [token]
        uint256 protocolFee; // [token] part of what was seized
        uint256 debtLeft; // [USD 1e26] of this leg
        uint256 collateralLeft; // [USD 1e26] of this leg
    }

    /// @return Health factor [wad], rounded down; the largest number when nothing is owed.
    function healthDown(uint256 weightedValue, uint256 debtValue) internal pure returns (uint256) {
        return debtValue == 0 ? type(uint256).max : weightedValue / debtValue;
    }

    /// @return Bonus on the repaid value [wad].
    function bonusOf(Rules memory rules, Position memory p) internal pure returns (uint256) {
        if (rules.incentive == Incentive.Fixed) return p.bonus;
        if (rules.incentive == Incentive.Lltv) {
            uint256 short = uint256(rules.a).mulDivDown(WAD - p.threshold, WAD);
            return (WAD * WAD / (WAD - short) - WAD).min(rules.b);
        }
        uint256 lack = WAD - healthDown(p.weightedValue, p.debtValue).min(WAD);
        if (rules.incentive == Incentive.DiscountLinear) {
            uint256 discount = lack.min(rules.a);
            return WAD * WAD / (WAD - discount) - WAD;
        }
        uint256 span = WAD - rules.a;
        return lack >= span ? rules.b : rules.c + (uint256(rules.b) - rules.c).mulDivDown(lack, span);
    }

    /// @return The most of the debt leg that may be repaid before the dust rule, rounded down [token].
    function closable(Rules memory rules, Position memory p, uint256 bonus) internal pure returns (uint256) {
        bool small = p.debt * p.debtPrice < rules.fullCloseBelowValue
            || p.collateral * p.collateralPrice < rules.fullCloseBelowValue;
        if (small || healthDown(p.weightedValue, p.debtValue) <= rules.fullCloseBelowHealth) return p.debt;
        if (rules.targetHealth != 0) return p.debt.min(_toTarget(rules.targetHealth, p, bonus));
        return p.debt.min(p.debtValue.mulDivDown(rules.closeFactor, WAD) / p.debtPrice);
    }

    /// @dev D(T − HF)/(T − (1 + b)·LT) in value, rounded up so that the target is reached. Where each repaid unit
    /// costs more health than it brings, no amount reaches the target: the whole leg.
    function _toTarget(uint256 target, Position memory p, uint256 bonus) private pure returns (uint256) {
        uint256 gain = target * WAD;
        uint256 cost = (WAD + bonus) * p.threshold;
        uint256 wanted = p.debtValue * target;
        if (gain <= cost || wanted <= p.weightedValue) return type(uint256).max;
        uint256 value = (wanted - p.weightedValue).mulDivUp(WAD, gain - cost);
        return (value + p.debtPrice - 1) / p.debtPrice;
    }

    /// @notice What repaying at most `repay` does. Collateral seized rounds down; when the leg does not cover it, all
    /// of it is seized and the repayment is what it covers, rounded up. The fee rounds half up, as in Aave v3.6.
    function outcome(Position memory p, uint256 bonus, uint256 repay) internal pure returns (Outcome memory o) {
        uint256 factor = WAD + bonus;
        o.repaid = repay;
        o.seized = (repay * p.debtPrice).mulDivDown(factor, WAD * p.collateralPrice);
        if (o.seized >= p.collateral) {
            o.seized = p.collateral;
            uint256 covered = (p.collateral * p.collateralPrice).mulDivUp(WAD, factor * p.debtPrice);
            o.repaid = repay.min(covered);
        }
        if (p.protocolFee != 0) {
            uint256 gained = o.seized - o.seized.mulDivHalfUp(WAD, factor).min(o.seized);
            o.protocolFee = gained.mulDivHalfUp(p.protocolFee, WAD);
        }
        o.debtLeft = (p.debt - o.repaid) * p.debtPrice;
        o.collateralLeft = (p.collateral - o.seized) * p.collateralPrice;
    }

    /// @return Whether both legs remain and one of them is smaller than the rules allow.
    function leavesDust(Rules memory rules, Outcome memory o) internal pure returns (bool) {
        return o.debtLeft != 0 && o.collateralLeft != 0
            && (o.debtLeft < rules.minLeftoverValue || o.collateralLeft < rules.minLeftoverValue);
    }

    /// @return The largest repayment up to `limit` after which both legs are as large as they must be; 0 if none is.
    function withoutDust(Rules memory rules, Position memory p, uint256 bonus, uint256 limit)
        internal
        pure
        returns (uint256)
    {
        uint256 least = rules.minLeftoverValue;
        uint256 debtKept = (least + p.debtPrice - 1) / p.debtPrice;
        uint256 collateralKept = (least + p.collateralPrice - 1) / p.collateralPrice;
        if (debtKept >= p.debt || collateralKept >= p.collateral) return 0;
        // what is seized rounds down: the largest repayment is the last one before a further unit is seized
        uint256 beyond = (p.collateral - collateralKept + 1) * p.collateralPrice;
        return limit.min(p.debt - debtKept).min(beyond.mulDivUp(WAD, (WAD + bonus) * p.debtPrice) - 1);
    }
}
