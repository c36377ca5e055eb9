"""What of grpc-python's distributions code needs: by what it imports, and by what the runtime asks of grpcio for it.

Where that depends on a value that is not written out, the distribution is needed: a clean-up must not break what runs.

Source: `grpc2connect_runtime.wire` and `channel_options`, 0.1.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grpc2connect.project.dependencies.names import GRPCIO, IMPORTED_AS
from grpc2connect.schema.stubs import parse_module
from grpc2connect.sources import python_of
from grpc2connect.vendor import PACKAGE

_ALWAYS = {
    "proto_messages": "messages that are made of a proto at run time are made by grpcio",
    "compute_engine_channel_credentials": "these credentials are grpcio's",
    "xds_channel_credentials": "these credentials are grpcio's",
    "xds_server_credentials": "these credentials are grpcio's",
    "client_on": "the channel may be one of grpcio",
    "stub_on": "the channel may be one of grpcio",
    "add_service_to": "the server may be one of grpcio",
}
_CHANNELS = frozenset({"insecure_channel", "secure_channel", "aio_insecure_channel", "aio_secure_channel"})
_SERVERS = frozenset({"Server", "AioServer"})
_HARMLESS = re.compile(
    r"grpc\.(?:max_(?:receive|send)_message_length|ssl_target_name_override|keepalive_\w+|http2\.\w+|\w+_backoff_ms"
    r"|max_metadata_size|so_reuseport|use_local_subchannel_pool|optimization_target)|SingleThreadedUnaryStream"
)
_HOST = re.compile(r"(?:dns:(?:///?)?)?[\w.\-\[\]:]*")
_PACKAGES = {package: name for name, packages in IMPORTED_AS.items() for package in packages}
_IMPORT = re.compile(rb"\bgrpc(?:_\w+)?\b|\bgrpc2connect_runtime\b")


@dataclass(frozen=True)
class Use:
    """A distribution that a line of a file needs, and why."""

    name: str
    path: Path
    line: int
    why: str


def of_python(path: Path) -> Iterator[Use]:
    """What a Python file needs; of one that cannot be read, everything that it mentions."""
    try:
        data, place, _ = python_of(path, "grpc")
    except OSError:
        return
    if not _IMPORT.search(data):
        return
    tree = parse_module(data)
    if tree is None:
        for name, packages in IMPORTED_AS.items():
            if any(re.search(rb"\b%s\b" % package.encode(), data) for package in packages):
                yield Use(name, path, 1, "this cannot be parsed and names it")
        return
    names = _runtime_names(tree)
    for node in ast.walk(tree):
        yield from (replace(one, line=place(one.line, 1)[0]) for one in _imported(node, path))
        if isinstance(node, ast.Call):
            called = _called(node, names)
            why = _of_call(called, node) if called else None
            if why:
                yield Use(GRPCIO, path, place(node.lineno, 1)[0], why)
        if isinstance(node, ast.ImportFrom | ast.Import) and names:
            for alias in node.names:
                if (
                    alias.name.partition(".")[0] == "multiprocessing"
                    or getattr(node, "module", "") == "multiprocessing"
                ):
                    yield Use(GRPCIO, path, place(node.lineno, 1)[0], "calls of forked processes are carried by grpcio")


def _imported(node: ast.AST, path: Path) -> Iterator[Use]:
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
        modules = [node.module]
    elif isinstance(node, ast.Call):  # `import_module("grpc")`, `patch("grpc.insecure_channel")`
        texts = (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))
        modules = [text for text in texts if re.fullmatch(r"[\w.]+", text)]
    for module in modules:
        name = _PACKAGES.get(module.partition(".")[0])
        if name is not None:
            yield Use(name, path, getattr(node, "lineno", 1), f"`{module}` is used")


def _runtime_names(tree: ast.Module) -> dict[str, str]:
    """Local names of what is imported from the runtime; `` for the runtime itself."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and PACKAGE in (node.module or "").split("."):
            found.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.Import):
            found.update({(one.asname or one.name): "" for one in node.names if one.name.split(".")[-1] == PACKAGE})
    return found


def _called(node: ast.Call, names: dict[str, str]) -> str:
    if isinstance(node.func, ast.Name):
        return names.get(node.func.id, "")
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.attr if names.get(node.func.value.id) == "" else ""
    return ""


def _of_call(called: str, node: ast.Call) -> str | None:
    """Why a call of the runtime needs grpcio, or may."""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if called in _ALWAYS:
        return _ALWAYS[called]
    if called in _SERVERS:
        wire, xds = keywords.get("wire"), keywords.get("xds")
        if wire is not None and not (isinstance(wire, ast.Constant) and wire.value in ("connect", None)):
            return "this server's ports are grpcio's (`--serve single` has it otherwise)"
        if xds is not None and not (isinstance(xds, ast.Constant) and not xds.value):
            return "this server is configured by xDS"
        return "its settings are not written out" if None in keywords else None
    if called not in _CHANNELS:
        return None
    target = node.args[0] if node.args else keywords.get("target")
    if "secure" in called and "insecure" not in called:
        return "some certificates are only taken by grpcio"
    if target is None or None in keywords or not _is_host(target):
        return "its target may be one that only grpcio takes (unix:, xds:, several addresses)"
    position = 1
    options = keywords.get("options") or (node.args[position] if len(node.args) > position else None)
    if options is None or (isinstance(options, ast.Constant) and options.value is None):
        return None
    written = [
        item.elts[0].value
        for item in (options.elts if isinstance(options, ast.List | ast.Tuple) else ())
        if isinstance(item, ast.Tuple) and item.elts and isinstance(item.elts[0], ast.Constant)
    ]
    known = isinstance(options, ast.List | ast.Tuple) and len(written) == len(options.elts)
    if known and all(_HARMLESS.fullmatch(str(one)) for one in written):
        return None
    return "one of its options may be one that only grpcio has"


def _is_host(node: ast.expr) -> bool:
    """Whether a target is certainly one host and port."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and _HOST.fullmatch(node.value) is not None and not _scheme(node.value)
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        start = str(node.values[0].value)
        return re.fullmatch(r"[\w.\-]+:", start) is not None and not _scheme(start + "1")
    return False


def _scheme(target: str) -> bool:
    return target.partition(":")[0] in ("unix", "unix-abstract", "vsock", "xds", "ipv4", "ipv6", "google-c2p")
