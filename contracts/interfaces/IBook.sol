// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IVenue} from "./IVenue.sol";

/// @notice A venue whose makers quote around a price of the outside market, and answer sales by quoting lower.
interface IBook is IVenue {
    /// @notice The makers quote around `mid`, and what was sold so far counts as much as puts the spot price at `spot`
    /// [wad], or as near to it as the book goes.
    function follow(uint256 mid, uint256 spot) external;
}
