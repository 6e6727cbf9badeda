"""The house rules that a reader relies on, checked on the syntax tree of every module of the package."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "simulator"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Rooms by layer; imports point down or stay in their layer. The package itself is the face: it may import anything.
LAYERS = {
    0: ["errors", "nesting", "units"],
    1: ["scenario", "deployments"],
    2: ["prices", "oracle", "book", "agents", "gas", "screen", "valuation"],
    3: ["chain"],
    4: ["world"],
    5: ["simulate", "outcome", "trace", "market", "keeping", "ledger", "rows"],
    6: ["metrics", "manifest", "sweep", "snapshot"],
    7: ["report", "result", "running"],
    8: ["cli", "progress", "testing", "__main__", "__init__"],
}
LAYER_OF = {room: layer for layer, rooms in LAYERS.items() for room in rooms}

# In process, nothing of ape's, py-evm's or web3's is loaded: the glue to ape alone (`testing`) may.
NEVER = {"ape", "click", "eth", "eth_abi", "eth_account", "eth_tester", "eth_utils", "web3"}
LATER = {"pandas"}  # only where a frame is asked for: importing it costs more than a small run
FUNCTION_LINES = 60  # without the docstring
FILE_LINES = 350
VAGUE = {"utils", "util", "helpers", "helper", "manager", "data", "common", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


TREES = {file: ast.parse(file.read_text("utf8"), str(file)) for file in MODULES}
NAMES = {name_of(file) for file in MODULES}


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def nodes_of(tree: ast.AST, into_functions: bool) -> Iterator[ast.AST]:
    """Every node that runs: all but `if TYPE_CHECKING` blocks, and functions' bodies only if asked for."""
    for node in ast.iter_child_nodes(tree):
        if is_for_types_only(node) or (isinstance(node, Function) and not into_functions):
            continue
        yield node
        yield from nodes_of(node, into_functions)


def imported_by(file: Path, into_functions: bool) -> Iterator[str]:
    """Absolute names; `from a import b` is a.b where that is a module of the package."""
    package = name_of(file) if file.name == "__init__.py" else name_of(file).rpartition(".")[0]
    for node in nodes_of(TREES[file], into_functions):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if full in NAMES else base


def inside(file: Path, into_functions: bool) -> set[str]:
    return {name for name in imported_by(file, into_functions) if name in NAMES}


def test_every_room_has_a_layer() -> None:
    unknown = {room_of(name) for name in NAMES} - LAYER_OF.keys()
    assert not unknown, f"name the layer of {sorted(unknown)} in {Path(__file__).name}"


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_imports_point_down(file: Path) -> None:
    layer = LAYER_OF[room_of(name_of(file))]
    upward = [name for name in inside(file, into_functions=True) if LAYER_OF[room_of(name)] > layer]
    assert not upward, f"{name_of(file)} (layer {layer}) imports {upward} from above"


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_ape_and_web3_stay_out_and_pandas_comes_late(file: Path) -> None:
    if room_of(name_of(file)) == "testing":
        return
    always = {name.split(".")[0] for name in imported_by(file, into_functions=True)}
    at_once = {name.split(".")[0] for name in imported_by(file, into_functions=False)}
    assert not always & NEVER
    assert not at_once & LATER


def test_no_import_cycle() -> None:
    graph = {name_of(file): sorted(inside(file, into_functions=True) - {name_of(file)}) for file in MODULES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"import cycle: {' > '.join((*path[path.index(name) :], name))}"
        if name not in done:
            for target in graph[name]:
                visit(target, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def length(function: Function) -> int:
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    head = function.body[0].lineno - function.lineno
    return (function.end_lineno or 0) - first.lineno + 1 + head


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_functions_and_files_are_short(file: Path) -> None:
    functions = [node for node in ast.walk(TREES[file]) if isinstance(node, Function)]
    assert [f"{node.name}: {length(node)} lines" for node in functions if length(node) > FUNCTION_LINES] == []
    assert len(file.read_text("utf8").splitlines()) <= FILE_LINES


def is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in kinds)


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_no_broad_except_no_assert_no_blanket_silence(file: Path) -> None:
    nodes = list(ast.walk(TREES[file]))
    assert [node.lineno for node in nodes if isinstance(node, ast.ExceptHandler) and is_broad(node)] == []
    assert [node.lineno for node in nodes if isinstance(node, ast.Assert)] == []
    assert not re.findall(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)", file.read_text("utf8"))


def test_names_say_something() -> None:
    assert not {part for name in NAMES for part in name.split(".")} & VAGUE
