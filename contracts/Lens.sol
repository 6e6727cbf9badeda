// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFlashLender} from "./interfaces/IFlashLender.sol";
import {ILendingAdapter} from "./interfaces/ILendingAdapter.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {Rounding} from "./libraries/Rounding.sol";

/// @notice What the harness and the keepers read, in batches. It has no state and changes none; what asks a venue for a
/// quote is no view, because a venue may try the trade and revert.
contract Lens {
    using Rounding for uint256;

    /// @dev All words are static.
    struct Route {
        address collateral;
        address debt;
        IVenue firstVenue; // zero: no sale
        IVenue secondVenue; // zero: one hop
    }

    struct Question {
        address account;
        Route route;
        IFlashLender lender; // zero: own money, collateral held
    }

    /// @return totals_ seven words an asset (ILendingAdapter.Totals)
    /// @return spots one word a venue [wad]
    function state(ILendingAdapter adapter, IVenue[] calldata venues)
        external
        view
        returns (ILendingAdapter.Totals[] memory totals_, uint256[] memory spots)
    {
        totals_ = adapter.totals();
        spots = new uint256[](venues.length);
        for (uint256 i; i < venues.length; ++i) {
            spots[i] = venues[i].spotDown();
        }
    }

    /// @return What `amount` of the route's collateral sells for [token of the debt].
    function sale(Route memory route, uint256 amount) public returns (uint256) {
        if (address(route.firstVenue) == address(0)) return amount;
        uint256 out = route.firstVenue.quote(route.collateral, amount);
        if (address(route.secondVenue) == address(0)) return out;
        address between = route.firstVenue.baseToken();
        if (between == route.collateral) between = route.firstVenue.quoteToken();
        return route.secondVenue.quote(between, out);
    }

    /// @notice For each question: the repayment with the greatest profit, and that profit [token of the debt]. With
    /// `full` the repayment is instead the largest the protocol allows.
    function best(ILendingAdapter adapter, Question[] calldata questions, bool full)
        external
        returns (uint256[] memory repays, int256[] memory profits)
    {
        repays = new uint256[](questions.length);
        profits = new int256[](questions.length);
        for (uint256 i; i < questions.length; ++i) {
            Question memory q = questions[i];
            uint256 most = adapter.maxRepay(q.account, q.route.collateral, q.route.debt);
            repays[i] = full ? most : _mostProfitable(adapter, q, most);
            profits[i] = profitOf(adapter, q, repays[i]);
        }
    }

    /// @return Proceeds less repayment and flash fee [token of the debt].
    function profitOf(ILendingAdapter adapter, Question memory q, uint256 repay) public returns (int256) {
        if (repay == 0) return 0;
        (uint256 repaid, uint256 received) = adapter.quote(q.account, q.route.collateral, q.route.debt, repay);
        if (address(q.lender) == address(0)) {
            return int256(adapter.convertDown(q.route.collateral, received, q.route.debt)) - int256(repaid);
        }
        return int256(sale(q.route, received)) - int256(repaid) - int256(q.lender.flashFee(q.route.debt, repay));
    }

    /// @dev Profit is concave in the repayment (the seizure is linear, a sale's proceeds are concave), so a golden
    /// section closes in on its peak. It stops at a ten-millionth of the range, or one unit. It looks where every size
    /// is allowed, and then compares with the largest, which may close a leg that a smaller one would leave as dust.
    /// Where the venue runs out of liquidity the profit drops at once: the peak is then the lower end, which it fills.
    function _mostProfitable(ILendingAdapter adapter, Question memory q, uint256 most) private returns (uint256) {
        uint256 low;
        uint256 high = adapter.maxPartialRepay(q.account, q.route.collateral, q.route.debt);
        uint256 left = high - _golden(high - low);
        uint256 right = low + _golden(high - low);
        int256 atLeft = profitOf(adapter, q, left);
        int256 atRight = profitOf(adapter, q, right);
        uint256 precision = high / 1e7 + 2;
        while (high - low > precision) {
            if (atLeft < atRight) {
                (low, left, atLeft) = (left, right, atRight);
                right = low + _golden(high - low);
                atRight = profitOf(adapter, q, right);
            } else {
                (high, right, atRight) = (right, left, atLeft);
                left = high - _golden(high - low);
                atLeft = profitOf(adapter, q, left);
            }
        }
        uint256 peak = (low + high) / 2;
        if (profitOf(adapter, q, peak) < profitOf(adapter, q, low)) peak = low;
        return profitOf(adapter, q, peak) < profitOf(adapter, q, most) ? most : peak;
    }

    function _golden(uint256 span) private pure returns (uint256) {
        return span.mulDivDown(618_033_988_749_894_848, 1e18);
    }
}
