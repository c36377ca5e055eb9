"""What a migrated project serves, read from its files: services, servers, applications. Nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

KINDS = {
    "UNARY": "unary",
    "CLIENT_STREAM": "client_stream",
    "SERVER_STREAM": "server_stream",
    "BIDI_STREAM": "bidi",
}
"""connectrpc's stream types, and what this package calls them, in the order of tables."""

_RUNTIME = "grpc2connect_runtime"
_SERVERS = {"Server": "sync", "AioServer": "aio"}
_ENDINGS = ("ASGIApplication", "WSGIApplication")


@dataclass(frozen=True)
class Service:
    """A service of a `*_connect.py`: its full name, and its methods with the kind of each."""

    name: str
    module: str
    methods: Mapping[str, str]

    def count(self, kind: str) -> int:
        """How many methods are of a kind."""
        return sum(one == kind for one in self.methods.values())


@dataclass(frozen=True)
class Registration:
    """One `server.add_service(application, servicer)`: the service, the calls in it, and how its handlers run."""

    service: Service
    application: str
    servicer: ast.expr
    line: int
    handlers: str = ""


@dataclass(frozen=True)
class Source:
    """A parsed file; `name` is its dotted name, `imports` says where its names come from (module, name or None)."""

    path: Path
    name: str
    text: str
    tree: ast.Module
    imports: Mapping[str, tuple[str, str | None]]

    @property
    def root(self) -> Path:
        """The folder that its name counts from."""
        depth = self.name.count(".") + (self.path.name == "__init__.py")
        return self.path.parents[depth]

    @property
    def is_main(self) -> bool:
        """Whether `python -m` of it does something."""
        return self.path.name == "__main__.py" or any(is_guard(node) for node in self.tree.body)

    @property
    def starts_when_imported(self) -> bool:
        """Whether importing it calls functions of its own, or runs an event loop."""
        own = {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        statements = [node for node in self.tree.body if isinstance(node, ast.Expr)]
        calls = [call for node in statements for call in ast.walk(node) if isinstance(call, ast.Call)]
        return any(_last(call.func) in own or dotted(call.func) == "asyncio.run" for call in calls)


@dataclass(frozen=True)
class Program:
    """A server object that a function, or a module, makes.

    Attributes:
        source: the file.
        function: where it is made; None: at module level.
        server: the call that makes it.
        kind: "sync" or "aio".
        name: what it is bound to.
        registrations: what it serves.
        starter: the module to run it with (`python -m`); empty if none is found.
        applications: for "app" and "wsgi_app" the module's own name for it, where it has one.
    """

    source: Source
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    server: ast.Call
    kind: str
    name: str
    registrations: tuple[Registration, ...]
    starter: str = ""
    applications: Mapping[str, str] = field(default_factory=dict)

    @property
    def wire(self) -> str:
        """What its ports are served by, unless the environment says otherwise: "grpcio" or "connect"."""
        for keyword in self.server.keywords:
            if keyword.arg == "wire" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
        return "connect"

    @property
    def kinds(self) -> list[str]:
        """The kinds of its RPCs, in the order of tables."""
        found = {kind for one in self.registrations for kind in one.service.methods.values()}
        return [kind for kind in KINDS.values() if kind in found]


@dataclass(frozen=True)
class Project:
    """All of it. `applications` are generated ones that modules make, as `module:name`, with their services."""

    programs: tuple[Program, ...] = ()
    services: tuple[Service, ...] = ()
    applications: Mapping[str, Service] = field(default_factory=dict)
    elsewhere: tuple[tuple[Source, Registration], ...] = ()
    handed: tuple[tuple[Source, int], ...] = ()
    """Files and lines of servers that are made for services which callers hand over."""


def is_guard(node: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__":`."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


def dotted(node: ast.expr) -> str:
    """The dotted name that an expression is; empty if it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr}"
    return ""


def _last(node: ast.expr) -> str:
    return dotted(node).rpartition(".")[2]


def imports_of(tree: ast.AST, name: str, *, is_package: bool) -> dict[str, tuple[str, str | None]]:
    """Where the names of a module come from: (module, name in it), or (module, None) for a module as a whole."""
    found: dict[str, tuple[str, str | None]] = {}
    package = name.split(".") if is_package else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                found.setdefault(bound, (alias.name if alias.asname else bound, None))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, (module, alias.name))
    return found


def services_of(tree: ast.Module, module: str) -> dict[str, Service]:
    """The services of a generated module, by the names of their application classes."""
    found = {}
    for node in tree.body:
        if not (isinstance(node, ast.ClassDef) and node.name.endswith(_ENDINGS)):
            continue
        methods, full_name = {}, ""
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and _last(call.func) == "MethodInfo":
                values = {one.arg: one.value for one in call.keywords}
                names = [values.get(key) for key in ("name", "service_name")]
                if all(isinstance(one, ast.Constant) for one in names) and "stream_type" in values:
                    method, full_name = (str(one.value) for one in names if isinstance(one, ast.Constant))
                    methods[method] = KINDS.get(_last(values["stream_type"]), "unary")
        if full_name:
            found[node.name] = Service(full_name, module, methods)
    return found


def read(sources: Iterable[Source]) -> Project:
    """Find what is served. Tests, and the runtime itself, must not be among the sources."""
    every = list(sources)
    generated = {
        source.name: services_of(source.tree, source.name)
        for source in every
        if source.path.name.endswith("_connect.py")
    }
    rest = [source for source in every if source.name not in generated]
    classes = {f"{source.name}.{node.name}": node for source in rest for node in source.tree.body
               if isinstance(node, ast.ClassDef)}  # fmt: skip
    reader = _Reader(rest, generated, classes)
    programs, elsewhere, handed = [], [], []
    applications: dict[str, Service] = {}
    for source in rest:
        made, others, empty = reader.of(source)
        programs += made
        handed += [(source, line) for line in empty]
        elsewhere += [(source, one) for one in others]
        applications |= reader.applications(source)
    services = {one.name: one for found in generated.values() for one in found.values()}
    return Project(tuple(programs), tuple(services.values()), applications, tuple(elsewhere), tuple(handed))


class _Reader:
    def __init__(
        self,
        sources: list[Source],
        generated: Mapping[str, Mapping[str, Service]],
        classes: Mapping[str, ast.ClassDef],
    ) -> None:
        self._sources = sources
        self._generated = generated
        self._classes = classes

    def of(self, source: Source) -> tuple[list[Program], list[Registration], list[int]]:
        """The programs of a file, what it registers on servers made elsewhere, and the lines of servers left empty."""
        programs, elsewhere, empty = [], [], []
        for function, body in _scopes(source.tree):
            servers = dict(self._servers(source, body))
            found: dict[str, list[Registration]] = {name: [] for name in servers}
            for receiver, registration in self._registrations(source, body):
                if receiver in found:
                    found[receiver].append(registration)
                else:
                    elsewhere.append(registration)
            for name, (call, kind) in servers.items():
                if not found[name]:
                    empty.append(call.lineno)
                else:
                    apps = {} if function else _applications(source.tree, name)
                    starter = self._starter(source)
                    programs.append(Program(source, function, call, kind, name, tuple(found[name]), starter, apps))
        return programs, elsewhere, empty

    def _starter(self, source: Source) -> str:
        """The module that starts what a file makes: the file itself, or one that can be run and imports it."""
        for one in (source, *self._sources):
            names = {place for module, name in one.imports.values() for place in (module, f"{module}.{name}")}
            if one.is_main and (one is source or source.name in names):
                return one.name.removesuffix(".__main__")
        return ""

    def _servers(self, source: Source, body: list[ast.AST]) -> Iterator[tuple[str, tuple[ast.Call, str]]]:
        for node in body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                module, name = self._origin(source, node.value.func)
                if module.split(".")[-1] == _RUNTIME and name in _SERVERS:
                    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                        if bound := dotted(target):
                            yield bound, (node.value, _SERVERS[name])

    def _registrations(self, source: Source, body: list[ast.AST]) -> Iterator[tuple[str, Registration]]:
        for node in body:
            if not isinstance(node, ast.Call):
                continue
            arguments = node.args
            if isinstance(node.func, ast.Attribute) and node.func.attr == "add_service" and len(arguments) >= 2:
                receiver, (application, servicer) = dotted(node.func.value), arguments[:2]
            elif _last(node.func) == "add_service_to" and len(arguments) == 3:
                receiver, (application, servicer) = dotted(arguments[0]), arguments[1:]
            else:
                continue
            module, name = self._origin(source, application)
            if (service := self._generated.get(module, {}).get(name)) is not None:
                handlers = self._handlers(source, servicer)
                yield receiver, Registration(service, name, servicer, node.lineno, handlers)

    def applications(self, source: Source) -> dict[str, Service]:
        """The generated applications that a module has at its top."""
        found = {}
        for node in source.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                module, name = self._origin(source, node.value.func)
                service = self._generated.get(module, {}).get(name)
                if service is not None and isinstance(node.targets[0], ast.Name):
                    found[f"{source.name}:{node.targets[0].id}"] = service
        return found

    def _origin(self, source: Source, node: ast.expr) -> tuple[str, str]:
        """The module and the name that an expression such as `connect.XASGIApplication` means."""
        first, *rest = dotted(node).split(".")
        module, name = source.imports.get(first, (source.name, first))
        parts = [*module.split("."), *([] if name is None else [name]), *rest]
        return ".".join(parts[:-1]), parts[-1]

    def _handlers(self, source: Source, servicer: ast.expr) -> str:
        """How the handlers of a servicer run: "threads", "event loop", "both", or empty if that is not known."""
        if not isinstance(servicer, ast.Call):
            return ""
        found, seen = set(), set()
        names = [self._origin(source, servicer.func)]
        while names:
            name = ".".join(names.pop())
            node = self._classes.get(name)
            if node is None or name in seen:
                continue
            seen.add(name)
            for method in node.body:
                arguments = getattr(getattr(method, "args", None), "args", ())
                if len(arguments) >= 3 and not method.name.startswith("_"):  # type: ignore[attr-defined]
                    found.add("event loop" if isinstance(method, ast.AsyncFunctionDef) else "threads")
            module = name.rpartition(".")[0]
            names += [(module, dotted(base)) for base in node.bases if dotted(base)]
        return "both" if len(found) == 2 else "".join(found)


def _applications(tree: ast.Module, server: str) -> dict[str, str]:
    """What a module calls `server.app` and `server.wsgi_app`."""
    return {
        node.value.attr: node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Attribute)
        and dotted(node.value.value) == server
        and node.value.attr in ("app", "wsgi_app")
        and isinstance(node.targets[0], ast.Name)
    }


def _scopes(
    tree: ast.Module,
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, list[ast.AST]]]:
    """Each function with what is in it but for functions in it, and the module with what is in none."""
    waiting: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, list[ast.AST]]] = [(None, list(tree.body))]
    while waiting:
        function, nodes = waiting.pop(0)
        found: list[ast.AST] = []
        while nodes:
            node = nodes.pop(0)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                waiting.append((node, list(node.body)))
                continue
            found.append(node)
            nodes = [*ast.iter_child_nodes(node), *nodes]
        yield function, found


def is_test(path: PurePath, root: PurePath) -> bool:
    """Whether a file looks like a test: what it starts is not what is deployed."""
    inside = path.relative_to(root) if path.is_relative_to(root) else path
    name = path.name
    return (
        name.startswith("test_")
        or name in ("conftest.py", "tests.py")
        or name.endswith("_test.py")
        or bool({"tests", "test", "testing"} & set(inside.parts[:-1]))
    )
