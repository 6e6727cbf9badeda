"""Each section refuses a wrong key, a wrong type, a negative, zero, huge or unreachable value, in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.errors import InputError, NotBuilt, UnknownKey
from simulator.scenario import Scenario
from tests.scenario.base import ETH_CSV, FAULTY, INCENTIVES, MISSING, PRICES, SAMPLE, base, broken, plain

HUGE = "1" + "0" * 40
RATIO = "a number from 0 to 1, at most 18 decimal places"
USD = "a number from 0 to below 1e15, at most 8 decimal places"
TOKENS = "a number from 0 to below 1e15, at most 18 decimal places"
LENGTH = "a duration such as 12s, 5m, 1h or 2d"
PRICE = "a price from 0.00000001 to below 1e12"


def refusal(scenario: dict[str, Any], folder: Path) -> InputError:
    """What parsing says; it must be one line."""
    with pytest.raises(InputError) as caught:
        Scenario.parse(scenario, folder)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.exit_code == 2
    return caught.value


def check(scenario: dict[str, Any], folder: Path, path: str, found: str, allowed: str) -> None:
    """The refusal names all three."""
    error = refusal(scenario, folder)
    text = str(error)
    assert error.path == path, text
    assert text.startswith(f"{path}: found ")
    assert found in text.partition("; allowed: ")[0], text
    assert allowed in text.partition("; allowed: ")[2], text


# path written to, value, found, allowed; the error's path is the one written to unless a fifth item says otherwise
TOP = [
    ("schema", "2", "'2'", "1"),
    ("schema", MISSING, "None", "required"),
    ("name", MISSING, "None", "required"),
    ("name", "'a b'", "'a b'", "letters, digits"),
    ("name", "[a]", "['a']", "a name"),
    ("description", "{a: b}", "{'a': 'b'}", "text"),
    ("seed", "-1", "'-1'", "a whole number from 0"),
    ("seed", "1.5", "'1.5'", "a whole number"),
    ("seed", HUGE, HUGE, "9223372036854775807"),
    ("clock", MISSING, "None", "required"),
    ("book", "", "None", "a mapping"),
    ("prices", "[1]", "['1']", "a mapping"),
    ("lenders", "[USDC]", "['USDC']", "a mapping"),
    ("keepers", "{name: k}", "{'name': 'k'}", "a list"),
    ("venues", "amm", "'amm'", "a list"),
    ("provenance", "none", "'none'", "a list"),
    ("correlation", "3", "'3'", "a list"),
]
CLOCK = [
    ("clock", "12s", "'12s'", "start, step, steps, block"),
    ("clock.start", "yesterday", "'yesterday'", "2020-03-12T00:00:00Z"),
    ("clock.start", "2020-02-30T00:00:00Z", "'2020-02-30", "an instant"),
    ("clock.start", "2020-03-12T00:00:00+02:00", "+02:00", "an instant in UTC"),
    ("clock.start", "9999-03-12T00:00:00Z", "9999", "from 1970-01-01T00:00:01Z to 2099"),
    ("clock.start", "1960-03-12T00:00:00Z", "1960", "from 1970-01-01T00:00:01Z to 2099"),
    ("clock.start", "1970-01-01T00:00:00Z", "1970", "from 1970-01-01T00:00:01Z to 2099"),
    ("clock.step", "24", "'24'", LENGTH),
    ("clock.step", "0s", "'0s'", "from 1s"),
    ("clock.step", "-24s", "'-24s'", "from 1s"),
    ("clock.step", "9999d", "'9999d'", "31536000s"),
    ("clock.steps", "0", "'0'", "a whole number from 1 to 1000000"),
    ("clock.steps", "-3", "'-3'", "from 1"),
    ("clock.steps", "2.5", "'2.5'", "a whole number"),
    ("clock.steps", HUGE, HUGE, "1000000"),
    ("clock.steps", "", "None", "a whole number"),
    ("clock.block", "0s", "'0s'", "from 1s"),
    ("clock.block", "[12s]", "['12s']", LENGTH),
]
PROTOCOL = [
    ("protocol", "lending-pool", "'lending-pool'", "kind, close_factor"),
    ("protocol.kind", MISSING, "None", "required"),
    ("protocol.kind", "landing-pool", "'landing-pool'", "lending-pool"),
    ("protocol.close_factor", "0", "'0'", "a number above 0 to 1"),
    ("protocol.close_factor", "-0.5", "'-0.5'", "above 0"),
    ("protocol.close_factor", "half", "'half'", "a number"),
    ("protocol.close_factor", "1.01", "'1.01'", "to 1"),
    ("protocol.full_close_below_health", "2", "'2'", RATIO),
    ("protocol.full_close_below_value", "-1", "'-1'", USD),
    ("protocol.full_close_below_value", "1e15", "'1e15'", USD),
    ("protocol.min_leftover_value", "NaN", "'NaN'", USD),
    ("protocol.min_leftover_value", "Infinity", "'Infinity'", USD),
    ("protocol.min_leftover_value", "0.123456789", "0.123456789", "at most 8 decimal places"),
    ("protocol.target_health", "0.9", "'0.9'", "a number from 1 to 10"),
    ("protocol.target_health", "0", "'0'", "a number from 1 to 10"),
    ("protocol.deficit", "vanishes", "'vanishes'", "stays or socialised"),
    ("protocol.emodes", "[]", "[]", "a mapping"),
    ("protocol.incentive", "fixed", "'fixed'", "fixed, health-linear"),
    ("protocol.incentive", "{}", "None", "fixed, health-linear", "protocol.incentive.kind"),
    ("protocol.incentive.kind", "free", "'free'", "fixed, health-linear, discount-linear, lltv"),
    ("protocol.incentive.kind", "lltv", "None", "required", "protocol.incentive.cursor"),
]
INCENTIVE = [
    ("health-linear", "at_or_below", "1", "to below 1"),
    ("health-linear", "max", "-0.1", RATIO),
    ("health-linear", "min", "0.09", "at most max, 0.08"),
    ("discount-linear", "max", "0.6", "to 0.5"),
    ("lltv", "cursor", "1", "to below 1"),
    ("lltv", "cap", "2", RATIO),
]
ASSETS = [
    ("assets", "{}", "0", "1 to 128 assets"),
    ("assets.WETH", "18", "'18'", "decimals, ltv"),
    ("assets.WETH.decimals", MISSING, "None", "required"),
    ("assets.WETH.decimals", "19", "'19'", "a whole number from 0 to 18"),
    ("assets.WETH.decimals", "-1", "'-1'", "from 0"),
    ("assets.WETH.ltv", "1.2", "'1.2'", RATIO),
    ("assets.WETH.ltv", "80%", "'80%'", RATIO),
    ("assets.WETH.ltv", "0.84", "0.83", "at least the asset's ltv, 0.84", "assets.WETH.liquidation_threshold"),
    ("assets.WETH.liquidation_threshold", "[0.8]", "['0.8']", RATIO),
    ("assets.WETH.liquidation_threshold", "-0.83", "'-0.83'", RATIO),
    ("assets.WETH.liquidation_threshold", MISSING, "None", "required"),
    ("assets.WETH.liquidation_bonus", "1.5", "'1.5'", RATIO),
    ("assets.WETH.liquidation_bonus", MISSING, "None", "the book posts this asset"),
    ("assets.WETH.protocol_fee", "10", "'10'", RATIO),
    ("assets.WETH.reserve_factor", "-0.1", "'-0.1'", RATIO),
    ("assets.WETH.supply_cap", "-1", "'-1'", TOKENS),
    ("assets.WETH.supply_cap", "599", "599", "supply, 600"),
    ("assets.USDC.borrow_cap", "0", "0", "the book owes, 952000"),
    ("assets.USDC.borrow_cap", HUGE, HUGE, TOKENS),
    ("assets.USDC.borrow_cap", "1.0000001", "1.0000001", "at most 6 decimal places, those of USDC"),
    ("assets.WETH.rate", "0.05", "'0.05'", "base, slope1, slope2, optimal"),
    ("assets.WETH.rate.base", "-0.1", "'-0.1'", "a number from 0 to 100"),
    ("assets.WETH.rate.slope2", "1000", "'1000'", "to 100"),
    ("assets.WETH.rate.optimal", "0", "'0'", "above 0 to below 1"),
    ("assets.WETH.rate.optimal", "1", "'1'", "above 0 to below 1"),
]
LENDERS = [
    ("lenders.USDC", "-5", "'-5'", TOKENS),
    ("lenders.USDC", "0", "0", "at least 952000 more: the book owes 952000 USDC"),
    ("lenders.USDC", "951_999.999999", "951999.999999", "at least 0.000001 more"),
    ("lenders.USDC", "1e15", "'1e15'", TOKENS),
    ("lenders.USDC", "1e40", "'1e40'", TOKENS),
    ("lenders.USDC", "much", "'much'", TOKENS),
    ("lenders.USDC", "1000000.0000001", "1000000.0000001", "at most 6 decimal places, those of USDC"),
    ("lenders.USDX", "5", "'USDX'", "an asset of this scenario, nearest 'USDC'"),
    ("lenders", MISSING, "0", "the book owes", "lenders.USDC"),
]
BOOK = [
    ("book", "{}", "None", "exactly one of accounts, file, sample"),
    ("book.file", "x.csv", "'accounts and file'", "exactly one", "book"),
    ("book.accounts", "[]", "[]", "at least one account"),
    ("book.accounts", "A", "'A'", "a list"),
    ("book.accounts.0", "A", "'A'", "name, collateral, debt"),
    ("book.accounts.0.name", MISSING, "None", "required"),
    ("book.accounts.0.name", "a.b", "'a.b'", "a name", "book.accounts.0.name"),
    ("book.accounts.1.name", "A", "'A again'", "each name once", "book.accounts.A"),
    ("book.accounts.0.collateral", "500", "'500'", "a mapping", "book.accounts.A.collateral"),
    ("book.accounts.0.collateral.WETH", "-1", "'-1'", TOKENS, "book.accounts.A.collateral.WETH"),
    ("book.accounts.0.collateral.WETH", "0", "backed by nothing", "ltv above 0", "book.accounts.A.debt"),
    ("book.accounts.0.collateral.WETH", "1e16", "'1e16'", TOKENS, "book.accounts.A.collateral.WETH"),
    ("book.accounts.0.collateral.WETHX", "1", "'WETHX'", "nearest 'WETH'", "book.accounts.A.collateral.WETHX"),
    ("book.accounts.0.collateral", "{USDC: 900_000}", "'USDC'", "not itself owe", "book.accounts.A.debt.USDC"),
    ("book.accounts.0.debt.USDC", "1.1234567", "1.1234567", "6 decimal places", "book.accounts.A.debt.USDC"),
    ("book.accounts.0", "{name: A}", "no collateral and no debt", "holds something", "book.accounts.A"),
    ("assets.WETH.ltv", "0", "backed by WETH", "ltv above 0", "book.accounts.A.debt"),
]
SAMPLED = [
    ("accounts", "0", "'0'", "a whole number from 1"),
    ("accounts", "-5", "'-5'", "from 1"),
    ("accounts", HUGE, HUGE, "1000000"),
    ("collateral", "{}", "{}", "at least one asset"),
    ("collateral.WETH", "0", "'0'", "above 0"),
    ("collateral.WBTC", "1", "'WBTC'", "an asset of this scenario"),
    ("collateral.USDC", "1", "USDC", "backs nothing in the same book", "debt"),
    ("debt", "DAI", "'DAI'", "an asset of this scenario"),
    ("total_debt", "0", "'0'", "above 0"),
    ("total_debt", "-1", "'-1'", "above 0"),
    ("health", "1.6", "'1.6'", "lognormal"),
    ("health.kind", "normal", "'normal'", "lognormal"),
    ("health.median", "0", "'0'", "above 0"),
    ("health.sigma", "-1", "'-1'", "from 0 to 5"),
    ("health.min", "1.7", "1.7", "at most the median, 1.6"),
    ("size.kind", "zipf", "'zipf'", "pareto"),
    ("size.alpha", "0", "'0'", "above 0"),
    ("size.max_share", "0.0001", "0.0001", "at least 1/accounts"),
    ("clusters", "{}", "{}", "a list"),
    ("clusters.0.health", "-1", "'-1'", "above 0"),
    ("clusters.0.width", "2", "'2'", RATIO),
    ("clusters.0.share", "1.1", "'1.1'", RATIO),
    ("clusters", "[{health: 1.1, width: 0, share: 0.6}, {health: 1.2, width: 0, share: 0.6}]", "1.2", "at most 1"),
    (
        "clusters",
        "[{health: 0.5, width: 0.6, share: 0.6}]",
        "0.6",
        "less than the cluster's health",
        "clusters.0.width",
    ),
]
CONSTANT_AND_POINTS = [
    ("prices.WETH", MISSING, "None", "one price path for each asset"),
    ("prices.WBTC", "{kind: constant, value: 1}", "'WBTC'", "an asset of this scenario"),
    (
        "prices.USDC",
        "1",
        "'1'",
        "constant, points, csv, instant, ramp, gbm, jump-diffusion, ou, bridge, bootstrap, relative",
    ),
    ("prices.USDC.kind", "constants", "'constants'", "constant, points"),
    ("prices.USDC.value", "0", "'0'", PRICE),
    ("prices.USDC.value", "-1", "'-1'", PRICE),
    ("prices.USDC.value", "1e12", "'1e12'", PRICE),
    ("prices.USDC.value", "nan", "'nan'", PRICE),
    ("prices.USDC.value", "{a: 1}", "{'a': '1'}", PRICE),
    ("prices.WETH.points", "[]", "[]", "a list of [offset, price]"),
    ("prices.WETH.points", "1900", "'1900'", "a list of"),
    ("prices.WETH.points.0", "[0s]", "['0s']", "[offset, price]"),
    ("prices.WETH.points.0.0", "5s", "'5s'", "a first point at 0s or before"),
    ("prices.WETH.points.1.0", "0s", "'0s'", "later than the point before"),
    ("prices.WETH.points.1.0", "24", "'24'", LENGTH),
    ("prices.WETH.points.1.0", "99999d", "'99999d'", LENGTH),
    ("prices.WETH.points.1.1", "0", "'0'", PRICE),
    ("prices.WETH.points.1.1", "-3", "'-3'", PRICE),
    ("prices.WETH.interpolate", "cubic", "'cubic'", "hold or linear"),
]
OTHER_PRICES = [
    ("instant", "at", "-1s", "'-1s'", LENGTH),
    ("instant", "at", "217s", "'217s'", "opening of the last step, 216s"),
    ("instant", "at", "", "None", LENGTH),
    ("instant", "from", "0", "'0'", PRICE),
    ("instant", "from", MISSING, "None", "required"),
    ("instant", "drop", "1", "'1'", "to below 1"),
    ("instant", "drop", "-0.1", "'-0.1'", "from 0"),
    ("gbm", "from", "-1", "'-1'", PRICE),
    ("gbm", "drift", "1e9", "'1e9'", "from -100 to 100"),
    ("gbm", "volatility", "-0.5", "'-0.5'", "from 0 to 100"),
    ("gbm", "volatility", "high", "'high'", "a number"),
    ("csv", "file", "", "None", "the path of a file"),
    ("csv", "file", "none.csv", "'none.csv'", "a file that exists"),
    ("csv", "time", MISSING, "None", "required"),
    ("csv", "time", "times", "'times'", "a column of eth.csv, nearest"),
    ("csv", "price", "closes", "'closes'", "nearest 'close'"),
    ("csv", "low", "lows", "'lows'", "nearest 'low'"),
    ("csv", "stamp", "middle", "'middle'", "start or end"),
]
ORACLE = [
    ("oracle.WETH", "venue", "'venue'", "source, deviation, heartbeat, delay"),
    ("oracle.WBTC", "{}", "'WBTC'", "an asset of this scenario"),
    ("oracle.WETH.source", "chainlink", "'chainlink'", "market, venue, venue:name, twap:30m"),
    ("oracle.WETH.source", "'venue:'", "'venue:'", "venue:name"),
    ("oracle.WETH.source", "venue:uni", "venue:uni", "a venue whose base is WETH (there: amm)"),
    ("oracle.WETH.source", "'market:'", "'market:'", "market, venue"),
    ("oracle.WETH.source", "market:amm", "'market:amm'", "market, venue"),
    ("oracle.WETH.source", "venue:amm:amm", "'venue:amm:amm'", "venue:name"),
    ("oracle.WETH.source", "[venue]", "['venue']", "venue:name"),
    ("oracle.WETH.source", "twap", "'twap'", "twap:30m"),
    ("oracle.WETH.source", "twap:0s", "'twap:0s'", "twap:30m"),
    ("oracle.WETH.source", "twap:30", "'twap:30'", "twap:30m"),
    ("oracle.WETH.source", "'twap:30m:'", "'twap:30m:'", "twap:30m:name"),
    ("oracle.WETH.source", "twap:30m:amm:2", "'twap:30m:amm:2'", "twap:30m:name"),
    ("oracle.WETH.source", "twap:30m:uni", "twap:1800s:uni", "a venue whose base is WETH (there: amm)"),
    (
        "oracle.USDC",
        "{source: twap:30m}",
        "twap:1800s",
        "a venue whose base is USDC (there: none)",
        "oracle.USDC.source",
    ),
    ("oracle.WETH.source", "rate", "'rate'", "rate needs a price path of kind relative"),
    ("oracle.WETH.source", "rate:2", "'rate:2'", "rate"),
    ("oracle.WETH.source", "'fixed:'", "'fixed:'", "fixed:value"),
    ("oracle.WETH.source", "fixed:0", "'fixed:0'", PRICE),
    ("oracle.WETH.source", "fixed:x", "'fixed:x'", PRICE),
    ("oracle.WETH.source", "peg", "'peg'", "peg:ASSET"),
    ("oracle.WETH.source", "'peg:'", "'peg:'", "peg:ASSET"),
    ("oracle.WETH.source", "peg:USDX", "'USDX'", "an asset of this scenario, nearest 'USDC'"),
    ("oracle.WETH.source", "peg:WETH", "'WETH -> WETH'", "in a circle"),
    ("oracle.WETH.growth_cap", "0.1", "0.1", "only with source: rate"),
    ("oracle.WETH.growth_cap", "-0.1", "'-0.1'", "a number from 0 to 100"),
    ("oracle.USDC", "{source: venue}", "venue", "a venue whose base is USDC (there: none)", "oracle.USDC.source"),
    ("oracle.WETH.deviation", "-0.1", "'-0.1'", RATIO),
    ("oracle.WETH.deviation", "50", "'50'", RATIO),
    ("oracle.WETH.heartbeat", "1", "'1'", LENGTH),
    ("oracle.WETH.heartbeat", "-1h", "'-1h'", LENGTH),
    ("oracle.WETH.delay", "99999d", "'99999d'", LENGTH),
]
FAULTS = [
    ("faults", "{asset: WETH}", "{'asset': 'WETH'}", "a list"),
    ("faults.0", "freeze", "'freeze'", "freeze, stale, clamp, rate-cap, scale, spike, revert"),
    ("faults.0.kind", "thaw", "'thaw'", "freeze, stale, clamp, rate-cap, scale, spike, revert"),
    ("faults.0.asset", MISSING, "None", "required"),
    ("faults.0.asset", "WBTC", "'WBTC'", "an asset of this scenario, nearest 'WETH'"),
    ("faults.0.from", "-1s", "'-1s'", LENGTH),
    ("faults.0.from", "3651d", "'3651d'", "from 0s to 315360000s"),
    ("faults.0.until", "3651d", "'3651d'", "from 0s to 315360000s"),
    ("faults.0.until", "60", "'60'", LENGTH),
    ("faults.0.until", "12s", "12s", "later than from, 12s"),
    ("faults.0.until", "11s", "11s", "later than from, 12s"),
    ("faults.1.lag", MISSING, "None", "required"),
    ("faults.1.lag", "0s", "'0s'", "from 1s"),
    ("faults.2", "{asset: WETH, kind: clamp}", "neither", "min or max, or both"),
    ("faults.2.min", "0", "'0'", PRICE),
    ("faults.2.max", "999.99", "1000", "at most max, 999.99", "faults.2.min"),
    ("faults.3.factor", MISSING, "neither", "one of factor, missing", "faults.3"),
    ("faults.3.missing", "USDC", "both", "one of factor, missing", "faults.3"),
    ("faults.3.factor", "0", "'0'", "a number above 0 to 1e9"),
    ("faults.3.factor", "-2", "'-2'", "a number above 0"),
    ("faults.4.missing", "USDX", "'USDX'", "an asset of this scenario, nearest 'USDC'"),
    ("faults.4.missing", "WETH", "WETH -> WETH", "in a circle"),
    ("faults.5.venue", "uni", "'uni'", "a venue whose base is WETH (there: amm)"),
    ("faults.5.asset", "USDC", "amm", "a venue whose base is USDC (there: none)", "faults.5.venue"),
    ("faults.5.budget", "0", "'0'", "a number above 0 to below 1e15"),
    ("faults.5.budget", MISSING, "None", "required"),
    ("faults.5.direction", "sideways", "'sideways'", "up or down"),
    ("faults.5.repaid", "yes", "'yes'", "true or false"),
    ("faults.5.until", MISSING, "None", "when the attacker trades back, or repaid: false"),
    ("faults.6", "{asset: WETH, kind: rate-cap, rate: 1.1}", "WETH", "source: rate", "faults.6.asset"),
]
VENUES = [
    ("venues.0.name", MISSING, "None", "required"),
    ("venues.0.kind", "constant", "'constant'", "constant-product", "venues.amm.kind"),
    ("venues.0.base", "WBTC", "'WBTC'", "an asset of this scenario", "venues.amm.base"),
    ("venues.0.quote", "WETH", "'WETH'", "an asset other than the base", "venues.amm.quote"),
    ("venues.0.reserves", "10_000", "'10_000'", "[base tokens, quote tokens]", "venues.amm.reserves"),
    ("venues.0.reserves", "[1]", "['1']", "[base tokens, quote tokens]", "venues.amm.reserves"),
    ("venues.0.reserves.0", "0", "'0'", "above 0", "venues.amm.reserves.0"),
    ("venues.0.reserves.1", "-1", "'-1'", "above 0", "venues.amm.reserves.1"),
    ("venues.0.reserves.1", "1e15", "'1e15'", "below 1e15", "venues.amm.reserves.1"),
    ("venues.0.reserves.1", "1.0000001", "1.0000001", "6 decimal places", "venues.amm.reserves.1"),
    ("venues.0.fee", "1", "'1'", "to below 1", "venues.amm.fee"),
    ("venues.0.fee", "-0.1", "'-0.1'", "from 0", "venues.amm.fee"),
    ("venues.0.recovery", "never", "'never'", "half_life", "venues.amm.recovery"),
    ("venues.0.recovery", "{half_life: soon}", "'soon'", "never, or a duration", "venues.amm.recovery.half_life"),
    ("venues.0.recovery", "{half_life: -1s}", "'-1s'", "never, or a duration", "venues.amm.recovery.half_life"),
    ("venues", "[]", "'venue'", "a venue whose base is WETH", "oracle.WETH.source"),
]
KEEPERS = [
    ("keepers.0.name", "", "None", "a name"),
    ("keepers.0.policy", "greedy", "'greedy'", "full or best-size", "keepers.k1.policy"),
    ("keepers.0.order", "random", "'random'", "health or book", "keepers.k1.order"),
    ("keepers.0.pair", "smallest", "'smallest'", "largest", "keepers.k1.pair"),
    ("keepers.0.sell", "never", "'never'", "venue or hold", "keepers.k1.sell"),
    ("keepers.0.route", "worst", "'worst'", "best or split", "keepers.k1.route"),
    ("keepers.0.min_profit", "-1", "'-1'", USD, "keepers.k1.min_profit"),
    ("keepers.0.capital", "1e15", "'1e15'", USD, "keepers.k1.capital"),
    ("keepers.0.capital", "all", "'all'", USD, "keepers.k1.capital"),
    ("keepers.0.flash_fee", "1", "'1'", "to below 1", "keepers.k1.flash_fee"),
    ("keepers.0.latency", "-1s", "'-1s'", LENGTH, "keepers.k1.latency"),
    ("keepers.0.online", "1.5", "'1.5'", RATIO, "keepers.k1.online"),
    ("keepers.0.priority_fee", "-1", "'-1'", "a number from 0 to below 1e9", "keepers.k1.priority_fee"),
    ("keepers", "[{name: k1}, {name: k1}]", "'k1 again'", "each name once", "keepers.k1"),
]
GAS = [
    ("gas", "1", "'1'", "price_gwei, native, block_limit, per_liquidation"),
    ("gas.price_gwei", "-1", "'-1'", "from 0 to below 1e9"),
    ("gas.price_gwei", HUGE, HUGE, "below 1e9"),
    ("gas.price_gwei", "cheap", "'cheap'", "a number"),
    ("gas.native", "ETH", "'ETH'", "nearest 'WETH'"),
    ("gas.block_limit", "0", "'0'", "a whole number from 1000000"),
    ("gas.per_liquidation", "-1", "'-1'", "auto, or a whole number"),
    ("gas.per_liquidation", "some", "'some'", "auto, or a whole number"),
]
BORROWERS = [
    ("borrowers", "passive", "'passive'", "kind"),
    ("borrowers.kind", "lazy", "'lazy'", "passive"),
]
PROVENANCE = [
    ("provenance.0.covers", "boook", "'boook'", "nearest known key 'book'"),
    ("provenance.0.covers", MISSING, "None", "required"),
    ("provenance.0.status", "guessed", "'guessed'", "recorded or reconstructed or assumed"),
    ("provenance.0.source", "", "None", "in words"),
    ("provenance.0.as_of", "yesterday", "'yesterday'", "a date such as 2025-03-19"),
    ("provenance.0.as_of", "2025-02-30", "'2025-02-30'", "a date"),
]
ALL = [
    *TOP, *CLOCK, *PROTOCOL, *ASSETS, *LENDERS, *BOOK, *CONSTANT_AND_POINTS, *ORACLE, *VENUES, *KEEPERS, *GAS,
    *BORROWERS, *PROVENANCE,
]  # fmt: skip


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case[0]}={case[1]}"[:60])
def test_a_wrong_value_is_named_with_its_path_and_what_is_allowed(case: Any, tmp_path: Path) -> None:
    path, value, found, allowed, *other = case
    check(broken(path, value), tmp_path, other[0] if other else path, found, allowed)


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: f"{case[0]}={case[1]}"[:60])
def test_faults(case: Any, tmp_path: Path) -> None:
    path, value, found, allowed, *other = case
    start = broken("faults", plain(FAULTY))
    Scenario.parse(start, tmp_path)
    check(broken(path, value, start), tmp_path, other[0] if other else path, found, allowed)


@pytest.mark.parametrize("kind,key,value,allowed", INCENTIVE)
def test_incentives(kind: str, key: str, value: str, allowed: str, tmp_path: Path) -> None:
    path = f"protocol.incentive.{key}"
    start = broken("protocol.incentive", INCENTIVES[kind])
    check(broken(path, value, start), tmp_path, path, value, allowed)


@pytest.mark.parametrize("case", SAMPLED, ids=lambda case: f"{case[0]}={case[1]}"[:60])
def test_samples(case: Any, tmp_path: Path) -> None:
    key, value, found, allowed, *other = case
    start = broken("book", {"sample": plain(SAMPLE)})
    check(broken(f"book.sample.{key}", value, start), tmp_path, f"book.sample.{(other or [key])[0]}", found, allowed)


def test_a_sample_may_not_owe_more_than_lenders_have(tmp_path: Path) -> None:
    start = broken("book", {"sample": plain(SAMPLE)})
    scenario = broken("book.sample.total_debt", "50_000_001", start)
    check(scenario, tmp_path, "lenders.USDC", "50000000", "at least 1 more: the book owes 50000001 USDC")


@pytest.mark.parametrize("kind,key,value,found,allowed", OTHER_PRICES)
def test_prices(kind: str, key: str, value: Any, found: str, allowed: str, tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    path = f"prices.WETH.{key}"
    check(broken(path, value, broken("prices.WETH", PRICES[kind])), tmp_path, path, found, allowed)


SECTIONS = [
    ("", "clok", "'clock'"),
    ("clock", "stpe", "'step'"),
    ("protocol", "close_facter", "'close_factor'"),
    ("protocol.incentive", "maxx", "kind"),
    ("assets.WETH", "liquidation_treshold", "'liquidation_threshold'"),
    ("assets.WETH.rate", "slope", "'slope"),
    ("book", "acounts", "'accounts'"),
    ("book.accounts.0", "colateral", "'collateral'"),
    ("prices.WETH", "point", "'points'"),
    ("prices.USDC", "valu", "'value'"),
    ("oracle.WETH", "hartbeat", "'heartbeat'"),
    ("oracle.WETH", "growth_cape", "'growth_cap'"),
    ("venues.0", "reserve", "'reserves'"),
    ("keepers.0", "polcy", "'policy'"),
    ("gas", "price", "'price_gwei'"),
    ("borrowers", "kinds", "'kind'"),
    ("provenance.0", "cover", "'covers'"),
]


@pytest.mark.parametrize("section,key,near", SECTIONS)
def test_an_unknown_key_names_the_nearest_known_one(section: str, key: str, near: str, tmp_path: Path) -> None:
    error = refusal(broken(f"{section}.{key}" if section else key, "1"), tmp_path)
    assert isinstance(error, UnknownKey)
    named = (
        section.replace("accounts.0", "accounts.A").replace("venues.0", "venues.amm").replace("keepers.0", "keepers.k1")
    )
    assert error.path == (f"{named}.{key}" if named else key)
    assert f"nearest known key {near}" in str(error) or near in str(error)


@pytest.mark.parametrize("kind", sorted(PRICES))
def test_an_unknown_key_of_each_price_kind(kind: str, tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    error = refusal(broken("prices.WETH.colour", "red", broken("prices.WETH", PRICES[kind])), tmp_path)
    assert isinstance(error, UnknownKey)
    assert error.path == "prices.WETH.colour"


NOT_BUILT = [
    ("protocol.kind", "euler-v2"), ("protocol.kind", "aave-v4"), ("protocol.safety", "{grace_window: 10m}"),
    ("keepers.0.policy", "two-step"), ("keepers.0.order", "profit"), ("keepers.0.pair", "profit"),
    ("keepers.0.pair", "toxic"), ("keepers.0.sell", "{after: 30m}"), ("keepers.0.latency", "12s"),
    ("keepers.0.online", "0.5"), ("borrowers", "{kind: top-up}"), ("borrowers", "{kind: deleverage}"),
]  # fmt: skip


@pytest.mark.parametrize("path,value", NOT_BUILT)
def test_a_planned_feature_says_that_it_is_not_built_yet(path: str, value: str, tmp_path: Path) -> None:
    error = refusal(broken(path, value), tmp_path)
    assert isinstance(error, NotBuilt)
    assert "not built yet" in str(error)
    assert error.built


def test_venue_feeds_may_not_read_each_other_in_a_circle(tmp_path: Path) -> None:
    back = {"name": "back", "kind": "constant-product", "base": "USDC", "quote": "WETH", "reserves": ["1", "1"]}
    scenario = broken("oracle.USDC", "{source: venue}")
    scenario["venues"].append(back)
    check(scenario, tmp_path, "oracle.WETH.source", "WETH -> USDC -> WETH", "in a circle")


def test_a_keeper_who_sells_needs_a_route(tmp_path: Path) -> None:
    scenario = broken("venues", "[]", broken("oracle", "{}"))
    check(scenario, tmp_path, "venues", "no route from WETH to USDC", "a route over at most two venues")
    Scenario.parse(broken("keepers.0.sell", "hold", scenario))
    Scenario.parse(broken("keepers", "[]", scenario))


def test_a_route_may_lead_over_two_venues(tmp_path: Path) -> None:
    scenario = broken("assets.DAI", "{decimals: 18, ltv: 0, liquidation_threshold: 0}", broken("oracle", "{}"))
    scenario["prices"]["DAI"] = {"kind": "constant", "value": "1"}
    scenario["venues"] = plain("""
    - {name: first, kind: constant-product, base: WETH, quote: DAI, reserves: [1, 1900]}
    - {name: second, kind: constant-product, base: USDC, quote: DAI, reserves: [1900, 1900]}
    """)
    Scenario.parse(scenario)
    del scenario["venues"][1]
    check(scenario, tmp_path, "venues", "no route from WETH to USDC", "two venues")


def test_a_liquidation_that_no_block_holds_is_refused(tmp_path: Path) -> None:
    scenario = broken("gas", "{block_limit: 1_000_000, per_liquidation: 1_000_001}")
    check(scenario, tmp_path, "gas.per_liquidation", "1000001", "at most block_limit, 1000000")


def test_a_run_longer_than_ten_years_is_refused(tmp_path: Path) -> None:
    scenario = broken("clock.step", "1d", broken("clock.steps", "4000"))
    check(scenario, tmp_path, "clock.steps", "4000", "ten years")


def test_gas_in_an_asset_that_is_not_there_matters_only_if_gas_costs() -> None:
    Scenario.parse(broken("gas", "{price_gwei: 0, native: ETH}"))


def test_a_binary_float_is_refused(tmp_path: Path) -> None:
    check(broken("assets.WETH.ltv", 0.8), tmp_path, "assets.WETH.ltv", "0.8", "never a binary float")


def test_something_else_than_a_mapping_is_refused(tmp_path: Path) -> None:
    wrong: tuple[object, ...] = (None, [], "x")
    for found in wrong:
        with pytest.raises(InputError, match=r"^scenario: found .*; allowed: a mapping"):
            Scenario.parse(found, tmp_path)


def test_nothing_is_wrong_with_the_base(tmp_path: Path) -> None:
    Scenario.parse(base(), tmp_path)
