// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICToken} from "./ICToken.sol";
import {ICompoundOracle} from "./ICompoundOracle.sol";

/// @notice Compound v2's rules over all its markets.
interface IComptroller {
    function oracle() external view returns (ICompoundOracle);
    function closeFactorMantissa() external view returns (uint256); // [mantissa] share of one market's debt
    function getAssetsIn(address account) external view returns (ICToken[] memory); // the markets it has entered


    /// @return code 0, or why there is no answer
    /// @return liquidity collateral beyond the debts [USD 1e18]
    /// @return shortfall debts beyond the collateral [USD 1e18]; above 0: may be liquidated
    function getAccountLiquidity(address account)
        external
        view
        returns (uint256 code, uint256 liquidity, uint256 shortfall);

    function liquidateCalculateSeizeTokens(ICToken debt, ICToken collateral, uint256 repayAmount)
        external
        view
        returns (uint256 code, uint256 cTokens);

    /// @return code 0, or why this liquidation is not allowed
    function liquidateBorrowAllowed(
        ICToken debt,
        ICToken collateral,
        address liquidator,
        address borrower,
        uint256 repayAmount
    ) external returns (uint256 code);
}
