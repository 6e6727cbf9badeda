// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {ILendingAdapter} from "../interfaces/ILendingAdapter.sol";
import {IAaveOracle} from "../interfaces/aave/IAaveOracle.sol";
import {IAavePool} from "../interfaces/aave/IAavePool.sol";
import {IPoolAddressesProvider} from "../interfaces/aave/IPoolAddressesProvider.sol";
import {IAToken, IScaledBalanceToken} from "../interfaces/aave/IScaledBalanceToken.sol";
import {AaveV3Liquidation} from "../libraries/AaveV3Liquidation.sol";
import {RAY, Rounding} from "../libraries/Rounding.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";

/// @notice Any Aave v3 market behind the common face, found by its addresses provider.
///
/// Balances, health, totals and what a liquidation did are the protocol's own views and balances before and after.
/// Only what a liquidation *would* do is computed here (AaveV3Liquidation), since the pool has no view that says it.
/// Written against v3.6; a pool of v3.7 and one without deficits (up to v3.2, Spark) are recognised when it is built.
///
/// Assumptions beside the interface's: an account's debts are among `assets()` (bad debt of other assets is booked by
/// the pool, but not told); the oracle's base currency is USD with 8 decimals, as the pool's own value limits assume.
contract AaveV3Adapter is ILendingAdapter {
    using Rounding for uint256;
    using TokenTransfer for IERC20;

    error Unlisted(address asset);

    struct Reserve {
        address token;
        uint16 id; // position in the pool's bitmaps
        IAToken aToken;
        IScaledBalanceToken debtToken;
        uint256 seenIndex; // [ray] debt index when interest was last told
    }

    uint256 private constant FIRST_DIRECTED_REVISION = 11; // v3.7
    uint256 private constant OWES_ANY = type(uint256).max / 3; // every second bit of an account's bitmap

    IPoolAddressesProvider public immutable provider;
    IAavePool public immutable pool;
    AaveV3Liquidation.Rules public immutable rules;
    Reserve[] private _reserves;
    // positions in `_reserves` and one more, by token and by the pool's own number
    mapping(address => uint256) private _places;
    mapping(uint256 => uint256) private _placesById;

    /// @param assets_ Which of the market's assets count, and in which order; none: all of them, in the pool's order.
    constructor(IPoolAddressesProvider provider_, address[] memory assets_) {
        provider = provider_;
        pool = IAavePool(provider_.getPool());
        if (assets_.length == 0) assets_ = pool.getReservesList();
        for (uint256 i; i < assets_.length; ++i) {
            _list(assets_[i]);
        }
        rules = _rulesOf(pool, assets_[0]);
    }

    function _list(address asset) private {
        IAavePool.ReserveData memory found = pool.getReserveData(asset);
        if (found.aTokenAddress == address(0)) revert Unlisted(asset);
        Reserve storage r = _reserves.push();
        r.token = asset;
        r.id = found.id;
        r.aToken = IAToken(found.aTokenAddress);
        r.debtToken = IScaledBalanceToken(found.variableDebtTokenAddress);
        r.seenIndex = _debtIndex(r, r.debtToken.scaledTotalSupply());
        _places[asset] = _placesById[found.id] = _reserves.length;
        IERC20(asset).approveMax(address(pool));
    }

    function _rulesOf(IAavePool pool_, address asset) private view returns (AaveV3Liquidation.Rules) {
        try pool_.getReserveDeficit(asset) returns (uint256) {
            return pool_.POOL_REVISION() < FIRST_DIRECTED_REVISION
                ? AaveV3Liquidation.Rules.HalfUp
                : AaveV3Liquidation.Rules.Directed;
        } catch {
            return AaveV3Liquidation.Rules.ShareOfLeg;
        }
    }

    // ---------------------------------------------------------------- reads

    function assets() external view returns (address[] memory all) {
        all = new address[](_reserves.length);
        for (uint256 i; i < all.length; ++i) {
            all[i] = _reserves[i].token;
        }
    }

    /// @dev `supply` is what aTokens claim: the treasury's share of interest joins it when the pool mints it.
    function totals() external view returns (Totals[] memory all) {
        all = new Totals[](_reserves.length);
        for (uint256 i; i < all.length; ++i) {
            Reserve storage r = _reserves[i];
            uint256 debtIndex = _debtIndex(r, r.debtToken.scaledTotalSupply());
            all[i] = Totals({
                supply: r.aToken.totalSupply(),
                debt: r.debtToken.totalSupply(),
                held: IERC20(r.token).balanceOf(address(r.aToken)),
                writtenOff: _deficit(r.token),
                supplyIndex: pool.getReserveNormalizedIncome(r.token),
                debtIndex: debtIndex,
                // shares lose less than one share, worth debtIndex/RAY; the total is rounded up
                roundingPerTouch: debtIndex / RAY + 2
            });
        }
    }

    /// @dev Of an account that owes, only what backs its debt is collateral: what it has switched off is left out.
    function accounts(address[] calldata who) external view returns (uint256[] memory words) {
        Reserve[] memory all = _reserves;
        words = new uint256[](who.length * (1 + 2 * all.length));
        uint256 at;
        for (uint256 i; i < who.length; ++i) {
            words[at++] = health(who[i]);
            uint256 flags = pool.getUserConfiguration(who[i]);
            for (uint256 j; j < all.length; ++j) {
                words[at++] = _collateral(all[j], who[i], flags);
                words[at++] = _owes(flags, all[j].id) ? all[j].debtToken.balanceOf(who[i]) : 0;
            }
        }
    }

    function health(address account) public view returns (uint256 found) {
        (,,,,, found) = pool.getUserAccountData(account);
    }

    function maxRepay(address account, address collateral, address debt) external view returns (uint256) {
        return AaveV3Liquidation.maxRepay(rules, _terms(account, collateral, debt));
    }

    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256) {
        return AaveV3Liquidation.maxPartialRepay(rules, _terms(account, collateral, debt));
    }

    function quote(address account, address collateral, address debt, uint256 repay)
        external
        view
        returns (uint256 repaid, uint256 received)
    {
        AaveV3Liquidation.Outcome memory o = AaveV3Liquidation.outcome(rules, _terms(account, collateral, debt), repay);
        return (o.repaid, o.seized - o.protocolFee);
    }

    function convertDown(address from, uint256 amount, address to) external view returns (uint256) {
        IAaveOracle oracle = IAaveOracle(provider.getPriceOracle());
        uint256 fromUnit = AaveV3Liquidation.unitOf(pool.getConfiguration(from));
        uint256 toUnit = AaveV3Liquidation.unitOf(pool.getConfiguration(to));
        return amount.mulDivDown(oracle.getAssetPrice(from) * toUnit, oracle.getAssetPrice(to) * fromUnit);
    }

    // ---------------------------------------------------------------- verbs

    /// @dev Aave accrues when it is touched; here its growth is only told.
    function accrue() external {
        for (uint256 i; i < _reserves.length; ++i) {
            _tellInterest(i);
        }
    }

    function liquidate(address account, address collateral, address debt, uint256 repay, address receiver)
        external
        returns (Seizure memory s)
    {
        uint256[] memory owed = _owedBy(account);
        uint256[] memory deficits = _before(owed);
        Reserve memory seized = _reserve(collateral);
        address treasury = seized.aToken.RESERVE_TREASURY_ADDRESS();
        uint256 held = seized.aToken.balanceOf(account);
        uint256 fees = seized.aToken.balanceOf(treasury);
        (s.repaid, s.received) = _exchange(account, collateral, debt, repay, receiver);
        s.cleared = s.repaid;
        s.seized = held - seized.aToken.balanceOf(account);
        s.protocolFee = seized.aToken.balanceOf(treasury) - fees;
        s.badDebt = _losses(owed, deficits);
    }

    /// @dev Tokens come from the caller and go back to it; what comes and goes is told by this contract's balances.
    function _exchange(address account, address collateral, address debt, uint256 repay, address receiver)
        private
        returns (uint256 repaid, uint256 received)
    {
        IERC20 paid = IERC20(debt);
        IERC20 gained = IERC20(collateral);
        bool same = collateral == debt; // one balance cannot tell the two apart: the quote does
        if (same) repaid = AaveV3Liquidation.outcome(rules, _terms(account, collateral, debt), repay).repaid;
        uint256 paidBefore = paid.balanceOf(address(this));
        uint256 gainedBefore = same ? paidBefore + repay - repaid : gained.balanceOf(address(this));
        paid.pull(msg.sender, repay);
        _liquidate(account, collateral, debt, repay);
        if (!same) repaid = paidBefore + repay - paid.balanceOf(address(this));
        received = gained.balanceOf(address(this)) - gainedBefore;
        paid.push(msg.sender, repay - repaid);
        gained.push(receiver, received);
    }

    /// @dev The pool refuses a repayment that pays for all of the collateral but, by its own rounding, would leave a
    /// few units of it: then it is asked for everything, which takes no more.
    function _liquidate(address account, address collateral, address debt, uint256 repay) private {
        (bool ok, bytes memory reason) = _attempt(account, collateral, debt, repay);
        if (ok) return;
        AaveV3Liquidation.Terms memory t = _terms(account, collateral, debt);
        if (AaveV3Liquidation.mustAskForAll(rules, t, repay)) {
            (ok, reason) = _attempt(account, collateral, debt, type(uint256).max);
            if (ok) return;
        }
        AaveV3Liquidation.Outcome memory o = AaveV3Liquidation.outcome(rules, t, repay);
        _requireLiquidity(collateral, o.seized - o.protocolFee, collateral == debt ? o.repaid : 0, reason);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _attempt(address account, address collateral, address debt, uint256 repay)
        private
        returns (bool ok, bytes memory reason)
    {
        return address(pool).call(
            abi.encodeCall(IAavePool.liquidationCall, (collateral, debt, account, repay, false))
        );
    }

    /// @dev The pool has no error of its own for this: its bookkeeping underflows (Panic 0x11).
    function _requireLiquidity(address asset, uint256 wanted, uint256 arriving, bytes memory reason) private view {
        if (rules != AaveV3Liquidation.Rules.ShareOfLeg && bytes4(reason) != bytes4(0x4e487b71)) return;
        uint256 held = IERC20(asset).balanceOf(address(_reserve(asset).aToken));
        try pool.getVirtualUnderlyingBalance(asset) returns (uint128 known) {
            held = held.min(known + arriving);
        } catch {} // until v3.0 the tokens held are all there is
        if (wanted > held) revert InsufficientLiquidity(asset, wanted, held);
    }

    // ---------------------------------------------------------------- interest and losses

    /// @dev While nothing is owed the pool quotes a growing index and then forgets it: the stored one holds.
    function _debtIndex(Reserve storage r, uint256 shares) private view returns (uint256) {
        if (shares == 0) return pool.getReserveData(r.token).variableBorrowIndex;
        return pool.getReserveNormalizedVariableDebt(r.token);
    }

    /// @dev Exact as long as shares change only in blocks in which this was called before.
    function _tellInterest(uint256 i) private {
        Reserve storage r = _reserves[i];
        uint256 shares = r.debtToken.scaledTotalSupply();
        uint256 index = _debtIndex(r, shares);
        uint256 grown = shares.mulDivUp(index, RAY) - shares.mulDivUp(r.seenIndex, RAY);
        if (index != r.seenIndex) r.seenIndex = index;
        if (grown != 0) emit InterestAccrued(i, grown);
    }

    /// @return places Of what the account owes, in `_reserves`.
    function _owedBy(address account) private view returns (uint256[] memory places) {
        uint256 rest = pool.getUserConfiguration(account) & OWES_ANY;
        uint256 count;
        places = new uint256[](_reserves.length);
        for (uint256 id; rest != 0; ++id) {
            uint256 place = rest & 1 == 0 ? 0 : _placesById[id];
            if (place != 0) places[count++] = place - 1;
            rest >>= 2;
        }
        assembly ("memory-safe") {
            mstore(places, count)
        }
    }

    /// @return deficits What was written off of each so far [token].
    function _before(uint256[] memory owed) private returns (uint256[] memory deficits) {
        deficits = new uint256[](owed.length);
        for (uint256 i; i < owed.length; ++i) {
            _tellInterest(owed[i]);
            deficits[i] = _deficit(_reserves[owed[i]].token);
        }
    }

    function _losses(uint256[] memory owed, uint256[] memory deficits) private view returns (BadDebt[] memory losses) {
        uint256 count;
        losses = new BadDebt[](owed.length);
        for (uint256 i; i < owed.length; ++i) {
            uint256 lost = _deficit(_reserves[owed[i]].token) - deficits[i];
            if (lost != 0) losses[count++] = BadDebt(owed[i], lost);
        }
        assembly ("memory-safe") {
            mstore(losses, count)
        }
    }

    function _deficit(address asset) private view returns (uint256) {
        return rules == AaveV3Liquidation.Rules.ShareOfLeg ? 0 : pool.getReserveDeficit(asset);
    }

    // ---------------------------------------------------------------- accounts

    function _owes(uint256 flags, uint256 id) private pure returns (bool) {
        return (flags >> (2 * id)) & 1 != 0;
    }

    function _backs(uint256 flags, uint256 id) private pure returns (bool) {
        return (flags >> (2 * id + 1)) & 1 != 0;
    }

    function _collateral(Reserve memory r, address account, uint256 flags) private view returns (uint256) {
        if (_backs(flags, r.id)) return r.aToken.balanceOf(account);
        if (r.aToken.scaledBalanceOf(account) == 0) return 0; // the cheaper of two reads, of what most lack
        return flags & OWES_ANY != 0 && _couldBack(account, r) ? 0 : r.aToken.balanceOf(account);
    }

    /// @return Whether the asset counts as collateral for this account once it switches it on.
    function _couldBack(address account, Reserve memory r) private view returns (bool) {
        uint256 configuration = pool.getConfiguration(r.token);
        return AaveV3Liquidation.thresholdOf(configuration) != 0 || _emodeBonus(account, r.id, configuration) != 0;
    }

    function _terms(address account, address collateral, address debt)
        private
        view
        returns (AaveV3Liquidation.Terms memory t)
    {
        Reserve memory seized = _reserve(collateral);
        uint256 configuration = pool.getConfiguration(collateral);
        IAaveOracle oracle = IAaveOracle(provider.getPriceOracle());
        if (_backs(pool.getUserConfiguration(account), seized.id)) t.collateral = seized.aToken.balanceOf(account);
        t.debt = _reserve(debt).debtToken.balanceOf(account);
        t.collateralPrice = oracle.getAssetPrice(collateral);
        t.debtPrice = oracle.getAssetPrice(debt);
        t.collateralUnit = AaveV3Liquidation.unitOf(configuration);
        t.debtUnit = AaveV3Liquidation.unitOf(pool.getConfiguration(debt));
        (, t.totalDebt,,,, t.health) = pool.getUserAccountData(account);
        t.bonus = _emodeBonus(account, seized.id, configuration);
        if (t.bonus == 0) t.bonus = AaveV3Liquidation.bonusOf(configuration);
        t.protocolFee = AaveV3Liquidation.protocolFeeOf(configuration);
    }

    /// @return bonus [bps] 100 % included; 0 if the account's e-mode says nothing about this collateral.
    function _emodeBonus(address account, uint256 id, uint256 configuration) private view returns (uint256 bonus) {
        uint256 category = pool.getUserEMode(account);
        if (category == 0) return 0;
        if (rules == AaveV3Liquidation.Rules.ShareOfLeg) {
            if (AaveV3Liquidation.legacyEModeOf(configuration) != category) return 0;
            return pool.getEModeCategoryData(uint8(category)).liquidationBonus;
        }
        if ((pool.getEModeCategoryCollateralBitmap(uint8(category)) >> id) & 1 == 0) return 0;
        (,, bonus) = pool.getEModeCategoryCollateralConfig(uint8(category));
    }

    function _reserve(address asset) private view returns (Reserve memory) {
        uint256 place = _places[asset];
        if (place == 0) revert Unlisted(asset);
        return _reserves[place - 1];
    }
}
