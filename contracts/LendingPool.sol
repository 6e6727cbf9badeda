// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IERC20} from "./interfaces/IERC20.sol";
import {ILendingPool} from "./interfaces/ILendingPool.sol";
import {Interest} from "./libraries/Interest.sol";
import {Liquidation} from "./libraries/Liquidation.sol";
import {RAY, Rounding, WAD} from "./libraries/Rounding.sol";

/// @notice Cross-margin accounts over many reserves.
///
/// SHARES. A position is stored as shares of the reserve's supply and of its debt; an index turns shares into tokens.
/// Debt shares round up and debts are read rounded up, supply shares round down and supplies are read rounded down:
/// what is lost to rounding is lost by the account.
///
/// INTEREST. Before a verb touches a reserve it accrues it: the debt index grows by the three-term compound expansion,
/// the supply index by simple interest on what borrowers pay less the reserve factor, which the treasury gets as
/// supply. The rate follows from utilisation at the moment of accrual, which no one changed since the last verb.
///
/// VALUE. A price is USD 1e26 per base unit of its token, so decimals appear only where an asset is listed, and every
/// value is exact: nothing is rounded before the health factor's one division.
///
/// LIQUIDATION. An account below health one may be liquidated on a pair of its assets, by the rules fixed at
/// construction (`Liquidation.Rules`). When its last collateral is gone, all it still owes is written off at once:
/// booked as the reserve's deficit, which stays, or is taken from the suppliers' index if the rules socialise it.
///
/// CATEGORIES (efficiency modes). An account may enter one category. The collateral that belongs to the category then
/// counts by the category's terms (LTV, threshold, bonus), any other by its own, and the account may borrow only what
/// the category lets it. Entering and leaving need a health of one, as a withdrawal does; the LTV limits borrowing.
///
/// Every verb reads in one order: checks, accrue, compute, update, final check, event, transfer.
contract LendingPool is ILendingPool {
    using Rounding for uint256;

    struct Reserve {
        uint128 supplyIndex; // [ray]
        uint128 debtIndex; // [ray]
        uint128 supplyShares; // all accounts'
        uint128 debtShares; // all accounts'
        uint128 cash; // [token] counted by the pool, so that a gift changes nothing
        uint128 deficit; // [token] written off so far
        uint40 accruedAt; // [s]
        uint8 position; // in the listing
        uint128 unit; // [USD 1e26 per price unit and base unit]
        IAggregatorV3 feed;
        Config config;
        Interest.Rate rate;
    }

    struct Shares {
        uint128 supply;
        uint128 debt;
    }

    /// @dev An asset as all accounts of one read see it.
    struct Snapshot {
        address asset;
        uint256 price; // [USD 1e26 per base unit]
        uint256 supplyIndex; // [ray]
        uint256 debtIndex; // [ray] zero until an account needs the asset
        uint256 threshold; // [wad] the asset's own
    }

    uint256 private constant VALUE_DECIMALS = 26; // 18 of the finest token + 8 of the finest feed
    uint256 private constant MAX_ASSETS = 128;
    uint256 private constant DEBTS = type(uint256).max / 3 * 2; // bit 2i + 1 of every asset

    address public immutable owner;
    address public immutable treasury;
    Liquidation.Rules private _rules;
    address[] private _assets;
    mapping(address => Reserve) private _reserves;
    mapping(address => mapping(address => Shares)) private _shares; // account, asset
    mapping(address => uint256) private _holdings; // account: bit 2i supplies, bit 2i + 1 owes asset i
    mapping(uint256 => Category) private _categories; // by id, from one
    mapping(address => uint256) public categoryOf; // account: id; 0 none
    uint256 private _lock = 1; // 1 open, 2 inside a verb

    modifier guarded() {
        if (_lock != 1) revert Reentered();
        _lock = 2;
        _;
        _lock = 1;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert Unauthorised(msg.sender);
        _;
    }

    constructor(address owner_, address treasury_, Liquidation.Rules memory rules_) {
        owner = owner_;
        treasury = treasury_;
        _rules = rules_;
        _bound("closeFactor", rules_.closeFactor, WAD);
        _bound("incentive", rules_.a, WAD - 1);
        if (rules_.incentive == Liquidation.Incentive.HealthLinear) _bound("incentive.min", rules_.c, rules_.b);
    }

    // ---------------------------------------------------------------- owner

    function list(address asset, IAggregatorV3 feed, Config calldata config, Interest.Rate calldata rate)
        external
        onlyOwner
    {
        Reserve storage r = _reserves[asset];
        if (r.accruedAt != 0) revert AlreadyListed(asset);
        _bound("assets", _assets.length + 1, MAX_ASSETS);
        uint256 places = uint256(IERC20(asset).decimals()) + feed.decimals();
        _bound("decimals", places, VALUE_DECIMALS);
        r.unit = uint128(10 ** (VALUE_DECIMALS - places));
        r.feed = feed;
        r.position = uint8(_assets.length);
        r.supplyIndex = uint128(RAY);
        r.debtIndex = uint128(RAY);
        r.accruedAt = uint40(block.timestamp);
        _assets.push(asset);
        _configure(asset, config, rate);
    }

    function configure(address asset, Config calldata config, Interest.Rate calldata rate) external onlyOwner {
        _accrue(asset);
        _configure(asset, config, rate);
    }

    function _configure(address asset, Config calldata config, Interest.Rate calldata rate) private {
        _boundTerms(config.terms);
        _bound("protocolFee", config.protocolFee, WAD);
        _bound("reserveFactor", config.reserveFactor, WAD);
        _bound("optimal", rate.optimal, WAD);
        _reserves[asset].config = config;
        _reserves[asset].rate = rate;
        emit ReserveConfigured(asset);
    }

    /// @notice Adds category `id`, or changes it, for the accounts in it as well. Without any asset nobody may enter it.
    function setCategory(
        uint256 id,
        Terms calldata terms,
        address[] calldata collateral,
        address[] calldata borrowable
    ) external onlyOwner {
        if (id == 0) revert UnknownCategory(id);
        _boundTerms(terms);
        uint256 members;
        for (uint256 i; i < collateral.length; ++i) {
            members |= 1 << (2 * _listed(collateral[i]).position);
        }
        for (uint256 i; i < borrowable.length; ++i) {
            members |= 2 << (2 * _listed(borrowable[i]).position);
        }
        _categories[id] = Category(terms, members);
        emit CategoryConfigured(id);
    }

    function _boundTerms(Terms calldata terms) private pure {
        _bound("threshold", terms.threshold, WAD);
        _bound("ltv", terms.ltv, terms.threshold);
        _bound("bonus", terms.bonus, WAD);
    }

    function _bound(bytes32 what, uint256 value, uint256 limit) private pure {
        if (value > limit) revert InvalidParameter(what, value, limit);
    }

    // ---------------------------------------------------------------- verbs

    /// @notice Supplies `amount` of the caller's tokens for `account`.
    function supply(address asset, uint256 amount, address account) external guarded {
        if (amount == 0) revert ZeroAmount();
        _accrue(asset);
        Reserve storage r = _reserves[asset];
        uint256 total = _supplyOf(r, r.supplyShares) + amount;
        if (total > r.config.supplyCap) revert SupplyCapExceeded(asset, total, r.config.supplyCap);
        _addSupply(r, account, amount.mulDivDown(RAY, r.supplyIndex));
        r.cash += amount.to128();
        emit Supplied(asset, account, amount);
        _pull(asset, amount);
    }

    /// @notice Withdraws `amount` of the caller's supply, or all of it for the largest number.
    function withdraw(address asset, uint256 amount, address to) external guarded returns (uint256) {
        if (amount == 0) revert ZeroAmount();
        _accrue(asset);
        Reserve storage r = _reserves[asset];
        uint256 balance = _supplyOf(r, _shares[msg.sender][asset].supply);
        if (amount == type(uint256).max) amount = balance;
        if (amount > balance) revert InsufficientBalance(asset, amount, balance);
        _takeSupply(asset, r, msg.sender, amount, balance);
        _takeCash(asset, r, amount);
        _requireHealthy(msg.sender);
        emit Withdrawn(asset, msg.sender, amount, to);
        _push(asset, to, amount);
        return amount;
    }

    /// @notice Borrows `amount` against the caller's supplies.
    function borrow(address asset, uint256 amount, address to) external guarded {
        if (amount == 0) revert ZeroAmount();
        _accrue(asset);
        Reserve storage r = _reserves[asset];
        uint256 total = _debtOf(r, r.debtShares) + amount;
        if (total > r.config.borrowCap) revert BorrowCapExceeded(asset, total, r.config.borrowCap);
        _requireBorrowable(2 << (2 * r.position), categoryOf[msg.sender]);
        uint128 shares = amount.mulDivUp(RAY, r.debtIndex).to128();
        r.debtShares += shares;
        _shares[msg.sender][asset].debt += shares;
        _holdings[msg.sender] |= 2 << (2 * r.position);
        _takeCash(asset, r, amount);
        (, uint256 borrowable, uint256 owed) = _values(msg.sender);
        if (owed * WAD > borrowable) revert Undercollateralised(msg.sender, owed, borrowable / WAD);
        emit Borrowed(asset, msg.sender, amount, to);
        _push(asset, to, amount);
    }

    /// @notice Repays up to `amount` of `account`'s debt with the caller's tokens.
    function repay(address asset, uint256 amount, address account) external guarded returns (uint256) {
        if (amount == 0) revert ZeroAmount();
        _accrue(asset);
        Reserve storage r = _reserves[asset];
        uint256 owed = _debtOf(r, _shares[account][asset].debt);
        if (owed == 0) revert NothingOwed(account, asset);
        amount = amount.min(owed);
        _takeDebt(asset, r, account, amount, owed);
        r.cash += amount.to128();
        emit Repaid(asset, account, amount, msg.sender);
        _pull(asset, amount);
        return amount;
    }

    /// @notice Repays up to `repayAmount` of an unhealthy account's `debt` and seizes `collateral` worth it plus the
    /// bonus. The caller pays; what is seized, less the protocol's fee, goes to `to`.
    function liquidate(address account, address collateral, address debt, uint256 repayAmount, address to)
        external
        guarded
        returns (Seizure memory done)
    {
        if (repayAmount == 0) revert ZeroAmount();
        _accrue(collateral);
        if (debt != collateral) _accrue(debt);
        (Liquidation.Position memory p, uint256 bonus, uint256 limit) = _closable(account, collateral, debt);
        Liquidation.Outcome memory o = Liquidation.outcome(p, bonus, repayAmount.min(limit));
        if (Liquidation.leavesDust(_rules, o)) revert DustLeft(account, o.collateralLeft, o.debtLeft);
        done.repaid = o.repaid;
        done.seized = o.seized;
        done.protocolFee = o.protocolFee;
        done.received = o.seized - o.protocolFee;
        _settle(account, collateral, debt, done, p);
        (uint256 left,) = balances(account, collateral); // rounding may have burned the last share early
        if (left == 0) done.writtenOff = _writeOff(account);
        emit Liquidated(account, collateral, debt, o.repaid, o.seized, o.protocolFee, msg.sender);
        _pull(debt, o.repaid);
        _push(collateral, to, done.received);
    }

    /// @notice Puts the caller into category `id`, or out of any with zero.
    function enterCategory(uint256 id) external guarded {
        if (id != 0 && _categories[id].members == 0) revert UnknownCategory(id);
        _requireBorrowable(_holdings[msg.sender] & DEBTS, id);
        categoryOf[msg.sender] = id;
        _requireHealthy(msg.sender);
        emit CategoryEntered(msg.sender, id);
    }

    /// @notice Brings `asset`'s indices up to now.
    /// @return interest What all borrowers of it owe more than before [token].
    function accrue(address asset) external guarded returns (uint256 interest) {
        return _accrue(asset);
    }

    // ---------------------------------------------------------------- views

    function assets() external view returns (address[] memory) {
        return _assets;
    }

    function rules() external view returns (Liquidation.Rules memory) {
        return _rules;
    }

    function configOf(address asset) external view returns (Config memory) {
        return _reserves[asset].config;
    }

    function rateOf(address asset) external view returns (Interest.Rate memory) {
        return _reserves[asset].rate;
    }

    function category(uint256 id) external view returns (Category memory) {
        return _categories[id];
    }

    function totals(address asset) external view returns (Totals memory t) {
        Reserve storage r = _listed(asset);
        (t.supplyIndex, t.debtIndex) = _indices(r);
        t.supply = uint256(r.supplyShares).mulDivDown(t.supplyIndex, RAY);
        t.debt = uint256(r.debtShares).mulDivUp(t.debtIndex, RAY);
        t.cash = r.cash;
        t.deficit = r.deficit;
    }

    function balances(address account, address asset) public view returns (uint256 supplied, uint256 owed) {
        Reserve storage r = _listed(asset);
        Shares memory shares = _shares[account][asset];
        (uint256 supplyIndex, uint256 debtIndex) = _indices(r);
        supplied = uint256(shares.supply).mulDivDown(supplyIndex, RAY);
        owed = uint256(shares.debt).mulDivUp(debtIndex, RAY);
    }

    /// @return Health factor [wad]: Σ collateral value · threshold over debt value, rounded down.
    function health(address account) external view returns (uint256) {
        (uint256 weighted,, uint256 owed) = _values(account);
        return Liquidation.healthDown(weighted, owed);
    }

    /// @notice `health` and then `balances` of every asset in listing order, for each account: one flat row of
    /// 1 + 2·assets words. Each price and index is read once.
    function rows(address[] calldata accounts) external view returns (uint256[] memory words) {
        uint256 width = 1 + 2 * _assets.length;
        words = new uint256[](accounts.length * width);
        Snapshot[] memory seen = new Snapshot[](_assets.length);
        for (uint256 i; i < accounts.length; ++i) {
            _writeRow(accounts[i], seen, words, i * width);
        }
    }

    /// @return USD 1e26 per base unit of `asset`.
    function price(address asset) public view returns (uint256) {
        Reserve storage r = _listed(asset);
        (, int256 answer,,,) = r.feed.latestRoundData();
        if (answer <= 0) revert InvalidPrice(asset, answer);
        return uint256(answer) * r.unit;
    }

    /// @notice The largest repayment after which no dust is left; 0 if none is allowed [token].
    function maxRepay(address account, address collateral, address debt) external view returns (uint256) {
        (Liquidation.Position memory p, uint256 bonus, uint256 limit) = _closable(account, collateral, debt);
        Liquidation.Outcome memory o = Liquidation.outcome(p, bonus, limit);
        if (!Liquidation.leavesDust(_rules, o)) return o.repaid;
        return Liquidation.withoutDust(_rules, p, bonus, limit);
    }

    /// @notice The largest repayment that leaves both legs standing and neither of them dust; 0 if there is none. A
    /// size between it and `maxRepay` is refused, unless it closes a leg.
    function maxPartialRepay(address account, address collateral, address debt) external view returns (uint256) {
        (Liquidation.Position memory p, uint256 bonus, uint256 limit) = _closable(account, collateral, debt);
        if (_rules.minLeftoverValue == 0) return Liquidation.outcome(p, bonus, limit).repaid;
        return Liquidation.withoutDust(_rules, p, bonus, limit);
    }

    function quote(address account, address collateral, address debt, uint256 repayAmount)
        external
        view
        returns (Liquidation.Outcome memory)
    {
        (Liquidation.Position memory p, uint256 bonus, uint256 limit) = _closable(account, collateral, debt);
        return Liquidation.outcome(p, bonus, repayAmount.min(limit));
    }

    // ---------------------------------------------------------------- liquidation

    /// @dev The pair as it stands, its bonus, and how much of the debt may be repaid before the dust rule.
    function _closable(address account, address collateral, address debt)
        private
        view
        returns (Liquidation.Position memory p, uint256 bonus, uint256 limit)
    {
        (p.weightedValue,, p.debtValue) = _values(account);
        uint256 health_ = Liquidation.healthDown(p.weightedValue, p.debtValue);
        if (health_ >= WAD) revert Healthy(account, health_);
        Reserve storage r = _listed(collateral);
        Terms memory terms = _termsOf(account, r);
        p.threshold = terms.threshold;
        p.bonus = terms.bonus;
        p.protocolFee = r.config.protocolFee;
        (p.collateral,) = balances(account, collateral);
        (, p.debt) = balances(account, debt);
        if (p.collateral == 0 || p.threshold == 0) revert NoCollateral(account, collateral);
        if (p.debt == 0) revert NothingOwed(account, debt);
        p.collateralPrice = price(collateral);
        p.debtPrice = price(debt);
        bonus = Liquidation.bonusOf(_rules, p);
        limit = Liquidation.closable(_rules, p, bonus);
    }

    /// @dev Moves the shares and the cash of one liquidation; the fee becomes the treasury's supply.
    function _settle(
        address account,
        address collateral,
        address debt,
        Seizure memory done,
        Liquidation.Position memory p
    ) private {
        Reserve storage r = _reserves[debt];
        _takeDebt(debt, r, account, done.repaid, p.debt);
        r.cash += done.repaid.to128();
        r = _reserves[collateral];
        _takeSupply(collateral, r, account, done.seized, p.collateral);
        _takeCash(collateral, r, done.received);
        if (done.protocolFee != 0) {
            _addSupply(r, treasury, done.protocolFee.mulDivDown(RAY, r.supplyIndex));
        }
    }

    /// @dev If no collateral of any value is left, whatever the account still owes is lost.
    function _writeOff(address account) private returns (uint256[] memory lost) {
        (uint256 weighted,, uint256 owed) = _values(account);
        if (weighted != 0 || owed == 0) return lost;
        uint256 count = _assets.length;
        lost = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            if (_holdings[account] & (2 << (2 * i)) != 0) lost[i] = _bookDeficit(account, _assets[i]);
        }
    }

    function _bookDeficit(address account, address asset) private returns (uint256 amount) {
        _accrue(asset);
        Reserve storage r = _reserves[asset];
        amount = _debtOf(r, _shares[account][asset].debt);
        _takeDebt(asset, r, account, amount, amount);
        r.deficit += amount.to128();
        if (_rules.socialised) {
            uint256 total = _supplyOf(r, r.supplyShares);
            r.supplyIndex = total <= amount ? 0 : uint128(uint256(r.supplyIndex).mulDivDown(total - amount, total));
        }
        emit DeficitBooked(account, asset, amount, _rules.socialised);
    }

    // ---------------------------------------------------------------- accounts

    /// @return weighted Σ collateral value · threshold [USD 1e44]
    /// @return borrowable Σ collateral value · LTV [USD 1e44]
    /// @return owed Σ debt value [USD 1e26]
    function _values(address account) private view returns (uint256 weighted, uint256 borrowable, uint256 owed) {
        uint256 holdings = _holdings[account];
        uint256 id = categoryOf[account];
        uint256 members = _membersOf(id);
        for (uint256 i; holdings != 0; ++i) {
            if (holdings & 3 != 0) {
                address asset = _assets[i];
                (uint256 supplied, uint256 debt) = balances(account, asset);
                uint256 price_ = price(asset);
                Terms storage terms = members & 1 != 0 ? _categories[id].terms : _reserves[asset].config.terms;
                weighted += supplied * price_ * terms.threshold;
                borrowable += supplied * price_ * terms.ltv;
                owed += debt * price_;
            }
            holdings >>= 2;
            members >>= 2;
        }
    }

    /// @dev `health` and `balances` of one account, written from `words[at]` on.
    function _writeRow(address account, Snapshot[] memory seen, uint256[] memory words, uint256 at) private view {
        uint256 weighted;
        uint256 owed;
        uint256 holdings = _holdings[account];
        uint256 id = categoryOf[account];
        uint256 members = _membersOf(id);
        for (uint256 i; holdings != 0; ++i) {
            if (holdings & 3 != 0) {
                Snapshot memory s = seen[i];
                if (s.debtIndex == 0) _look(s, _assets[i]);
                Shares memory shares = _shares[account][s.asset];
                uint256 supplied = uint256(shares.supply).mulDivDown(s.supplyIndex, RAY);
                uint256 debt = uint256(shares.debt).mulDivUp(s.debtIndex, RAY);
                weighted += supplied * s.price * (members & 1 != 0 ? _categories[id].terms.threshold : s.threshold);
                owed += debt * s.price;
                words[at + 2 * i + 1] = supplied;
                words[at + 2 * i + 2] = debt;
            }
            holdings >>= 2;
            members >>= 2;
        }
        words[at] = Liquidation.healthDown(weighted, owed);
    }

    function _look(Snapshot memory s, address asset) private view {
        s.asset = asset;
        s.price = price(asset);
        (s.supplyIndex, s.debtIndex) = _indices(_reserves[asset]);
        s.threshold = _reserves[asset].config.terms.threshold;
    }

    function _requireHealthy(address account) private view {
        if (_holdings[account] & DEBTS == 0) return; // owes nothing: no price is needed
        (uint256 weighted,, uint256 owed) = _values(account);
        if (owed * WAD > weighted) revert Undercollateralised(account, owed, weighted / WAD);
    }

    // ---------------------------------------------------------------- categories

    /// @dev Nothing is read for an account without a category.
    function _membersOf(uint256 id) private view returns (uint256) {
        return id == 0 ? 0 : _categories[id].members;
    }

    /// @dev The terms by which the account's supply of `r` counts.
    function _termsOf(address account, Reserve storage r) private view returns (Terms storage) {
        uint256 id = categoryOf[account];
        return _membersOf(id) & (1 << (2 * r.position)) != 0 ? _categories[id].terms : r.config.terms;
    }

    /// @param debts Bit 2i + 1 for each asset that is or will be owed.
    function _requireBorrowable(uint256 debts, uint256 id) private view {
        uint256 outside = id == 0 ? 0 : debts & ~_categories[id].members;
        if (outside == 0) return;
        uint256 i;
        while (outside & 3 == 0) {
            outside >>= 2;
            ++i;
        }
        revert NotBorrowable(_assets[i], id);
    }

    // ---------------------------------------------------------------- reserves

    function _listed(address asset) private view returns (Reserve storage r) {
        r = _reserves[asset];
        if (r.accruedAt == 0) revert Unlisted(asset);
    }

    /// @dev Both indices as of now, accrued or not.
    function _indices(Reserve storage r) private view returns (uint256 supplyIndex, uint256 debtIndex) {
        supplyIndex = r.supplyIndex;
        debtIndex = r.debtIndex;
        uint256 elapsed = block.timestamp - r.accruedAt;
        if (elapsed == 0) return (supplyIndex, debtIndex);
        uint256 debt = _debtOf(r, r.debtShares);
        if (debt == 0) return (supplyIndex, debtIndex);
        uint256 utilisation = Interest.utilisationDown(debt, r.cash);
        uint256 rate = Interest.borrowRate(r.rate, utilisation);
        // a deficit that stays is still claimed by the suppliers, but no borrower pays interest on it
        uint256 earning = _rules.socialised ? utilisation : Interest.utilisationDown(debt, uint256(r.cash) + r.deficit);
        uint256 kept = rate.mulDivDown(earning, WAD).mulDivDown(WAD - r.config.reserveFactor, WAD);
        debtIndex = debtIndex.mulDivUp(Interest.compoundedDown(rate, elapsed), RAY);
        supplyIndex = supplyIndex.mulDivDown(Interest.linearDown(kept, elapsed), RAY);
    }

    function _accrue(address asset) private returns (uint256 interest) {
        Reserve storage r = _listed(asset);
        if (r.accruedAt == block.timestamp) return 0;
        (uint256 supplyIndex, uint256 debtIndex) = _indices(r);
        uint256 before = _debtOf(r, r.debtShares);
        r.supplyIndex = supplyIndex.to128();
        r.debtIndex = debtIndex.to128();
        r.accruedAt = uint40(block.timestamp);
        interest = _debtOf(r, r.debtShares) - before;
        if (interest == 0) return 0;
        uint256 reserved = interest.mulDivDown(r.config.reserveFactor, WAD);
        if (reserved != 0 && supplyIndex != 0) _addSupply(r, treasury, reserved.mulDivDown(RAY, supplyIndex));
        emit Accrued(asset, interest, supplyIndex, debtIndex);
    }

    function _supplyOf(Reserve storage r, uint256 shares) private view returns (uint256) {
        return shares.mulDivDown(r.supplyIndex, RAY);
    }

    function _debtOf(Reserve storage r, uint256 shares) private view returns (uint256) {
        return shares.mulDivUp(r.debtIndex, RAY);
    }

    function _addSupply(Reserve storage r, address account, uint256 shares) private {
        _shares[account][_assets[r.position]].supply += shares.to128();
        r.supplyShares += shares.to128();
        _holdings[account] |= 1 << (2 * r.position);
    }

    /// @dev Shares burned round up, and all of them when the whole balance goes.
    function _takeSupply(address asset, Reserve storage r, address account, uint256 amount, uint256 balance) private {
        Shares storage shares = _shares[account][asset];
        uint128 burned = amount == balance
            ? shares.supply
            : uint128(amount.mulDivUp(RAY, r.supplyIndex).min(shares.supply));
        shares.supply -= burned;
        r.supplyShares -= burned;
        if (shares.supply == 0) _holdings[account] &= ~(1 << (2 * r.position));
    }

    /// @dev Shares burned round down, and all of them when the whole debt goes.
    function _takeDebt(address asset, Reserve storage r, address account, uint256 amount, uint256 owed) private {
        Shares storage shares = _shares[account][asset];
        uint128 burned = amount == owed ? shares.debt : uint128(amount.mulDivDown(RAY, r.debtIndex));
        shares.debt -= burned;
        r.debtShares -= burned;
        if (shares.debt == 0) _holdings[account] &= ~(2 << (2 * r.position));
    }

    function _takeCash(address asset, Reserve storage r, uint256 amount) private {
        if (amount > r.cash) revert InsufficientLiquidity(asset, amount, r.cash);
        r.cash -= amount.to128();
    }

    function _pull(address asset, uint256 amount) private {
        if (!IERC20(asset).transferFrom(msg.sender, address(this), amount)) revert TransferFailed(asset);
    }

    function _push(address asset, address to, uint256 amount) private {
        if (!IERC20(asset).transfer(to, amount)) revert TransferFailed(asset);
    }
}
