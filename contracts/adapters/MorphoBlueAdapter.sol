// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "../interfaces/IERC20.sol";
import {ILendingAdapter} from "../interfaces/ILendingAdapter.sol";
import {IMorpho} from "../interfaces/morpho/IMorpho.sol";
import {IMorphoOracle} from "../interfaces/morpho/IMorphoOracle.sol";
import {MorphoMath} from "../libraries/MorphoMath.sol";
import {RAY, WAD, Rounding} from "../libraries/Rounding.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";

/// @notice Morpho Blue behind the common face: one singleton, and the markets a scenario uses of it.
///
/// Each market has its own health; an account's is the lowest of the markets it owes in. Morpho closes as much as the
/// caller wants and knows no dust, so every size up to `maxRepay` is allowed. Its collateral is never lent, so it can
/// always leave: `InsufficientLiquidity` never happens here. A loss is taken from the market's suppliers in the call
/// that seizes the last collateral, and Morpho keeps no count of losses: this contract counts those of its own calls.
contract MorphoBlueAdapter is ILendingAdapter {
    using Rounding for uint256;
    using TokenTransfer for IERC20;

    error UnknownAsset(address asset);
    error NoMarket(address collateral, address debt);

    /// @dev One market, with the positions of its tokens in `assets()`.
    struct Place {
        IMorpho.MarketParams params;
        bytes32 id;
        uint256 collateralIndex;
        uint256 loanIndex;
    }

    /// @dev A market's debts when this contract last looked.
    struct Seen {
        uint128 assets; // [token]
        uint128 shares;
        uint256 accruedAt; // [s]
    }

    string private constant HEALTHY = "position is healthy"; // as Morpho says it
    uint256 private constant NONE = type(uint256).max; // no market found yet, no price read yet

    IMorpho public immutable morpho;
    address[] private _assets;
    Place[] private _places;
    Seen[] private _seen; // by market
    uint256[] private _debtIndex; // [ray] by asset
    uint256[] private _writtenOff; // [token] by asset

    constructor(IMorpho morpho_, address[] memory assets_, IMorpho.MarketParams[] memory markets_) {
        morpho = morpho_;
        _assets = assets_;
        _writtenOff = new uint256[](assets_.length);
        for (uint256 i; i < assets_.length; ++i) {
            _debtIndex.push(RAY);
        }
        for (uint256 i; i < markets_.length; ++i) {
            _open(markets_[i]);
        }
    }

    function _open(IMorpho.MarketParams memory params) private {
        bytes32 id = keccak256(abi.encode(params));
        _places.push(Place(params, id, _indexOf(params.collateralToken), _indexOf(params.loanToken)));
        morpho.accrueInterest(params); // refuses a market that was never created
        _seen.push();
        _remember(_places.length - 1, morpho.market(id));
        IERC20(params.loanToken).approveMax(address(morpho));
    }

    function _indexOf(address asset) private view returns (uint256) {
        for (uint256 i; i < _assets.length; ++i) {
            if (_assets[i] == asset) return i;
        }
        revert UnknownAsset(asset);
    }

    // ---------------------------------------------------------------- reads

    function assets() external view returns (address[] memory) {
        return _assets;
    }

    function markets() external view returns (IMorpho.MarketParams[] memory all) {
        all = new IMorpho.MarketParams[](_places.length);
        for (uint256 m; m < all.length; ++m) {
            all[m] = _places[m].params;
        }
    }

    /// @dev `supply` is what suppliers may claim, and what was posted as collateral: Morpho's balance less its idle
    /// loans (other markets of the singleton that share a token count as posted). `debt` is what borrowers owe. Both
    /// are Morpho's totals, but for what its virtual shares hold: less than a unit until a market's share price has
    /// doubled. Collateral never grows, so `supplyIndex` stays one.
    function totals() external view returns (Totals[] memory all) {
        all = new Totals[](_assets.length);
        for (uint256 i; i < all.length; ++i) {
            all[i].held = IERC20(_assets[i]).balanceOf(address(morpho));
            all[i].supply = all[i].held;
            all[i].writtenOff = _writtenOff[i];
            all[i].supplyIndex = RAY;
            all[i].debtIndex = _debtIndex[i];
            // A verb that burns or mints shares moves the total by the amount it takes or gives, and by the change of
            // what the virtual shares hold: a unit at most, and one more where the amount was rounded up beyond what
            // the market is owed. Opening an account and accruing round by less.
            all[i].roundingPerTouch = 2;
        }
        for (uint256 m; m < _places.length; ++m) {
            Place memory place = _places[m];
            (IMorpho.Market memory market,) = MorphoMath.accrued(morpho, place.id, place.params);
            Totals memory t = all[place.loanIndex];
            t.debt += MorphoMath.owed(market);
            t.supply += MorphoMath.toAssetsDown(
                market.totalSupplyShares, market.totalSupplyAssets, market.totalSupplyShares
            );
            t.supply -= market.totalSupplyAssets - market.totalBorrowAssets;
            t.debtIndex = t.debtIndex.mulDivUp(_growthUp(_seen[m], market), RAY);
        }
    }

    function accounts(address[] calldata who) external view returns (uint256[] memory words) {
        uint256 width = 1 + 2 * _assets.length;
        words = new uint256[](who.length * width);
        Place[] memory places = _places;
        for (uint256 i; i < who.length; ++i) {
            words[i * width] = type(uint256).max;
        }
        for (uint256 m; m < places.length; ++m) {
            _addMarket(places[m], who, words, width);
        }
    }

    /// @dev Adds what one market holds of each account to the rows, and lowers their health to that market's.
    function _addMarket(Place memory place, address[] calldata who, uint256[] memory words, uint256 width)
        private
        view
    {
        (IMorpho.Market memory market, uint256 feeShares) = MorphoMath.accrued(morpho, place.id, place.params);
        address feeRecipient = morpho.feeRecipient();
        uint256 price = NONE;
        for (uint256 i; i < who.length; ++i) {
            IMorpho.Position memory p = morpho.position(place.id, who[i]);
            if (who[i] == feeRecipient) p.supplyShares += feeShares;
            uint256 row = i * width;
            words[row + 1 + 2 * place.collateralIndex] += p.collateral;
            words[row + 1 + 2 * place.loanIndex] +=
                MorphoMath.toAssetsDown(p.supplyShares, market.totalSupplyAssets, market.totalSupplyShares);
            if (p.borrowShares == 0) continue;
            if (price == NONE) price = IMorphoOracle(place.params.oracle).price();
            (uint256 owed, uint256 health_) = MorphoMath.standing(place.params.lltv, market, p, price);
            words[row + 2 + 2 * place.loanIndex] += owed;
            words[row] = words[row].min(health_);
        }
    }

    function health(address account) external view returns (uint256 lowest) {
        lowest = type(uint256).max;
        for (uint256 m; m < _places.length; ++m) {
            lowest = lowest.min(_healthIn(_places[m], account));
        }
    }

    function _healthIn(Place storage place, address account) private view returns (uint256 health_) {
        IMorpho.Position memory p = morpho.position(place.id, account);
        if (p.borrowShares == 0) return type(uint256).max;
        IMorpho.MarketParams memory params = place.params;
        (IMorpho.Market memory market,) = MorphoMath.accrued(morpho, place.id, params);
        (, health_) = MorphoMath.standing(params.lltv, market, p, IMorphoOracle(params.oracle).price());
    }

    function maxRepay(address account, address collateral, address debt) public view returns (uint256) {
        return _planned(account, collateral, debt, type(uint256).max).repaid;
    }

    /// @dev Any share of the debt may be repaid, down to one that seizes nothing.
    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256) {
        return maxRepay(account, collateral, debt);
    }

    function quote(address account, address collateral, address debt, uint256 repay)
        external
        view
        returns (uint256 repaid, uint256 received)
    {
        MorphoMath.Plan memory plan = _planned(account, collateral, debt, repay);
        return (plan.repaid, plan.seized);
    }

    function _planned(address account, address collateral, address debt, uint256 repay)
        private
        view
        returns (MorphoMath.Plan memory)
    {
        Place memory place = _places[_marketOf(account, collateral, debt)];
        (IMorpho.Market memory market,) = MorphoMath.accrued(morpho, place.id, place.params);
        IMorpho.Position memory p = morpho.position(place.id, account);
        uint256 price = IMorphoOracle(place.params.oracle).price();
        (, uint256 health_) = MorphoMath.standing(place.params.lltv, market, p, price);
        require(health_ < WAD, HEALTHY);
        return MorphoMath.planned(market, p, place.params.lltv, price, repay);
    }

    /// @dev The market of this pair in which the account is least healthy; if it owes in none, the first of the pair.
    function _marketOf(address account, address collateral, address debt) private view returns (uint256 found) {
        found = NONE;
        uint256 lowest;
        for (uint256 m; m < _places.length; ++m) {
            Place storage place = _places[m];
            if (place.params.collateralToken != collateral || place.params.loanToken != debt) continue;
            if (found == NONE) {
                found = m;
                continue;
            }
            if (lowest == 0) lowest = _healthIn(_places[found], account);
            uint256 health_ = _healthIn(place, account);
            if (health_ < lowest) (found, lowest) = (m, health_);
        }
        if (found == NONE) revert NoMarket(collateral, debt);
    }

    /// @dev At the oracle of the first market of the two, whichever of them it lends.
    function convertDown(address from, uint256 amount, address to) external view returns (uint256) {
        if (from == to) return amount;
        for (uint256 m; m < _places.length; ++m) {
            IMorpho.MarketParams memory params = _places[m].params;
            bool forward = params.collateralToken == from && params.loanToken == to;
            bool backward = params.collateralToken == to && params.loanToken == from;
            if (!forward && !backward) continue;
            uint256 price = IMorphoOracle(params.oracle).price();
            return forward
                ? amount.mulDivDown(price, MorphoMath.PRICE_SCALE)
                : amount.mulDivDown(MorphoMath.PRICE_SCALE, price);
        }
        revert NoMarket(from, to);
    }

    // ---------------------------------------------------------------- verbs

    function accrue() external {
        uint256[] memory interest = new uint256[](_assets.length);
        for (uint256 m; m < _places.length; ++m) {
            (uint256 grown,) = _look(m);
            interest[_places[m].loanIndex] += grown;
        }
        for (uint256 i; i < interest.length; ++i) {
            if (interest[i] != 0) emit InterestAccrued(i, interest[i]);
        }
    }

    function liquidate(address account, address collateral, address debt, uint256 repay, address receiver)
        external
        returns (Seizure memory s)
    {
        uint256 m = _marketOf(account, collateral, debt);
        Place memory place = _places[m];
        (uint256 interest, IMorpho.Market memory before) = _look(m);
        if (interest != 0) emit InterestAccrued(place.loanIndex, interest);
        IERC20(debt).pull(msg.sender, repay);
        (s.seized, s.repaid) = _liquidate(place, before, account, repay);
        IMorpho.Market memory left = morpho.market(place.id);
        _remember(m, left);
        s.cleared = s.repaid;
        s.received = s.seized;
        // nothing else that a liquidation does moves this total
        s.badDebt = _bookLoss(place.loanIndex, before.totalSupplyAssets - left.totalSupplyAssets);
        IERC20(collateral).push(receiver, s.received);
        IERC20(debt).push(msg.sender, repay - s.repaid);
    }

    /// @dev A debt that is closed is named by its shares and a collateral that is exhausted by its amount: only so does
    /// nothing remain of it. Whether it may be liquidated at all is for Morpho to say.
    function _liquidate(Place memory place, IMorpho.Market memory market, address account, uint256 repay)
        private
        returns (uint256 seized, uint256 repaid)
    {
        IMorpho.Position memory p = morpho.position(place.id, account);
        require(p.borrowShares != 0, HEALTHY);
        uint256 price = IMorphoOracle(place.params.oracle).price();
        MorphoMath.Plan memory plan = MorphoMath.planned(market, p, place.params.lltv, price, repay);
        (seized, repaid) = plan.closesCollateral
            ? morpho.liquidate(place.params, account, plan.seized, 0, "")
            : morpho.liquidate(place.params, account, 0, plan.shares, "");
    }

    function _bookLoss(uint256 assetIndex, uint256 amount) private returns (BadDebt[] memory losses) {
        if (amount == 0) return losses;
        _writtenOff[assetIndex] += amount;
        losses = new BadDebt[](1);
        losses[0] = BadDebt(assetIndex, amount);
    }

    // ---------------------------------------------------------------- interest

    /// @dev Accrues one market and takes note of it.
    /// @return interest What borrowers owe more than at the last look, by interest [token].
    /// @return market The market as it now stands.
    function _look(uint256 m) private returns (uint256 interest, IMorpho.Market memory market) {
        Place storage place = _places[m];
        Seen memory seen = _seen[m];
        market = morpho.market(place.id);
        if (market.lastUpdate == block.timestamp && _isAsSeen(seen, market)) return (0, market);
        if (market.lastUpdate != seen.accruedAt) interest = _interestSince(seen, market);
        if (market.lastUpdate != block.timestamp) {
            uint256 before = MorphoMath.owed(market);
            morpho.accrueInterest(place.params);
            market = morpho.market(place.id);
            interest += MorphoMath.owed(market) - before;
        }
        uint256 i = place.loanIndex;
        _debtIndex[i] = _debtIndex[i].mulDivUp(_growthUp(seen, market), RAY);
        _remember(m, market);
    }

    function _isAsSeen(Seen memory seen, IMorpho.Market memory market) private pure returns (bool) {
        return seen.accruedAt == market.lastUpdate && seen.assets == market.totalBorrowAssets
            && seen.shares == market.totalBorrowShares;
    }

    function _remember(uint256 m, IMorpho.Market memory market) private {
        _seen[m] = Seen(market.totalBorrowAssets, market.totalBorrowShares, market.lastUpdate);
    }

    /// @dev Someone else's verb accrued meanwhile: before it minted or burned any share, so what it charged fell on
    /// the shares of the last look. (Shares that changed after a look are known to the next, if that one is the first
    /// to accrue: the harness looks once in every second in which anyone acts.)
    function _interestSince(Seen memory seen, IMorpho.Market memory market) private pure returns (uint256) {
        uint256 before = MorphoMath.toAssetsUp(seen.shares, seen.assets, seen.shares);
        uint256 owed = MorphoMath.toAssetsUp(seen.shares, market.totalBorrowAssets, market.totalBorrowShares);
        return owed > before ? owed - before : 0;
    }

    /// @return Growth of an owed share since the last look [ray], never less than one.
    function _growthUp(Seen memory seen, IMorpho.Market memory market) private pure returns (uint256) {
        uint256 worth = MorphoMath.toAssetsUp(RAY, market.totalBorrowAssets, market.totalBorrowShares);
        uint256 before = MorphoMath.toAssetsDown(RAY, seen.assets, seen.shares);
        return before == 0 || worth <= before + 1 ? RAY : worth.mulDivUp(RAY, before);
    }
}
