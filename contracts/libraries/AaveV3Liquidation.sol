// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Rounding, WAD} from "./Rounding.sol";

uint256 constant BPS = 1e4;

/// @notice Aave v3's own arithmetic of one liquidation, for telling beforehand what `liquidationCall` will do. Source:
/// LiquidationLogic of v3.6.0, order of operations and roundings included; a differential test holds it to the
/// bytecode. What other versions do differently stands at `Rules`.
library AaveV3Liquidation {
    using Rounding for uint256;

    /// @dev Which of the protocol's rules hold.
    enum Rules {
        ShareOfLeg, // up to v3.2: half of the leg if health > 0.95; no dust rule, no deficit; all roundings half up
        HalfUp, // v3.3 to v3.6: half of the account's debt if both legs are large, the dust rule, deficits (before v3.5
        // the pool may take a unit less debt where all of the collateral goes)
        Directed // from v3.7: the same, but seizures round down and the protocol's fee rounds up
    }

    /// @dev The account and the pair as they stand before. Base currency: USD 1e8.
    struct Terms {
        uint256 collateral; // [token] balance of the leg that may be seized; 0 if it backs nothing
        uint256 collateralPrice; // [base per whole token]
        uint256 collateralUnit; // [token] one whole
        uint256 debt; // [token] balance of the leg that may be repaid
        uint256 debtPrice; // [base per whole token]
        uint256 debtUnit; // [token] one whole
        uint256 totalDebt; // [base] all of the account's debts
        uint256 health; // [wad]
        uint256 bonus; // [bps] 100 % included
        uint256 protocolFee; // [bps] share of the bonus
    }

    struct Outcome {
        uint256 repaid; // [token]
        uint256 seized; // [token]
        uint256 protocolFee; // [token] part of what was seized
    }

    uint256 private constant CLOSE_FACTOR = 0.5e4; // [bps]
    uint256 private constant FULL_CLOSE_BELOW_HEALTH = 0.95e18; // [wad]
    uint256 private constant FULL_CLOSE_BELOW_VALUE = 2000e8; // [base]
    uint256 private constant MIN_LEFTOVER_VALUE = 1000e8; // [base]

    // ---------------------------------------------------------------- a reserve's configuration bitmap

    function bonusOf(uint256 configuration) internal pure returns (uint256) {
        return uint16(configuration >> 32);
    }

    function unitOf(uint256 configuration) internal pure returns (uint256) {
        return 10 ** uint8(configuration >> 48);
    }

    function protocolFeeOf(uint256 configuration) internal pure returns (uint256) {
        return uint16(configuration >> 152);
    }

    function thresholdOf(uint256 configuration) internal pure returns (uint256) {
        return uint16(configuration >> 16);
    }

    function legacyEModeOf(uint256 configuration) internal pure returns (uint256) {
        return uint8(configuration >> 168);
    }

    // ---------------------------------------------------------------- amounts

    /// @return Whether the protocol would liquidate this pair at all.
    function liquidatable(Terms memory t) internal pure returns (bool) {
        return t.health < WAD && t.collateral != 0 && t.debt != 0 && t.bonus != 0;
    }

    /// @return o What one liquidation does when it is asked for `repay`. A repayment that would leave dust, but pays
    /// for all of the collateral, is carried out as the whole: the adapter then asks for everything. One that is worth
    /// less than a unit of the collateral does nothing: the pool refuses to pay out none (InvalidBurnAmount).
    function outcome(Rules rules, Terms memory t, uint256 repay) internal pure returns (Outcome memory o) {
        if (!liquidatable(t)) return o;
        uint256 limit = closable(rules, t);
        bool all = mustAskForAll(rules, t, repay);
        o = _outcome(rules, t, all ? limit : repay.min(limit));
        if (o.seized == o.protocolFee) o = Outcome(0, 0, 0);
    }

    /// @return Whether being asked for `repay` the pool refuses, but does the same when it is asked for everything.
    function mustAskForAll(Rules rules, Terms memory t, uint256 repay) internal pure returns (bool) {
        if (!liquidatable(t)) return false;
        uint256 limit = closable(rules, t);
        if (!_leavesDust(rules, t, _outcome(rules, t, repay.min(limit)))) return false;
        Outcome memory whole = _outcome(rules, t, limit);
        return whole.seized == t.collateral && repay >= whole.repaid;
    }

    /// @return The largest repayment after close factor and dust rule; 0 if none is allowed.
    function maxRepay(Rules rules, Terms memory t) internal pure returns (uint256) {
        if (!liquidatable(t)) return 0;
        uint256 limit = closable(rules, t);
        Outcome memory o = _outcome(rules, t, limit);
        if (o.seized == o.protocolFee) return 0;
        return _leavesDust(rules, t, o) ? _withoutDust(rules, t, limit) : o.repaid;
    }

    /// @return The largest repayment up to which all are allowed; 0 if there is none.
    function maxPartialRepay(Rules rules, Terms memory t) internal pure returns (uint256) {
        if (!liquidatable(t)) return 0;
        uint256 limit = closable(rules, t);
        return rules == Rules.ShareOfLeg ? _outcome(rules, t, limit).repaid : _withoutDust(rules, t, limit);
    }

    /// @return The most of the leg that may be repaid before the dust rule.
    function closable(Rules rules, Terms memory t) internal pure returns (uint256) {
        if (t.health <= FULL_CLOSE_BELOW_HEALTH) return t.debt;
        if (rules == Rules.ShareOfLeg) return t.debt.mulDivHalfUp(CLOSE_FACTOR, BPS);
        uint256 debtValue = t.debt.mulDivUp(t.debtPrice, t.debtUnit);
        uint256 collateralValue = t.collateral.mulDivDown(t.collateralPrice, t.collateralUnit);
        if (debtValue < FULL_CLOSE_BELOW_VALUE || collateralValue < FULL_CLOSE_BELOW_VALUE) return t.debt;
        uint256 half = t.totalDebt.mulDivHalfUp(CLOSE_FACTOR, BPS);
        return debtValue > half ? half.mulDivDown(t.debtUnit, t.debtPrice) : t.debt;
    }

    function _outcome(Rules rules, Terms memory t, uint256 repay) private pure returns (Outcome memory o) {
        o.repaid = repay;
        uint256 base = repay.mulDivDown(t.debtPrice * t.collateralUnit, t.collateralPrice * t.debtUnit);
        o.seized = rules == Rules.Directed ? base.mulDivDown(t.bonus, BPS) : base.mulDivHalfUp(t.bonus, BPS);
        if (o.seized > t.collateral) {
            o.seized = t.collateral;
            uint256 worth = t.collateral.mulDivDown(t.collateralPrice * t.debtUnit, t.debtPrice * t.collateralUnit);
            o.repaid = rules == Rules.ShareOfLeg ? worth.mulDivHalfUp(BPS, t.bonus) : worth.mulDivUp(BPS, t.bonus);
        }
        if (t.protocolFee != 0) o.protocolFee = _protocolFee(rules, t, o.seized);
    }

    function _protocolFee(Rules rules, Terms memory t, uint256 seized) private pure returns (uint256) {
        if (rules == Rules.Directed) {
            return (seized - seized.mulDivDown(BPS, t.bonus)).mulDivUp(t.protocolFee, BPS);
        }
        return (seized - seized.mulDivHalfUp(BPS, t.bonus)).mulDivHalfUp(t.protocolFee, BPS);
    }

    /// @return Whether both legs remain and one of them is worth less than the protocol lets stand.
    function _leavesDust(Rules rules, Terms memory t, Outcome memory o) private pure returns (bool) {
        if (rules == Rules.ShareOfLeg || o.repaid >= t.debt || o.seized >= t.collateral) return false;
        return (t.debt - o.repaid).mulDivUp(t.debtPrice, t.debtUnit) < MIN_LEFTOVER_VALUE
            || (t.collateral - o.seized).mulDivDown(t.collateralPrice, t.collateralUnit) < MIN_LEFTOVER_VALUE;
    }

    /// @dev The roundings above inverted, one after the other: `mostBase` is the last base amount whose seizure leaves
    /// enough collateral, and the repayment is the last one that comes to it.
    function _withoutDust(Rules rules, Terms memory t, uint256 limit) private pure returns (uint256) {
        uint256 debtKept = (MIN_LEFTOVER_VALUE - 1).mulDivDown(t.debtUnit, t.debtPrice) + 1;
        uint256 collateralKept = MIN_LEFTOVER_VALUE.mulDivUp(t.collateralUnit, t.collateralPrice);
        if (debtKept >= t.debt || collateralKept >= t.collateral) return 0;
        uint256 seizable = t.collateral - collateralKept;
        uint256 halfUp = rules == Rules.Directed ? 0 : BPS / 2;
        uint256 mostBase = ((seizable + 1) * BPS - 1 - halfUp) / t.bonus;
        uint256 beyond = (mostBase + 1).mulDivUp(t.collateralPrice * t.debtUnit, t.debtPrice * t.collateralUnit);
        return limit.min(t.debt - debtKept).min(beyond - 1);
    }
}
