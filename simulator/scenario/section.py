"""The base of every section of a scenario, and the scalar types that sections share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from simulator.scenario.scalars import duration, not_built, number, refuse, words

Ratio = Annotated[Decimal, number("[0, 1]")]
"""A plain share, 0.83 for 83 %."""
Part = Annotated[Decimal, number("[0, 1)")]
"""A share that is never the whole."""
Usd = Annotated[Decimal, number("[0, 1e15)", places=8)]
"""An amount of money [USD]."""
Tokens = Annotated[Decimal, number("[0, 1e15)")]
"""An amount in whole tokens."""
Price = Annotated[Decimal, number("[0.00000001, 1e12)", noun="a price")]
"""A price [USD per whole token]."""
Duration = Annotated[int, duration()]
"""A length of time [s]."""
AssetName = Annotated[
    str, words(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,31}", "an asset's name: 1 to 32 of letters, digits, _ + -")
]
Address = Annotated[str, words(r"0x[0-9a-fA-F]{40}", "an address: 0x and 40 hex digits")]
"""Where something stands on a chain."""
NAME: Final = words(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,63}", "a name: 1 to 64 of letters, digits, _ + -")
Name = Annotated[str, NAME]


class Section(BaseModel):
    """A mapping with known keys. A key without a value takes its default, if it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    planned_keys: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: object) -> dict[str, Any]:
        required = keys_of(cls)
        if not isinstance(value, Mapping):
            refuse(f"a mapping with the keys {', '.join(required)}")
        for key in value:
            if key in cls.planned_keys:
                not_built(cls.planned_keys[key], suffix=key, found=value[key])
            if key not in required:
                raise PydanticCustomError("unknown_key", "{key}", {"key": key, "known": list(required)})
        return {key: item for key, item in value.items() if item is not None or required[key]}


@cache
def keys_of(section: type[BaseModel]) -> dict[str, bool]:
    """The keys of a section as a scenario spells them, and whether each must be given."""
    return {field.alias or name: field.is_required() for name, field in section.model_fields.items()}


def kinds(built: tuple[str, ...], planned: tuple[str, ...] = ()) -> BeforeValidator:
    """Check the `kind` of a mapping before pydantic picks the section by it."""

    def check(value: object) -> object:
        if not isinstance(value, Mapping):
            refuse(f"a mapping with the key kind: {', '.join(built)}")
        kind = value.get("kind")
        if kind in planned:
            not_built(", ".join(built), suffix="kind", found=kind)
        if kind not in built:
            refuse(", ".join(built), suffix="kind", found=kind)
        return value

    return BeforeValidator(check)
