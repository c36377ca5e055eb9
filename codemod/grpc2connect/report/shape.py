"""Whether data read from a file has the shape of a type, and the JSON schema of one: made of `TypedDict`s alone."""

from __future__ import annotations

import inspect
import types
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

_PLAIN = {str: "string", int: "integer", bool: "boolean"}


class WrongShape(Exception):
    """What does not fit, and where: one line."""


def check(value: object, wanted: Any, where: str = "") -> None:
    """Raise `WrongShape` unless `value` is one of `wanted`; keys that nobody knows are let through."""
    wanted = _bare(wanted)
    if is_typeddict(wanted):
        if not isinstance(value, dict):
            raise WrongShape(f"{where or 'the report'} is not an object")
        for name, hint in _hints(wanted).items():
            inner = f"{where}.{name}" if where else name
            if name in value:
                check(value[name], hint, inner)
            elif get_origin(hint) is not NotRequired:
                raise WrongShape(f"{inner} is missing")
    elif get_origin(wanted) is list:
        if not isinstance(value, list):
            raise WrongShape(f"{where} is not a list")
        (hint,) = get_args(wanted)
        for index, one in enumerate(value):
            check(one, hint, f"{where}[{index}]")
    elif get_origin(wanted) is dict:
        if not isinstance(value, dict):
            raise WrongShape(f"{where} is not an object")
        for key, one in value.items():
            check(one, get_args(wanted)[1], f"{where}[{key!r}]")
    elif get_origin(wanted) is Literal:
        if value not in get_args(wanted):
            raise WrongShape(f"{where} is {value!r}; known are {', '.join(get_args(wanted))}")
    elif type(value) is not wanted:  # True is no number here
        raise WrongShape(f"{where} is no {_PLAIN[wanted]}")


def schema(root: Any, identifier: str) -> dict[str, Any]:
    """The JSON schema (2020-12) of `root`, with the docstrings and annotations of the types as descriptions."""
    definitions: dict[str, Any] = {}
    body = _object(root, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identifier,
        "title": inspect.cleandoc(root.__doc__ or "").rstrip("."),
        **body,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = _hints(kind)
    return {
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "type": "object",
        "properties": {name: _schema(hint, definitions) for name, hint in hints.items()},
        "required": [name for name, hint in hints.items() if get_origin(hint) is not NotRequired],
    }


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    said = _description(hint)
    hint = _bare(hint)
    if is_typeddict(hint):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}
            definitions[hint.__name__] = _object(hint, definitions)
        made: dict[str, Any] = {"$ref": f"#/$defs/{hint.__name__}"}
    elif get_origin(hint) is list:
        made = {"type": "array", "items": _schema(get_args(hint)[0], definitions)}
    elif get_origin(hint) is dict:
        made = {"type": "object", "additionalProperties": _schema(get_args(hint)[1], definitions)}
    elif get_origin(hint) is Literal:
        made = {"enum": list(get_args(hint))}
    else:
        made = {"type": _PLAIN[hint]}
    return {**made, **({"description": said} if said else {})}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _bare(hint: Any) -> Any:
    while get_origin(hint) in (Annotated, NotRequired):
        hint = get_args(hint)[0]
    assert not isinstance(hint, types.UnionType), "a field has one type"
    return hint


def _description(hint: Any) -> str:
    while get_origin(hint) is NotRequired:
        hint = get_args(hint)[0]
    return str(get_args(hint)[1]) if get_origin(hint) is Annotated else ""
