"""What every part of a configuration is, and how plain values are checked against it."""

from __future__ import annotations

import difflib
import json
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from speechrnn.errors import ConfigError

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Section(BaseModel):
    """A part of the configuration: unknown keys and wrong types are errors, values are fixed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


AnySection = TypeVar("AnySection", bound=Section)


def parse_section(kind: type[AnySection], tree: dict[str, Any], where: str) -> AnySection:
    """Check a tree of plain values against a section of any kind.

    Args:
        kind: What is expected.
        tree: The values.
        where: Names their origin in errors.

    Raises:
        ConfigError: Unknown key, wrong type, value out of range.
    """
    try:
        # JSON mode lets a strict model take lists for tuples.
        return kind.model_validate_json(_to_json(tree, where))
    except ValidationError as fault:
        raise ConfigError(f"{where}: {_first_fault(fault, kind)}") from None


def _to_json(tree: dict[str, Any], where: str) -> str:
    try:
        return json.dumps(tree)
    except TypeError as fault:
        raise ConfigError(f"{where}: {fault}; use text, numbers, lists and sections") from None


def _first_fault(fault: ValidationError, kind: type[BaseModel]) -> str:
    # A misspelt key also shows as a missing one: name the misspelling first.
    error = min(fault.errors(), key=lambda error: error["type"] != "extra_forbidden")
    place = [str(part) for part in error["loc"]]
    name = ".".join(place)
    if error["type"] == "extra_forbidden":
        known = list(_section_at(kind, place[:-1]).model_fields)
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return f"unknown key {name!r}; {hint}"
    message = error["msg"].removeprefix("Value error, ")
    got = error.get("input")
    shown = "" if isinstance(got, dict) else f", got {got!r}"
    return f"{name or 'configuration'}: {message[:1].lower()}{message[1:]}{shown}"


def _section_at(kind: type[BaseModel], place: list[str]) -> type[BaseModel]:
    section = kind
    for part in place:
        if part in section.model_fields:
            annotation = section.model_fields[part].annotation
            element = next(iter(get_args(annotation)), annotation)  # of a list
            if isinstance(element, type) and issubclass(element, BaseModel):
                section = element
    return section
