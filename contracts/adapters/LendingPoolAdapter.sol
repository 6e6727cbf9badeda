// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {ILendingAdapter} from "../interfaces/ILendingAdapter.sol";
import {ILendingPool} from "../interfaces/ILendingPool.sol";
import {Liquidation} from "../libraries/Liquidation.sol";
import {RAY, Rounding} from "../libraries/Rounding.sol";

/// @notice The house's pool behind the common face.
contract LendingPoolAdapter is ILendingAdapter {
    using Rounding for uint256;

    ILendingPool public immutable pool;
    address[] private _assets;
    uint256 private _accruedAt; // [s] when all reserves were last accrued through here

    constructor(ILendingPool pool_) {
        pool = pool_;
        _assets = pool_.assets();
        for (uint256 i; i < _assets.length; ++i) {
            IERC20(_assets[i]).approve(address(pool_), type(uint256).max);
        }
    }

    function assets() external view returns (address[] memory) {
        return _assets;
    }

    function totals() external view returns (Totals[] memory all) {
        all = new Totals[](_assets.length);
        for (uint256 i; i < all.length; ++i) {
            ILendingPool.Totals memory t = pool.totals(_assets[i]);
            all[i] = Totals({
                supply: t.supply,
                debt: t.debt,
                held: IERC20(_assets[i]).balanceOf(address(pool)),
                writtenOff: t.deficit,
                supplyIndex: t.supplyIndex,
                debtIndex: t.debtIndex,
                // shares lose less than one share, worth debtIndex/RAY; the total is read rounded up
                roundingPerTouch: t.debtIndex / RAY + 2
            });
        }
    }

    function accounts(address[] calldata who) external view returns (uint256[] memory) {
        return pool.rows(who);
    }

    function health(address account) external view returns (uint256) {
        return pool.health(account);
    }

    function maxRepay(address account, address collateral, address debt) external view returns (uint256) {
        return pool.maxRepay(account, collateral, debt);
    }

    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256) {
        return pool.maxPartialRepay(account, collateral, debt);
    }

    function quote(address account, address collateral, address debt, uint256 repay)
        external
        view
        returns (uint256 repaid, uint256 received)
    {
        Liquidation.Outcome memory o = pool.quote(account, collateral, debt, repay);
        return (o.repaid, o.seized - o.protocolFee);
    }

    function convertDown(address from, uint256 amount, address to) external view returns (uint256) {
        return amount.mulDivDown(pool.price(from), pool.price(to));
    }

    function accrue() public {
        _accruedAt = block.timestamp;
        for (uint256 i; i < _assets.length; ++i) {
            uint256 interest = pool.accrue(_assets[i]);
            if (interest != 0) emit InterestAccrued(i, interest);
        }
    }

    function liquidate(address account, address collateral, address debt, uint256 repay, address receiver)
        external
        returns (Seizure memory s)
    {
        if (_accruedAt != block.timestamp) accrue(); // the pool would do it by itself, and nobody would tell
        IERC20 token = IERC20(debt);
        token.transferFrom(msg.sender, address(this), repay);
        ILendingPool.Seizure memory done = pool.liquidate(account, collateral, debt, repay, receiver);
        if (done.repaid < repay) token.transfer(msg.sender, repay - done.repaid);
        s.repaid = done.repaid;
        s.cleared = done.repaid;
        s.seized = done.seized;
        s.received = done.received;
        s.protocolFee = done.protocolFee;
        s.badDebt = _losses(done.writtenOff);
    }

    function _losses(uint256[] memory writtenOff) private pure returns (BadDebt[] memory losses) {
        uint256 count;
        for (uint256 i; i < writtenOff.length; ++i) {
            if (writtenOff[i] != 0) ++count;
        }
        losses = new BadDebt[](count);
        for (uint256 i = writtenOff.length; i > 0; --i) {
            if (writtenOff[i - 1] != 0) losses[--count] = BadDebt(i - 1, writtenOff[i - 1]);
        }
    }
}
