"""The real protocols' contracts: made once, pinned, complete, linked, and nowhere but in the build folder."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eth_hash.auto import keccak

from simulator.chain.artifact import parse, real
from simulator.chain.revm import RevmChain
from simulator.errors import ChainError
from simulator.world.builder import Builder

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "toolchain" / "protocols.py"
BUILT = ROOT / ".build" / "protocols"
PACKAGES: dict[str, dict[str, Any]] = json.loads((ROOT / "toolchain" / "protocols.json").read_text("utf8"))
LOCK: dict[str, Any] = json.loads((ROOT / "package-lock.json").read_text("utf8"))["packages"]
CONTRACTS = [(file.parent.name, file.stem) for file in sorted(BUILT.glob("*/*.json"))]


@pytest.fixture(scope="module")
def protocols() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOL.parent))
        spec = importlib.util.spec_from_file_location("protocols", TOOL)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def test_a_second_run_compiles_nothing() -> None:
    before = {file: file.stat().st_mtime_ns for file in BUILT.glob("*/*")}
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, timeout=60, env={"PATH": ""})
    assert (done.returncode, done.stdout, done.stderr) == (0, "protocols: up to date\n", "")
    assert {file: file.stat().st_mtime_ns for file in BUILT.glob("*/*")} == before


def test_what_a_package_follows_from_is_in_its_digest(protocols: ModuleType) -> None:
    """Settings, versions, and the integrity of each npm package that has a part in it."""
    aave = PACKAGES["aave-v3"]
    pinned = protocols.content_digest(aave, LOCK)
    others = [{**aave, "settings": {**aave["settings"], "optimizer": {"enabled": True, "runs": 201}}}]
    digests = [protocols.content_digest(other, LOCK) for other in others]
    for name in ("@aave-dao/aave-v3-origin", "@openzeppelin/contracts", "@bgd-labs/solidity-utils", "solc-0.8.27"):
        digests.append(protocols.content_digest(aave, {**LOCK, f"node_modules/{name}": {"integrity": "sha512-other"}}))
    assert pinned == protocols.content_digest(aave, dict(LOCK))
    assert len({pinned, *digests}) == 6


def test_a_changed_setting_makes_that_package_again(protocols: ModuleType, tmp_path: Path) -> None:
    """The package that ships its artifacts takes no compiler, so this is quick."""
    pair = PACKAGES["uniswap-v2"]
    assert protocols.build("pair", pair, LOCK, tmp_path)
    assert not protocols.build("pair", pair, LOCK, tmp_path)
    assert protocols.build("pair", {**pair, "licence": "none"}, LOCK, tmp_path)
    (tmp_path / "pair" / "UniswapV2Pair.json").unlink()
    assert protocols.build("pair", pair, LOCK, tmp_path)


def test_every_npm_package_has_its_exact_version_pinned() -> None:
    dependencies = json.loads((ROOT / "package.json").read_text("utf8"))["devDependencies"]
    for package in PACKAGES.values():
        pinned = package["version"] if "tarball" in package else dependencies[package["npm"]]
        assert pinned == package["version"] and re.fullmatch(r"\d+\.\d+\.\d+", pinned)
    compilers = {package["compiler"] for package in PACKAGES.values() if "compiler" in package}
    assert {name: dependencies[name] for name in compilers} == {
        name: name.replace("solc-", "npm:solc@") for name in compilers
    }


def test_another_installed_version_is_refused(protocols: ModuleType) -> None:
    with pytest.raises(protocols.CompileFailed, match=r"found 1\.0\.1; allowed: 9\.9\.9"):
        protocols.check_installed({**PACKAGES["uniswap-v2"], "version": "9.9.9"})


def test_a_tarball_with_another_hash_is_refused_and_not_kept(protocols: ModuleType, tmp_path: Path) -> None:
    archive = tmp_path / "some.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(protocols.CompileFailed, match=r"some\.tgz: found sha512-.*; allowed: sha512-lqfSEtEGl19"):
        protocols.check_integrity(archive, PACKAGES["compound-v2"]["tarball"])
    assert not archive.exists()


def test_the_right_hash_of_a_tarball_passes(protocols: ModuleType, tmp_path: Path) -> None:
    """SHA-512 of the empty text, as its standard gives it, in base 64."""
    archive = tmp_path / "empty.tgz"
    archive.touch()
    empty = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
    protocols.check_integrity(archive, f"sha512-{empty}")
    assert archive.exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_each_artifact_says_where_it_comes_from(package: str) -> None:
    wanted = {key: PACKAGES[package][key] for key in ("npm", "version", "licence")}
    found = [json.loads(file.read_text("utf8")) for file in (BUILT / package).glob("*.json")]
    assert found and all(content["source"] == wanted and content["package"] == package for content in found)


def test_each_wanted_contract_was_made() -> None:
    assert {package for package, _ in CONTRACTS} == set(PACKAGES)
    for name, package in PACKAGES.items():
        wanted = {contract for names in package.get("roots", {}).values() for contract in names}
        assert {contract for made, contract in CONTRACTS if made == name} == wanted | package.get("shipped", {}).keys()


@pytest.mark.parametrize(("package", "contract"), CONTRACTS, ids="/".join)
def test_each_artifact_loads_and_links(package: str, contract: str) -> None:
    artifact = real(package, contract)
    assert artifact.name == f"{package}/{contract}" and artifact.bytecode and artifact.deployed and artifact.solc
    assert "__$" not in (BUILT / package / f"{contract}.json").read_text("utf8")
    address = "0x" + "5a" * 20
    linked = artifact.linked(dict.fromkeys(artifact.links, address))
    assert not linked.links
    for code, before, kind in ((linked.bytecode, artifact.bytecode, 0), (linked.deployed, artifact.deployed, 1)):
        places = [place for found in artifact.links.values() for place in found[kind]]
        assert all(code[place : place + 20] == bytes.fromhex(address[2:]) for place in places)
        assert code.count(b"\x5a" * 20) == len(places) and len(code) == len(before)


def test_the_pool_links_each_of_its_libraries() -> None:
    """Also those that another library calls: the flash loans borrow."""
    links = {name: set(real("aave-v3", name).links) for name in ("PoolInstance", "FlashLoanLogic")}
    assert links == {
        "PoolInstance": {"BorrowLogic", "FlashLoanLogic", "LiquidationLogic", "PoolLogic", "SupplyLogic"},
        "FlashLoanLogic": {"BorrowLogic"},
    }


def test_a_library_too_few_or_too_many_is_refused() -> None:
    logic, pair = real("aave-v3", "FlashLoanLogic"), real("uniswap-v2", "UniswapV2Pair")
    with pytest.raises(ChainError, match="found libraries none; allowed: BorrowLogic"):
        logic.linked({})
    with pytest.raises(ChainError, match="found libraries Other; allowed: none"):
        pair.linked({"Other": "0x" + "00" * 20})


def test_a_library_stands_before_what_is_linked_to_it() -> None:
    build = Builder(RevmChain(), 1_700_000_000)
    logic = real("aave-v3", "FlashLoanLogic")
    with pytest.raises(ChainError, match="aave-v3/FlashLoanLogic: found no addresses of BorrowLogic"):
        build.deploy_artifact(logic, "")
    library = build.deploy_artifact(real("aave-v3", "BorrowLogic"), "")
    assert build.deploy_artifact(logic.linked({"BorrowLogic": library}), "twin") != library
    assert {"aave-v3/BorrowLogic", "aave-v3/FlashLoanLogic:twin"} <= build.code_hashes.keys()


def test_the_reasons_of_a_refusal_have_names() -> None:
    """Aave's refusals are custom errors of a library, which the pool's own interface leaves out: a healthy account's
    is 0x930bb771, as seen on the chain. Morpho's events stand in a library too."""
    pool = real("aave-v3", "PoolInstance")
    assert pool.error(bytes.fromhex("930bb771")) == "HealthFactorNotBelowThreshold()"
    topic = "Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)"
    assert topic in real("morpho-blue", "Morpho").events


def test_the_compilers_are_those_of_the_deployments() -> None:
    found = {package: real(package, contract).solc.partition("+")[0] for package, contract in CONTRACTS}
    assert found == {
        "aave-v3": "0.8.27",
        "morpho-blue": "0.8.19",
        "uniswap-v2": "0.5.16",
        "uniswap-v3": "0.7.6",
        "compound-v2": "0.5.16",
    }


def test_uniswaps_creation_code_is_that_of_mainnet() -> None:
    """Its factories' addresses of pairs and pools follow from these two hashes, which its periphery fixes."""
    hashes = {
        contract: keccak(real(package, contract).bytecode).hex()
        for package, contract in (("uniswap-v2", "UniswapV2Pair"), ("uniswap-v3", "UniswapV3Pool"))
    }
    assert hashes == {
        "UniswapV2Pair": "96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f",
        "UniswapV3Pool": "e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54",
    }


def test_what_was_not_made_says_how_to_make_it() -> None:
    with pytest.raises(ChainError, match=r"aave-v3/Nothing\.json: found nothing; allowed: .*`make protocols`"):
        real("aave-v3", "Nothing")


def test_no_link_is_needed_for_our_own(tmp_path: Path) -> None:
    own = json.loads((ROOT / "simulator" / "artifacts" / "Token.json").read_text("utf8"))
    artifact = parse(own)
    assert (artifact.name, artifact.package, artifact.links, artifact.linked({})) == ("Token", "", {}, artifact)


def test_git_has_nothing_of_it() -> None:
    def git(*arguments: str) -> list[str]:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.splitlines()

    known = git("ls-files", "--cached", "--others", "--exclude-standard")
    assert not [name for name in known if name.startswith(".build/")]
    contracts = {contract for _, contract in CONTRACTS}
    assert not [name for name in known if name.endswith(".json") and Path(name).stem in contracts]
