// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A place where a base token is traded for a quote token.
/// @dev Assumptions: `quote` returns exactly what the next `swap` of the same amount pays; the caller of `swap` and
/// `moveTo` has approved the venue for what it pays in. `quote` leaves nothing changed, but it need not be a view: a
/// venue may find its answer by doing the trade and reverting.
interface IVenue {
    function baseToken() external view returns (address);
    function quoteToken() external view returns (address);

    /// @return Marginal price before fees, whole quote tokens per whole base token [wad], rounded down.
    function spotDown() external view returns (uint256);

    /// @return Amount out for `amountIn` of `tokenIn` [token], rounded down.
    function quote(address tokenIn, uint256 amountIn) external returns (uint256);

    /// @notice Takes `amountIn` of `tokenIn` from the caller and pays the other token to `to`.
    function swap(address tokenIn, uint256 amountIn, address to) external returns (uint256 amountOut);

    /// @notice Trades for the caller until the spot price is `price` [wad], as an arbitrageur does.
    /// @return spot The spot price reached [wad].
    function moveTo(uint256 price) external returns (uint256 spot);

    /// @notice Its liquidity becomes `scale` [wad] of what it opened with, pro rata: the price stays. What providers take
    /// goes to the caller, what they bring comes from there; only the venue's owner may call.
    function resize(uint256 scale) external;
}
