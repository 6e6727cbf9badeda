"""The scripts for `ape run`: what they change in a scenario, and that each stands without a network."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from scripts import aave_v3_base, aave_v3_mainnet, compound_v3_mainnet, morpho_blue_mainnet
from simulator import run
from simulator.deployments import deployments
from simulator.errors import InputError
from simulator.testing.shock import shocked
from tests.small import account, column, constant, points, small

SCRIPTS = [aave_v3_base, aave_v3_mainnet, compound_v3_mainnet, morpho_blue_mainnet]


def test_what_is_no_dollar_token_falls_in_the_second_step() -> None:
    """1 WETH at 2 000 against 1 000: liquidatable from a fall to 1 000/0.83 = 1 204.8 on, so by 0.4 and not by 0.39."""
    calm = small([account("a", 1, 1000)])
    fallen = shocked(calm, "0.4", 3)
    result = run(fallen)
    assert column(result, "steps", "market_WETH") == ["2000.00000000", "1200.00000000", "1200.00000000"]
    assert set(column(result, "steps", "market_USDC")) == {"1.00000000"}
    assert column(result, "liquidations", "step")[0] == "1"
    assert run(shocked(calm, "0.39", 3)).summary["liquidations"] == 0


def test_what_is_named_falls_alone() -> None:
    fallen = shocked(small([account("a", 1, 1000)]), "0.1", 2, ["USDC"])
    result = run(fallen)
    assert column(result, "steps", "market_USDC") == ["1.00000000", "0.90000000"]
    assert set(column(result, "steps", "market_WETH")) == {"2000.00000000"}


def test_a_path_that_moves_by_itself_is_refused() -> None:
    moving = small([account("a", 1, 1000)], prices={"WETH": points(("0s", 2000))})
    with pytest.raises(InputError, match=r"prices\.WETH\.kind: found 'points'; allowed: constant"):
        shocked(moving, "0.4", 2, ["WETH"])
    with pytest.raises(InputError, match=r"prices\.WBTC\.kind: found 'none'"):
        shocked(small([account("a", 1, 1000)], prices={"WETH": constant(2000)}), "0.4", 2, ["WBTC"])


def test_there_is_a_script_for_each_deployment() -> None:
    assert {Path(script.__file__ or "").stem for script in SCRIPTS} == {
        "aave_v3_base", "aave_v3_mainnet", "compound_v3_mainnet", "morpho_blue_mainnet",
    }  # fmt: skip
    helps = {script.cli.help for script in SCRIPTS}
    assert len(helps) == len(deployments()) == len(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_a_script_explains_itself(script: object) -> None:
    command = script.cli  # type: ignore[attr-defined]
    assert isinstance(command, click.Command)
    shown = CliRunner().invoke(command, ["--help"])
    assert shown.exit_code == 0
    for option in ("--network", "--borrowers", "--drop", "--steps", "--out"):
        assert option in shown.output


def test_bad_input_is_one_line_and_exit_code_2() -> None:
    """Found before ape is asked for a connection."""
    taken = CliRunner().invoke(aave_v3_mainnet.cli, ["--out", str(Path(__file__).parent)])
    assert taken.exit_code == 2
    assert taken.output.startswith("Error: --out: found ") and taken.output.count("\n") == 1
    few = CliRunner().invoke(aave_v3_mainnet.cli, ["--borrowers", "0"])
    assert few.exit_code == 2
