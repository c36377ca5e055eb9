"""Fits the imports of a generated module to the layout that its repository has.

Source of the facts: `protoc-gen-connectrpc` 0.13 writes `from .x_pb2 import ...` for messages of the same file and
`from pkg.v1.y_pb2 import ...` for those of others, whatever the layout is; gRPC's stubs know better.
"""

from __future__ import annotations

import re

from grpc2connect.schema import GrpcModule, MessagePlace, Schema
from grpc2connect.schema.naming import HARD_KEYWORDS, module_name

RUNTIME = "grpc2connect_runtime"
_IMPORT = re.compile(r"^from (?P<dots>\.*)(?P<module>[\w.]*_pb2) import ", re.MULTILINE)


_FOR_CHECKERS = "# pyright: reportDeprecated=false"
_QUIET = "# pyright: basic, reportDeprecated=false, reportAttributeAccessIssue=false, reportInvalidTypeForm=false"
_QUIET += "\n# mypy: ignore-errors"
"""What type checkers are told: messages modules without a `.pyi` beside them show no names."""


_HANDLER = re.compile(r"\bctx: RequestContext\[[^\]]*\], /\) -> [^\n]+:$", re.MULTILINE)
_TYPING = "from typing import Protocol, TYPE_CHECKING\n"


class CannotImport(Exception):
    """No `from` statement can name the messages module; the message is one line that says why."""


def fit_imports(text: str, module: GrpcModule, schema: Schema) -> str:
    """The generated `text` of `module` with its messages imported as its layout needs. Raises `CannotImport`."""
    own = _written(MessagePlace(module.proto, ""), module, schema)
    others = {}
    for service in module.services:
        for method in service.methods:
            for place in (method.input_place, method.output_place):
                if place is None:
                    continue
                written = _written(place, module, schema)
                if place.proto == module.proto:
                    own = written
                else:
                    others[module_name(place.proto, "_pb2")] = written

    def fit(found: re.Match[str]) -> str:
        written = own if found["dots"] else others.get(found["module"], found["module"])
        if HARD_KEYWORDS.intersection(written.split(".")):
            raise CannotImport(f"{written} has a Python keyword in its name, so it cannot be imported from")
        return f"from {written} import "

    return _loosened(_IMPORT.sub(fit, text).replace(_FOR_CHECKERS, _QUIET, 1))


def _loosened(text: str) -> str:
    """The text with handlers' contexts and results of any type, as gRPC's servicers, which have no types, have them.

    Else a handler that says the runtime's context, which has more, would not override them for a type checker, and
    neither would one that sets a code and returns None, as gRPC allows.
    """
    if _TYPING not in text:
        return text
    return _HANDLER.sub("ctx: _Any, /) -> _Any:", text).replace(
        _TYPING, f"from typing import Any as _Any, {_TYPING[19:]}", 1
    )


def with_messages_made(text: str, module: GrpcModule) -> str:
    """The generated `text` of a module whose messages are made when the program runs: before they are imported."""
    first = _IMPORT.search(text)
    if first is None:
        return text
    made = f'from {RUNTIME} import proto_messages\n\nproto_messages("{module.proto}")\n'
    return f"{text[: first.start()]}{made}{text[first.start() :]}"


def _written(place: MessagePlace, module: GrpcModule, schema: Schema) -> str:
    """The messages module of `place` as a `from` statement in the twin of `module` has to name it."""
    if place.source is not None:
        if not module.installed:
            return place.source.written
        # The twin stands elsewhere, so relative names have to become absolute.
        folders = (module.dotted or "").split(".")[: -place.source.level] if place.source.level else []
        return ".".join([*folders, place.source.module])
    if module.path is None or module.installed:
        return _by_import_name(place, module, schema)
    if place.proto != module.proto:
        return module_name(place.proto, "_pb2")
    stem = module.path.stem.removesuffix("_grpc")
    own = next((one for one in module.pb2_imports if one.module.rpartition(".")[2] == stem), None)
    if own is not None:
        return own.written
    return f".{stem}" if (module.path.parent / "__init__.py").is_file() else stem


def _by_import_name(place: MessagePlace, module: GrpcModule, schema: Schema) -> str:
    """The same where there are no stubs to look at: as the stubs' import name suggests."""
    dotted = module.dotted or module_name(module.proto, "_pb2_grpc")
    if place.proto == module.proto:
        return dotted.removesuffix("_grpc")
    plain = module_name(place.proto, "_pb2")
    if not schema.has_proto(place.proto):
        return plain
    mine = module_name(module.proto, "_pb2_grpc")
    if dotted == mine or dotted.endswith(f".{mine}"):
        return dotted.removesuffix(mine) + plain
    if place.proto.rpartition("/")[0] == module.proto.rpartition("/")[0]:
        return ".".join([*dotted.split(".")[:-1], plain.rpartition(".")[2]])
    return plain
