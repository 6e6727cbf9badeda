"""YAML in and out, without types: every scalar is text, and only a plain `null`, `~` or nothing at all is None.

Tags (`!!int`) would say a type, so they are refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import yaml

from simulator.errors import InputError

_DEEPEST: Final = 30
_MOST_NODES: Final = 2_000_000
_MOST: Final = f"{_DEEPEST} levels, {_MOST_NODES} values"
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_PLAIN: Final = re.compile(r"-?[A-Za-z0-9_.]([A-Za-z0-9_.+/:-]*[A-Za-z0-9_])?")
_BaseLoader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_UNTAGGED: Final = ""


class _Loader(_BaseLoader):  # type: ignore[misc]
    """Composes nodes whose tag is empty unless the text gives one; bounded, since composing is recursive, and in C."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.nodes = 0

    def descend_resolver(self, parent: yaml.Node | None, index: object) -> None:
        """Called on the way into each node, whose `parent` is None for the whole document."""
        self.depth += 1
        self.nodes += 1
        if self.depth > _DEEPEST + 1 or self.nodes > _MOST_NODES:
            raise _TooMuch(parent.start_mark.line + 1 if parent else 1)

    def ascend_resolver(self) -> None:
        """Called on the way out of each node."""
        self.depth -= 1

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        """The tag of a node that has none."""
        return _UNTAGGED


class _TooMuch(Exception):
    """More levels or values than are read, at the line that is its argument."""


def parse_yaml(text: str, where: str) -> object:
    """Text, list, dict or None; raises InputError naming `where`, or the path of a duplicate key or of a tag."""
    node = _composed(text, where)
    return None if node is None else _Reading(where).value(node, "", 0)


def parse_value(text: str, path: str) -> object:
    """As `parse_yaml`, for one value that goes to `path`: it may hold no comment and must say something."""
    value = parse_yaml(text, path)
    if "#" in text and "#" in _outside_scalars(text):
        raise InputError(path, text, "a value without a comment; text that holds # stands in quotes")
    if value is None and text.strip() not in _NULLS - {""}:
        raise InputError(path, text, "a value, or null for none")
    return value


def _outside_scalars(text: str) -> str:
    """What is left of valid YAML without its scalars."""
    spans = [
        (token.start_mark.index, token.end_mark.index)
        for token in yaml.scan(text, Loader=_BaseLoader)
        if isinstance(token, yaml.ScalarToken)
    ]
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(text)]
    return " ".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _composed(text: str, where: str) -> yaml.Node | None:
    try:
        return _Loader(text).get_single_node()  # type: ignore[no-any-return]
    except _TooMuch as error:
        raise InputError(f"{where} line {error.args[0]}", "too much", _MOST) from None
    except yaml.MarkedYAMLError as error:
        raise InputError(_place(where, error), str(error.problem), "valid YAML, one document") from None
    except yaml.YAMLError as error:
        raise InputError(where, " ".join(str(error).split()), "valid YAML, one document") from None


def _place(where: str, error: yaml.MarkedYAMLError) -> str:
    return f"{where} line {error.problem_mark.line + 1}" if error.problem_mark else where


class _Reading:
    """One walk over the nodes of a document, bounded in depth and size (an alias may repeat what it names)."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.nodes = 0

    def value(self, node: yaml.Node, path: str, depth: int) -> object:
        self.nodes += 1
        if depth > _DEEPEST or self.nodes > _MOST_NODES:
            raise InputError(path or self.where, "too much", _MOST)
        self._untagged(node, path)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, f"{path}.{index}", depth + 1) for index, each in enumerate(node.value)]
        quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
        return node.value if quoted or node.value not in _NULLS else None

    def _untagged(self, node: yaml.Node, path: str) -> None:
        if node.tag != _UNTAGGED:
            raise InputError(path or self.where, node.tag, "YAML without tags")

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError(path or self.where, "a key that is a list or mapping", "keys that are text")
            key = str(key_node.value)
            inner = f"{path}.{key}" if path else key
            self._untagged(key_node, inner)
            if key in found:
                line = key_node.start_mark.line + 1
                raise InputError(inner, f"{key} again, at line {line}", "each key once")
            found[key] = self.value(value_node, inner, depth + 1)
        return found


def write_yaml(plain: object) -> str:
    """Text that `parse_yaml` reads back as `plain` (dicts, lists, text and None); block style, short lists in flow."""
    return "".join(f"{line}\n" for line in _block(plain, 0))


def _block(value: object, indent: int) -> list[str]:
    pad = " " * indent
    lines: list[str] = []
    if isinstance(value, dict) and value:
        for key, item in value.items():
            lines += _entry(f"{pad}{_scalar(key)}:", item, indent)
    elif isinstance(value, list) and value:
        for item in value:
            lines += _entry(f"{pad}-", item, indent)
    return lines


def _entry(head: str, item: object, indent: int) -> list[str]:
    flow = _flow(item)
    if not isinstance(item, (dict, list)) or not item or len(head) + len(flow) < 118:
        return [f"{head} {flow}"]
    return [head, *_block(item, indent + 2)]


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return "null" if value is None else _scalar(str(value))


def _scalar(text: str) -> str:
    """Text plain where that is safe, double-quoted otherwise."""
    if text not in _NULLS and _PLAIN.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)
