"""The compiler's settings, its cache, and what it refuses; `ape compile` sees the same compiler."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SHIM = ROOT / "toolchain" / "solc" / "solc-v0.8.28"


@pytest.fixture(scope="module")
def compiler() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compile", ROOT / "toolchain" / "compile.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_compiler_version_everywhere() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]["solc"]
    ape = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]["version"]
    pragmas = {
        pragma
        for file in (ROOT / "contracts").rglob("*.sol")
        for pragma in re.findall(r"^pragma solidity (.+);", file.read_text("utf8"), re.MULTILINE)
    }
    assert (ape, SHIM.name, pragmas) == (pinned, f"solc-v{pinned}", {f"^{pinned}"})


def test_ape_compiles_as_the_house_does() -> None:
    house = json.loads((ROOT / "toolchain" / "settings.json").read_text())
    ape = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]
    assert (ape["evm_version"], ape["via_ir"]) == (house["evmVersion"], house["viaIR"])
    assert {"enabled": ape["optimize"], "runs": ape["optimization_runs"]} == house["optimizer"]


def test_unchanged_sources_compile_nothing() -> None:
    command = [sys.executable, ROOT / "toolchain" / "compile.py"]
    subprocess.run(command, check=True, timeout=300)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": ""})
    assert (done.returncode, done.stdout) == (0, "contracts: up to date\n")


def test_any_changed_source_or_name_is_another_digest(compiler: ModuleType) -> None:
    digests = [compiler.content_digest(sources) for sources in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {})]
    assert len(set(digests)) == 4


def test_selectors_spell_structs_out(compiler: ModuleType) -> None:
    inputs = [
        {
            "type": "tuple[2][]",
            "components": [{"type": "address"}, {"type": "tuple", "components": [{"type": "bool"}]}],
        },
        {"type": "uint256"},
    ]
    assert compiler.types(inputs) == "(address,(bool))[2][],uint256"
    assert compiler.keccak("transfer(address,uint256)")[:8] == "a9059cbb"


@pytest.mark.parametrize(("deployed", "init"), [(24_577, 24_600), (24_576, 49_153)])
def test_a_contract_too_large_to_deploy_fails_the_build(compiler: ModuleType, deployed: int, init: int) -> None:
    contract = {"contract": "Vast", "deployed": "0x" + "00" * deployed, "bytecode": "0x" + "00" * init}
    with pytest.raises(compiler.CompileFailed, match="Vast"):
        compiler.check_sizes([contract])


def test_the_largest_contract_is_allowed(compiler: ModuleType) -> None:
    compiler.check_sizes([{"contract": "Full", "deployed": "0x" + "00" * 24_576, "bytecode": "0x" + "00" * 49_152}])


def test_a_broken_source_fails_with_the_compilers_words(compiler: ModuleType) -> None:
    with pytest.raises(compiler.CompileFailed, match="ParserError"):
        compiler.compile_sources({"contracts/Broken.sol": "contract Broken { function }"}, {})


def test_the_native_compilers_interface() -> None:
    """What py-solc-x asks of an executable: its version, and standard JSON on stdin."""
    version = subprocess.run([SHIM, "--version"], capture_output=True, text=True, timeout=60)
    assert "Version: 0.8.28+commit.7893614a" in version.stdout
    request = {
        "language": "Solidity",
        "sources": {"A.sol": {"content": "pragma solidity ^0.8.28; contract A {}"}},
        "settings": {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }
    done = subprocess.run(
        [SHIM, "--standard-json"], input=json.dumps(request), capture_output=True, text=True, timeout=60
    )
    assert json.loads(done.stdout)["contracts"]["A.sol"]["A"]["evm"]["bytecode"]["object"]


@pytest.mark.parametrize("arguments", [["compile"], ["test"]], ids=" ".join)
def test_ape_works_without_downloading_a_compiler(arguments: list[str], tmp_path: Path) -> None:
    environment = os.environ | {"SOLCX_BINARY_PATH": str(SHIM.parent), "HOME": str(tmp_path)}
    environment.pop("PYTEST_CURRENT_TEST", None)
    ape = Path(sys.executable).with_name("ape")
    done = subprocess.run([ape, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
