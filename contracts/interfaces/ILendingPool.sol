// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Interest} from "../libraries/Interest.sol";
import {Liquidation} from "../libraries/Liquidation.sol";

/// @notice The house's lending pool: errors, events and the shapes its views return.
///
/// Assumptions for the guarantees to hold: listed tokens behave as IERC20 says; a feed answers, answers truthfully and
/// above zero, and its decimals never change; the owner sets sane parameters.
/// For liveness: every feed of an account's assets answers (one that reverts blocks that account's borrow, withdraw
/// and liquidate, but no repay or supply).
interface ILendingPool {
    error Unauthorised(address caller);
    error Unlisted(address asset);
    error AlreadyListed(address asset);
    error InvalidParameter(bytes32 what, uint256 value, uint256 limit);
    error InvalidPrice(address asset, int256 answer);
    error ZeroAmount();
    error SupplyCapExceeded(address asset, uint256 wanted, uint256 cap);
    error BorrowCapExceeded(address asset, uint256 wanted, uint256 cap);
    error InsufficientLiquidity(address asset, uint256 wanted, uint256 held);
    error InsufficientBalance(address asset, uint256 wanted, uint256 balance);
    error Undercollateralised(address account, uint256 debtValue, uint256 borrowable);
    error NothingOwed(address account, address asset);
    error NoCollateral(address account, address asset);
    error Healthy(address account, uint256 health);
    error UnknownCategory(uint256 id);
    error NotBorrowable(address asset, uint256 category);
    error DustLeft(address account, uint256 collateralLeft, uint256 debtLeft);
    error Reentered();
    error TransferFailed(address token);

    event Supplied(address indexed asset, address indexed account, uint256 amount);
    event Withdrawn(address indexed asset, address indexed account, uint256 amount, address to);
    event Borrowed(address indexed asset, address indexed account, uint256 amount, address to);
    event Repaid(address indexed asset, address indexed account, uint256 amount, address payer);
    event Accrued(address indexed asset, uint256 interest, uint256 supplyIndex, uint256 debtIndex);
    event Liquidated(
        address indexed account,
        address indexed collateral,
        address indexed debt,
        uint256 repaid,
        uint256 seized,
        uint256 protocolFee,
        address keeper
    );
    event DeficitBooked(address indexed account, address indexed asset, uint256 amount, bool socialised);
    event ReserveConfigured(address indexed asset);
    event CategoryConfigured(uint256 indexed id);
    event CategoryEntered(address indexed account, uint256 indexed id);

    /// @dev What a supply counts for: an asset's own terms, or those of its holder's category.
    struct Terms {
        uint64 ltv; // [wad]
        uint64 threshold; // [wad]
        uint64 bonus; // [wad]
    }

    struct Config {
        Terms terms;
        uint64 protocolFee; // [wad] share of the bonus
        uint64 reserveFactor; // [wad] share of the interest
        uint128 supplyCap; // [token] the largest number for none
        uint128 borrowCap; // [token]
    }

    /// @dev An efficiency mode: terms for its collateral, and what an account in it may borrow.
    struct Category {
        Terms terms;
        uint256 members; // bit 2i: asset i is collateral of it; bit 2i + 1: asset i may be borrowed in it
    }

    struct Seizure {
        uint256 repaid; // [token]
        uint256 seized; // [token]
        uint256 received; // [token]
        uint256 protocolFee; // [token]
        uint256[] writtenOff; // [token] per asset, in listing order; empty when nothing was
    }

    struct Totals {
        uint256 supply; // [token] rounded down
        uint256 debt; // [token] rounded up
        uint256 cash; // [token]
        uint256 deficit; // [token] booked so far
        uint256 supplyIndex; // [ray]
        uint256 debtIndex; // [ray]
    }

    function supply(address asset, uint256 amount, address account) external;
    function withdraw(address asset, uint256 amount, address to) external returns (uint256);
    function borrow(address asset, uint256 amount, address to) external;
    function repay(address asset, uint256 amount, address account) external returns (uint256);
    function liquidate(address account, address collateral, address debt, uint256 repayAmount, address to)
        external
        returns (Seizure memory);
    function accrue(address asset) external returns (uint256 interest);
    function enterCategory(uint256 id) external;

    function assets() external view returns (address[] memory);
    function totals(address asset) external view returns (Totals memory);
    function balances(address account, address asset) external view returns (uint256 supplied, uint256 owed);
    function health(address account) external view returns (uint256);
    function rows(address[] calldata accounts) external view returns (uint256[] memory);
    function category(uint256 id) external view returns (Category memory);
    function categoryOf(address account) external view returns (uint256 id);
    function maxRepay(address account, address collateral, address debt) external view returns (uint256);
    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256);
    function quote(address account, address collateral, address debt, uint256 repayAmount)
        external
        view
        returns (Liquidation.Outcome memory);
    function price(address asset) external view returns (uint256);
    function rateOf(address asset) external view returns (Interest.Rate memory);
}
