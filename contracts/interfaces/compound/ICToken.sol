// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A Compound v2 market: what the house reads of it and asks of it.
/// @dev Verbs return 0 when they did what was asked, and a code without reverting when they did not. "Stored" means as
/// of the market's last accrual. [mantissa] is a fixed-point number with 18 places.
interface ICToken {
    function underlying() external view returns (address);
    function comptroller() external view returns (address);
    function totalSupply() external view returns (uint256); // [cToken]
    function totalBorrows() external view returns (uint256); // [token] stored
    function totalReserves() external view returns (uint256); // [token] stored
    function borrowIndex() external view returns (uint256); // [mantissa] stored
    function accrualBlockNumber() external view returns (uint256);
    function protocolSeizeShareMantissa() external view returns (uint256); // [mantissa] of what is seized
    function getCash() external view returns (uint256); // [token]
    function exchangeRateStored() external view returns (uint256); // [mantissa] token per cToken
    function balanceOf(address account) external view returns (uint256); // [cToken]
    function borrowBalanceStored(address account) external view returns (uint256); // [token]
    function getAccountSnapshot(address account)
        external
        view
        returns (uint256 code, uint256 cTokens, uint256 debt, uint256 exchangeRate);

    function accrueInterest() external returns (uint256 code);
    function liquidateBorrow(address borrower, uint256 repayAmount, ICToken collateral)
        external
        returns (uint256 code);
    function redeem(uint256 cTokens) external returns (uint256 code);
}
