// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice One face for every lending protocol: what the harness reads of it and how a keeper's hand liquidates on it.
///
/// An adapter translates and adds nothing: each number it returns comes from the protocol's own code. It holds no
/// tokens between calls and has no owner.
///
/// Assumptions for the guarantees to hold: the protocol's assets are the ones `assets()` lists, in an order that never
/// changes; the protocol accrues nothing between two calls with one timestamp after `accrue()` was called.
interface ILendingAdapter {
    /// @notice The collateral cannot leave: the protocol holds less of the underlying than is to be paid out [token].
    error InsufficientLiquidity(address asset, uint256 wanted, uint256 held);

    /// @notice What one liquidation did. All amounts [token].
    struct Seizure {
        uint256 repaid; // debt tokens taken from the caller
        uint256 cleared; // debt that left the account for it: `repaid`, unless the protocol sells collateral afterwards
        uint256 seized; // collateral that left the account
        uint256 received; // the part of it the receiver got
        uint256 protocolFee; // the part of it the protocol kept
        BadDebt[] badDebt; // debt the protocol booked as lost in this call
    }

    struct BadDebt {
        uint256 assetIndex; // position in `assets()`
        uint256 amount; // [token]
    }

    /// @notice One asset's totals, from the protocol's own books.
    struct Totals {
        uint256 supply; // what suppliers may claim [token]
        uint256 debt; // what borrowers owe [token]
        uint256 held; // tokens the protocol holds [token]
        uint256 writtenOff; // debt booked as lost so far, kept or socialised [token]
        uint256 supplyIndex; // growth of a supplied unit [ray]
        uint256 debtIndex; // growth of an owed unit [ray]
        uint256 roundingPerTouch; // most by which one verb may round the debt total [token]
    }

    /// @notice Interest added to all debts of `asset` by one accrual [token].
    event InterestAccrued(uint256 assetIndex, uint256 amount);

    function assets() external view returns (address[] memory);

    function totals() external view returns (Totals[] memory);

    /// @notice For each account: health [wad] (type(uint256).max when it owes nothing), then for each asset the
    /// collateral and the debt [token]. One flat row of 1 + 2·assets words per account.
    function accounts(address[] calldata who) external view returns (uint256[] memory);

    function health(address account) external view returns (uint256);

    /// @notice The largest repayment one liquidation of this pair may make after the protocol's close-factor and dust
    /// rules [token]; 0 if none is allowed.
    function maxRepay(address account, address collateral, address debt) external view returns (uint256);

    /// @notice The largest repayment that leaves both legs standing as the dust rules want it [token]. Every smaller one
    /// is allowed too; between it and `maxRepay` only what closes a leg is.
    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256);

    /// @notice What `liquidate` would take and give now, without bad debt [token].
    function quote(address account, address collateral, address debt, uint256 repay)
        external
        view
        returns (uint256 repaid, uint256 received);

    /// @notice `amount` of one asset in units of another at the protocol's own oracle prices, rounded down [token].
    function convertDown(address from, uint256 amount, address to) external view returns (uint256);

    /// @notice Accrues interest on every asset up to now; emits `InterestAccrued` for each that grew since the last
    /// look. `liquidate` emits the same for what it accrues itself.
    function accrue() external;

    /// @notice Liquidates with debt tokens the caller has approved to this adapter; collateral goes to `receiver`.
    function liquidate(address account, address collateral, address debt, uint256 repay, address receiver)
        external
        returns (Seizure memory);
}
