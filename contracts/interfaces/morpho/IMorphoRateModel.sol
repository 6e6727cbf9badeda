// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMorpho} from "./IMorpho.sol";

/// @notice Where a Morpho market reads its borrow rate [wad per second].
interface IMorphoRateModel {
    /// @dev Called once when the market is created and then at each accrual; a model may keep state.
    function borrowRate(IMorpho.MarketParams memory params, IMorpho.Market memory market) external returns (uint256);

    function borrowRateView(IMorpho.MarketParams memory params, IMorpho.Market memory market)
        external
        view
        returns (uint256);
}
