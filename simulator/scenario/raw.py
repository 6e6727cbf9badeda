"""A scenario before it has types: nested dicts, lists, text and None."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulator.errors import InputError, UnknownKey
from simulator.scenario.refusal import item_name
from simulator.scenario.scalars import plain
from simulator.scenario.suggest import nearest


def normal(value: object, path: str = "") -> Any:
    """`value` as nested dicts, lists, text and None; raises InputError naming a binary float or a strange key."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {_key(key, path): normal(item, _join(path, str(key))) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [normal(item, _join(path, str(index))) for index, item in enumerate(value)]
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return plain(value)
    raise InputError(path or "scenario", value, "text, an int or a Decimal (never a binary float), a list or a mapping")


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise InputError(path or "scenario", key, "keys that are text")
    return key


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _keys(container: object) -> list[str]:
    """The dotted names of what is inside a mapping or list."""
    if isinstance(container, Mapping):
        return [str(key) for key in container]
    if isinstance(container, list):
        return [item_name(container, index) for index in range(len(container))]
    return []


def _step(container: object, part: str, path: str) -> str | int:
    """The key or index that `part` means inside `container`; raises UnknownKey."""
    if isinstance(container, list):
        names = _keys(container)
        if part in names:
            return names.index(part)
        if part.isascii() and part.isdigit() and int(part) < len(container):
            return int(part)
    if isinstance(container, Mapping) and part in container:
        return part
    raise UnknownKey(path, part, nearest(part, _keys(container)))


def contains(resolved: dict[str, Any], target: str, path: str) -> None:
    """Raise UnknownKey at `path` unless the dotted `target` names something in `resolved`."""
    here: Any = resolved
    for part in target.split("."):
        here = here[_step(here, part, path)]


def change(raw: dict[str, Any], resolved: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of `raw` with `value` at dotted `path`; what `raw` left to a default is taken from `resolved`.

    All but the last part of `path` must name something; the last may be new in a mapping. Raises UnknownKey, or
    InputError for a path with nothing between two dots or at an end.
    """
    if path and not all(path.split(".")):
        raise InputError(path, path, "keys joined by single dots, such as clock.step")
    first, _, rest = path.partition(".")
    return _changed(raw, resolved, first, rest, value, first)  # type: ignore[no-any-return]


def _changed(raw: Any, resolved: Any, part: str, rest: str, value: object, path: str) -> Any:
    new_key = not rest and isinstance(resolved, Mapping)
    key = part if new_key else _step(resolved, part, path)
    if rest:
        following, _, after = rest.partition(".")
        default = resolved[key]
        inner = _inner(raw, key, default)
        value = _changed(inner, default, following, after, value, f"{path}.{following}")
    copy: Any = raw.copy()
    copy[key] = value
    return copy


def _inner(raw: Any, key: str | int, default: Any) -> Any:
    """The section under `key`: as written, or as resolved if it was left out or a number stands for it."""
    found = raw.get(key) if isinstance(raw, Mapping) else raw[key]
    return found if isinstance(found, (dict, list)) else default
