"""What pydantic found wrong, as one InputError in the words of the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from simulator.errors import InputError, NotBuilt, UnknownKey
from simulator.scenario.section import NAME
from simulator.scenario.suggest import nearest

_ALLOWED = {
    "missing": "a value; this key is required",
    "dict_type": "a mapping",
    "list_type": "a list",
    "model_type": "a mapping",
}


def refusal(error: ValidationError, raw: object) -> InputError:
    """The first thing wrong with `raw`, as the error to raise."""
    first = error.errors(include_url=False)[0]
    context: dict[str, Any] = first.get("ctx", {})
    whole = first["type"] == "unknown_key"
    path = _join(path_of(first["loc"], raw, whole=whole), str(context.get("suffix", "")))
    found = context.get("found", first["input"])
    if first["type"] == "unknown_key":
        known = context["known"]
        return UnknownKey(_join(path, context["key"]), context["key"], nearest(context["key"], known))
    if first["type"] == "not_built":
        return NotBuilt(path, found, context["built"])
    if first["type"] == "missing":
        found = None
    return InputError(path or "scenario", found, context.get("allowed") or _ALLOWED.get(first["type"], first["msg"]))


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path and rest else path or rest


def path_of(location: tuple[int | str, ...], raw: object, *, whole: bool = False) -> str:
    """Pydantic's location as a dotted path: list items by name if they have one, tags of unions left out.

    What stands last is a key, though it reads like a tag, unless a section as a `whole` is located.
    """
    parts: list[str] = []
    here, tag_seen = raw, False
    for place, part in enumerate(location, 1):
        key = place == len(location) and not whole and isinstance(here, Mapping) and part in here
        if part == "[key]" or (not tag_seen and not key and _is_tag(part, here)):
            tag_seen = True
            continue
        parts.append(item_name(here, part))
        here, tag_seen = _inside(here, part), False
    return ".".join(parts)


def _is_tag(part: int | str, here: object) -> bool:
    return isinstance(here, Mapping) and here.get("kind", None) == part


def item_name(container: object, part: int | str) -> str:
    """How a path names one item of `container`: a key, the `name` of a list's item if it is one, or its index."""
    item = _inside(container, part)
    if isinstance(part, int) and isinstance(item, Mapping) and NAME.fits(item.get("name")):
        return str(item["name"])
    return str(part)


def _inside(here: object, part: int | str) -> object:
    if isinstance(here, Mapping):
        return here.get(part)
    if isinstance(here, list) and isinstance(part, int) and part < len(here):
        return here[part]
    return None
