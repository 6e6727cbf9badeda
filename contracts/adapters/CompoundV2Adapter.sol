// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {ILendingAdapter} from "../interfaces/ILendingAdapter.sol";
import {ICToken} from "../interfaces/compound/ICToken.sol";
import {ICompoundOracle} from "../interfaces/compound/ICompoundOracle.sol";
import {IComptroller} from "../interfaces/compound/IComptroller.sol";
import {RAY, WAD, Rounding} from "../libraries/Rounding.sol";

/// @notice Compound v2 behind the common face.
///
/// Interest grows with the block number. Every read is as of the markets' last accrual, so balances, totals and health
/// agree with one another; `liquidate` brings its two markets up to its own block first, as the protocol does.
/// Compound books no losses: debt without collateral stays open for ever.
///
/// Assumptions beside the interface's: the markets are all the markets of this comptroller; in a block, nobody touches
/// a market before `accrue()` was called (interest that somebody else's transaction accrues is not seen here); no
/// market is deprecated (its borrows can be liquidated without a shortfall).
contract CompoundV2Adapter is ILendingAdapter {
    using Rounding for uint256;

    error UnknownAsset(address asset);
    error InsufficientShortfall(address account);
    error TooMuchRepay(uint256 repay, uint256 allowed);
    error CompoundFailure(uint256 code, uint256 detail); // as Compound numbers them; detail: the comptroller's code

    // codes of Compound's ErrorReporter: a market's, then the comptroller's
    uint256 private constant COMPTROLLER_REJECTION = 3;
    uint256 private constant INSUFFICIENT_SHORTFALL = 3;
    uint256 private constant TOO_MUCH_REPAY = 17;

    IComptroller public immutable comptroller;
    ICToken[] private _markets;
    address[] private _assets;
    mapping(address => uint256) private _positions; // of an asset in both lists, from 1

    constructor(IComptroller comptroller_, ICToken[] memory markets) {
        comptroller = comptroller_;
        for (uint256 i; i < markets.length; ++i) {
            address asset = markets[i].underlying();
            _markets.push(markets[i]);
            _assets.push(asset);
            _positions[asset] = i + 1;
            IERC20(asset).approve(address(markets[i]), type(uint256).max);
        }
    }

    // ---------------------------------------------------------------- reads, as of the last accrual

    function assets() external view returns (address[] memory) {
        return _assets;
    }

    /// @return The market of `asset`.
    function market(address asset) external view returns (ICToken) {
        return _markets[_position(asset)];
    }

    function totals() external view returns (Totals[] memory all) {
        all = new Totals[](_markets.length);
        for (uint256 i; i < all.length; ++i) {
            ICToken m = _markets[i];
            uint256 rate = m.exchangeRateStored();
            uint256 index = m.borrowIndex();
            uint256 debt = m.totalBorrows();
            all[i] = Totals({
                supply: m.totalSupply().mulDivDown(rate, WAD),
                debt: debt,
                held: m.getCash(),
                writtenOff: 0,
                supplyIndex: rate * (RAY / WAD),
                debtIndex: index * (RAY / WAD),
                // An accrual truncates the total by less than a unit and the index by less than 1e-18: a balance loses
                // less than its share of debt/index units by that, and the balance touched less than a unit of its own.
                roundingPerTouch: debt / index + 3
            });
        }
    }

    function accounts(address[] calldata who) external view returns (uint256[] memory words) {
        uint256[] memory prices = _prices();
        words = new uint256[](who.length * (1 + 2 * prices.length));
        uint256 at;
        for (uint256 i; i < who.length; ++i) {
            uint256 row = at++;
            uint256 owed;
            for (uint256 j; j < prices.length; ++j) {
                (uint256 code, uint256 cTokens, uint256 debt, uint256 rate) = _markets[j].getAccountSnapshot(who[i]);
                _must(code);
                words[at++] = cTokens.mulDivDown(rate, WAD);
                words[at++] = debt;
                owed += debt.mulDivDown(prices[j], WAD);
            }
            words[row] = _healthDown(who[i], owed);
        }
    }

    /// @dev Compound lets nobody owe to a market without having entered it.
    function health(address account) external view returns (uint256) {
        ICToken[] memory entered = comptroller.getAssetsIn(account);
        ICompoundOracle oracle = comptroller.oracle();
        uint256 owed;
        for (uint256 i; i < entered.length; ++i) {
            uint256 debt = entered[i].borrowBalanceStored(account);
            if (debt != 0) owed += debt.mulDivDown(oracle.getUnderlyingPrice(address(entered[i])), WAD);
        }
        return _healthDown(account, owed);
    }

    /// @dev 0 for a healthy account, and where nothing would be seized: the account has none of it, or a unit of debt is
    /// worth so little beside the collateral that Compound's ratio between them, of 18 decimals, is 0. (Compound would
    /// take the repayment, as it takes one too small to be worth one cToken unit, for nothing.)
    function maxRepay(address account, address collateral, address debt) public view returns (uint256) {
        ICToken c = _markets[_position(collateral)];
        ICToken d = _markets[_position(debt)];
        (uint256 code,, uint256 shortfall) = comptroller.getAccountLiquidity(account);
        _must(code);
        uint256 seizable = c.balanceOf(account);
        if (shortfall == 0 || seizable == 0) return 0;
        uint256 ratio = _seizeTokens(d, c, WAD);
        if (ratio == 0) return 0;
        // the seizure rounds down: the largest repayment is the last one before a further unit would be seized
        uint256 covered = ((seizable + 1) * WAD - 1) / ratio;
        // all accounts' debts may add up to a few units more than the total, from which no more than itself can go
        return covered.min(_closable(d, account)).min(d.totalBorrows());
    }

    /// @dev Compound has no dust rules: whatever is not more than the largest is allowed.
    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256) {
        return maxRepay(account, collateral, debt);
    }

    /// @dev For a `repay` that is allowed. Compound does not take less than it is offered: it takes all, or refuses.
    function quote(address, address collateral, address debt, uint256 repay) external view returns (uint256, uint256) {
        ICToken c = _markets[_position(collateral)];
        uint256 seized = _seizeTokens(_markets[_position(debt)], c, repay);
        if (seized == 0) return (repay, 0);
        // CToken.seizeInternal, then redeemFresh: what is kept turns into reserves, the rest is redeemed at the exchange
        // rate after it. A repayment in the same market moves as much into cash as out of borrows.
        uint256 kept = seized.mulDivDown(c.protocolSeizeShareMantissa(), WAD);
        uint256 reserves = c.totalReserves() + kept.mulDivDown(c.exchangeRateStored(), WAD);
        uint256 rate = (c.getCash() + c.totalBorrows() - reserves).mulDivDown(WAD, c.totalSupply() - kept);
        return (repay, (seized - kept).mulDivDown(rate, WAD));
    }

    function convertDown(address from, uint256 amount, address to) external view returns (uint256) {
        ICompoundOracle oracle = comptroller.oracle();
        return amount.mulDivDown(_price(oracle, _position(from)), _price(oracle, _position(to)));
    }

    // ---------------------------------------------------------------- verbs

    function accrue() external {
        for (uint256 i; i < _markets.length; ++i) {
            _accrue(i);
        }
    }

    function liquidate(address account, address collateral, address debt, uint256 repay, address receiver)
        external
        returns (Seizure memory s)
    {
        ICToken c = _accrue(_position(collateral));
        ICToken d = _accrue(_position(debt));
        uint256 rate = c.exchangeRateStored();
        uint256 reserves = c.totalReserves();
        uint256 owned = c.balanceOf(account);
        uint256 held = c.balanceOf(address(this));
        IERC20(debt).transferFrom(msg.sender, address(this), repay);
        uint256 code = d.liquidateBorrow(account, repay, c);
        if (code != 0) _refuse(d, c, account, repay, code);
        s.repaid = repay;
        s.cleared = repay;
        s.seized = owned.mulDivDown(rate, WAD) - c.balanceOf(account).mulDivDown(rate, WAD);
        s.protocolFee = c.totalReserves() - reserves;
        s.received = _redeem(c, IERC20(collateral), c.balanceOf(address(this)) - held, receiver);
    }

    function _accrue(uint256 i) private returns (ICToken m) {
        m = _markets[i];
        uint256 before = m.totalBorrows();
        _must(m.accrueInterest());
        uint256 grown = m.totalBorrows() - before;
        if (grown != 0) emit InterestAccrued(i, grown);
    }

    /// @dev Without a way out for the underlying, the whole liquidation fails.
    function _redeem(ICToken m, IERC20 asset, uint256 cTokens, address receiver) private returns (uint256 received) {
        if (cTokens == 0) return 0;
        received = cTokens.mulDivDown(m.exchangeRateStored(), WAD);
        uint256 cash = m.getCash();
        if (received > cash) revert InsufficientLiquidity(address(asset), received, cash);
        _must(m.redeem(cTokens));
        asset.transfer(receiver, received);
    }

    /// @dev A refused liquidation returns a code; the comptroller's reason is only in an event, so it is asked again.
    function _refuse(ICToken d, ICToken c, address account, uint256 repay, uint256 code) private {
        uint256 detail = code == COMPTROLLER_REJECTION
            ? comptroller.liquidateBorrowAllowed(d, c, address(this), account, repay)
            : 0;
        if (detail == INSUFFICIENT_SHORTFALL) revert InsufficientShortfall(account);
        if (detail == TOO_MUCH_REPAY) revert TooMuchRepay(repay, _closable(d, account));
        revert CompoundFailure(code, detail);
    }

    // ---------------------------------------------------------------- the protocol's numbers

    function _position(address asset) private view returns (uint256) {
        uint256 position = _positions[asset];
        if (position == 0) revert UnknownAsset(asset);
        return position - 1;
    }

    function _must(uint256 code) private pure {
        if (code != 0) revert CompoundFailure(code, 0);
    }

    function _price(ICompoundOracle oracle, uint256 i) private view returns (uint256) {
        return oracle.getUnderlyingPrice(address(_markets[i]));
    }

    function _prices() private view returns (uint256[] memory prices) {
        ICompoundOracle oracle = comptroller.oracle();
        prices = new uint256[](_markets.length);
        for (uint256 i; i < prices.length; ++i) {
            prices[i] = _price(oracle, i);
        }
    }

    /// @dev Σ collateral / Σ debt, as the comptroller adds them up: it tells by how much one exceeds the other. `owed` is
    /// its Σ debt: each debt at its price, truncated [USD 1e18].
    function _healthDown(address account, uint256 owed) private view returns (uint256) {
        if (owed == 0) return type(uint256).max;
        (uint256 code, uint256 liquidity, uint256 shortfall) = comptroller.getAccountLiquidity(account);
        _must(code);
        return (owed + liquidity - shortfall).mulDivDown(WAD, owed);
    }

    /// @dev Comptroller.liquidateBorrowAllowed: the close factor's share of one market's debt, truncated [token].
    function _closable(ICToken d, address account) private view returns (uint256) {
        return d.borrowBalanceStored(account).mulDivDown(comptroller.closeFactorMantissa(), WAD);
    }

    function _seizeTokens(ICToken d, ICToken c, uint256 repay) private view returns (uint256 cTokens) {
        uint256 code;
        (code, cTokens) = comptroller.liquidateCalculateSeizeTokens(d, c, repay);
        _must(code);
    }
}
