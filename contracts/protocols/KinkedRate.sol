// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMorpho} from "../interfaces/morpho/IMorpho.sol";
import {IMorphoRateModel} from "../interfaces/morpho/IMorphoRateModel.sol";
import {Interest} from "../libraries/Interest.sol";
import {RAY, WAD, YEAR} from "../libraries/Rounding.sol";

/// @notice The house's kinked rate for Morpho's markets: one curve for each loan token, zero until the owner sets it.
contract KinkedRate is IMorphoRateModel {
    error Unauthorised(address caller);
    error InvalidRate(uint256 optimal);

    event RateSet(address indexed loanToken, Interest.Rate rate);

    address public immutable owner;
    mapping(address => Interest.Rate) private _rates; // by loan token

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice Sets the curve of every market that lends `loanToken`. Markets accrue at the new rate from their last
    /// accrual on: accrue them first.
    function setRate(address loanToken, Interest.Rate calldata rate) external {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        if (rate.optimal > WAD) revert InvalidRate(rate.optimal);
        _rates[loanToken] = rate;
        emit RateSet(loanToken, rate);
    }

    function rateOf(address loanToken) external view returns (Interest.Rate memory) {
        return _rates[loanToken];
    }

    function borrowRate(IMorpho.MarketParams memory params, IMorpho.Market memory market)
        external
        view
        returns (uint256)
    {
        return _perSecondDown(params.loanToken, market);
    }

    function borrowRateView(IMorpho.MarketParams memory params, IMorpho.Market memory market)
        external
        view
        returns (uint256)
    {
        return _perSecondDown(params.loanToken, market);
    }

    /// @dev Rounded down to a whole wad per second: of 1 % a year, less than a part in 3·10^8 is lost.
    function _perSecondDown(address loanToken, IMorpho.Market memory market) private view returns (uint256) {
        uint256 cash = market.totalSupplyAssets - market.totalBorrowAssets;
        uint256 utilisation = Interest.utilisationDown(market.totalBorrowAssets, cash);
        return Interest.borrowRate(_rates[loanToken], utilisation) / (RAY / WAD * YEAR);
    }
}
