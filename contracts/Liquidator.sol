// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "./interfaces/IERC20.sol";
import {IFlashBorrower, IFlashLender} from "./interfaces/IFlashLender.sol";
import {ILendingAdapter} from "./interfaces/ILendingAdapter.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {TokenTransfer} from "./libraries/TokenTransfer.sol";
import {Probe} from "./Probe.sol";

/// @notice A keeper's hand. `execute` carries a wave's orders; each has a gas allowance of its own and fails alone.
///
/// An order that sells borrows the debt from the flash lender, liquidates through the adapter, sells what it received
/// along its route, repays the loan and keeps the rest, in one piece or not at all. An order that holds pays with the
/// treasury (the tokens this contract owns) and keeps the collateral.
contract Liquidator is IFlashBorrower {
    using TokenTransfer for IERC20;

    error Unauthorised(address caller);
    error Unprofitable(int256 profit, int256 minProfit);
    error NothingToRepay(address account, address collateral, address debt);
    error InsufficientCapital(address token, uint256 wanted, uint256 held);
    error GasAllowance(uint256 left, uint256 allowance);

    /// @dev All words are static, so that orders are encoded by joining words.
    struct Order {
        address account;
        address collateral;
        address debt;
        uint256 repay; // [token] the largest number: as much as the protocol allows
        int256 minProfit; // [token] of the debt; the smallest number: any, the treasury pays a loss
        uint256 holds; // 1: own money, keep the collateral; 0: flash loan and sale
        IVenue firstVenue; // zero: no sale is needed (one asset both ways)
        IVenue secondVenue; // zero: one hop
    }

    /// @dev What one order did. Amounts [token], health [wad].
    struct Result {
        uint256 repaid;
        uint256 cleared;
        uint256 seized;
        uint256 received;
        uint256 protocolFee;
        uint256 proceeds; // debt tokens from the sale; 0 when held
        int256 profit; // debt tokens left after the loan and its fee; held collateral at the oracle's price
        uint256 healthBefore;
        uint256 healthAfter;
        uint256 healthTwin; // before, at the twin feeds' prices
        uint256 gasUsed; // of the order itself, as this chain meters it
    }

    event Executed(uint256 indexed order, Result result, ILendingAdapter.BadDebt[] badDebt);
    event Refused(uint256 indexed order, bytes reason, uint256 gasUsed);

    bytes32 private constant CALLBACK = keccak256("ERC3156FlashBorrower.onFlashLoan");
    uint256 private constant RECORD_GAS = 10_000_000; // a health read of 128 assets and the event, after the order

    address public immutable keeper;
    ILendingAdapter public immutable adapter;
    IFlashLender public immutable lender;
    Probe public immutable probe;

    // the loan's callback leaves its outcome here for the call that asked for the loan [token]
    uint256 private transient _repaid;
    uint256 private transient _cleared;
    uint256 private transient _seized;
    uint256 private transient _received;
    uint256 private transient _protocolFee;
    ILendingAdapter.BadDebt[] private _badDebt; // seldom any, and empty between orders

    constructor(address keeper_, ILendingAdapter adapter_, IFlashLender lender_, Probe probe_) {
        keeper = keeper_;
        adapter = adapter_;
        lender = lender_;
        probe = probe_;
    }

    /// @notice Lets the adapter, the lender and `venues` take `tokens` from the treasury.
    function trust(address[] calldata tokens, address[] calldata venues) external {
        if (msg.sender != keeper) revert Unauthorised(msg.sender);
        for (uint256 i; i < tokens.length; ++i) {
            IERC20(tokens[i]).approveMax(address(adapter));
            IERC20(tokens[i]).approveMax(address(lender));
            for (uint256 j; j < venues.length; ++j) {
                IERC20(tokens[i]).approveMax(venues[j]);
            }
        }
    }

    /// @notice Runs each order with `allowance` gas. `twins` are the twin feeds' prices where they differ from the
    /// feeds' own; with none, the twin's health is the account's health.
    function execute(uint256 allowance, Order[] calldata orders, Probe.Price[] calldata twins) external {
        if (msg.sender != keeper) revert Unauthorised(msg.sender);
        for (uint256 i; i < orders.length; ++i) {
            _attempt(i, allowance, orders[i], twins);
        }
    }

    function _attempt(uint256 index, uint256 allowance, Order calldata order, Probe.Price[] calldata twins) private {
        (bool known, bytes memory answer) = address(this).call(abi.encodeCall(this.look, (order.account, twins)));
        // 1/64 of the gas stays behind at the call: without this check a short transaction would fail orders that a
        // longer one fills
        if (gasleft() < allowance + allowance / 63 + RECORD_GAS) revert GasAllowance(gasleft(), allowance);
        if (!known) {
            emit Refused(index, answer, 0);
            return;
        }
        uint256 start = gasleft();
        try this.fill{gas: allowance}(order) returns (Result memory result, ILendingAdapter.BadDebt[] memory badDebt) {
            result.gasUsed = start - gasleft();
            (result.healthBefore, result.healthTwin) = abi.decode(answer, (uint256, uint256));
            result.healthAfter = adapter.health(order.account);
            emit Executed(index, result, badDebt);
        } catch (bytes memory reason) {
            emit Refused(index, reason, start - gasleft());
        }
    }

    /// @notice The account's health at the feeds' prices and at the twins' [wad]. A protocol that cannot tell it (a feed
    /// that does not answer) reverts here, and only the order that asked is refused.
    function look(address account, Probe.Price[] calldata twins) external returns (uint256 health, uint256 healthTwin) {
        health = adapter.health(account);
        healthTwin = twins.length == 0 ? health : probe.healthAt(adapter, account, twins);
    }

    /// @notice One order, whole or not at all. Only `execute` calls it.
    function fill(Order calldata order)
        external
        returns (Result memory result, ILendingAdapter.BadDebt[] memory badDebt)
    {
        if (msg.sender != address(this)) revert Unauthorised(msg.sender);
        uint256 repay = order.repay;
        if (repay == type(uint256).max) repay = adapter.maxRepay(order.account, order.collateral, order.debt);
        if (repay == 0) revert NothingToRepay(order.account, order.collateral, order.debt);
        uint256 treasury = IERC20(order.debt).balanceOf(address(this));
        ILendingAdapter.Seizure memory s =
            order.holds != 0 ? _fromTreasury(order, repay, treasury) : _fromLoan(order, repay);
        result.repaid = s.repaid;
        result.cleared = s.cleared;
        result.seized = s.seized;
        result.received = s.received;
        result.protocolFee = s.protocolFee;
        badDebt = s.badDebt;
        result.profit = order.holds != 0
            ? int256(adapter.convertDown(order.collateral, s.received, order.debt)) - int256(s.repaid)
            : int256(IERC20(order.debt).balanceOf(address(this))) - int256(treasury);
        if (order.holds == 0) {
            result.proceeds = uint256(result.profit + int256(s.repaid + lender.flashFee(order.debt, repay)));
        }
        if (result.profit < order.minProfit) revert Unprofitable(result.profit, order.minProfit);
    }

    function _fromTreasury(Order calldata order, uint256 repay, uint256 treasury)
        private
        returns (ILendingAdapter.Seizure memory)
    {
        if (repay > treasury) revert InsufficientCapital(order.debt, repay, treasury);
        return adapter.liquidate(order.account, order.collateral, order.debt, repay, address(this));
    }

    function _fromLoan(Order calldata order, uint256 repay) private returns (ILendingAdapter.Seizure memory s) {
        lender.flashLoan(this, order.debt, repay, abi.encode(order));
        s.repaid = _repaid;
        s.cleared = _cleared;
        s.seized = _seized;
        s.received = _received;
        s.protocolFee = _protocolFee;
        s.badDebt = _badDebt;
        if (s.badDebt.length != 0) delete _badDebt;
    }

    /// @notice ERC-3156: liquidates with the borrowed tokens and sells the collateral.
    function onFlashLoan(address initiator, address token, uint256 amount, uint256 fee, bytes calldata payload)
        external
        returns (bytes32)
    {
        if (msg.sender != address(lender) || initiator != address(this)) revert Unauthorised(msg.sender);
        Order memory order = abi.decode(payload, (Order));
        ILendingAdapter.Seizure memory s =
            adapter.liquidate(order.account, order.collateral, token, amount, address(this));
        if (s.received != 0) _sell(order, s.received);
        uint256 held = IERC20(token).balanceOf(address(this));
        if (held < amount + fee) revert InsufficientCapital(token, amount + fee, held);
        _keep(s);
        return CALLBACK;
    }

    function _sell(Order memory order, uint256 amount) private {
        if (address(order.firstVenue) == address(0)) return;
        uint256 out = order.firstVenue.swap(order.collateral, amount, address(this));
        if (address(order.secondVenue) == address(0)) return;
        address between = order.firstVenue.baseToken();
        if (between == order.collateral) between = order.firstVenue.quoteToken();
        order.secondVenue.swap(between, out, address(this));
    }

    function _keep(ILendingAdapter.Seizure memory s) private {
        _repaid = s.repaid;
        _cleared = s.cleared;
        _seized = s.seized;
        _received = s.received;
        _protocolFee = s.protocolFee;
        for (uint256 i; i < s.badDebt.length; ++i) {
            _badDebt.push(s.badDebt[i]);
        }
    }
}
