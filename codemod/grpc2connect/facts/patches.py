"""What tests replace by its name: `mock.patch("grpc.server")`, `patch.object(greeter_pb2_grpc, "GreeterStub")`.

Such a name says where the replaced thing is looked up. After a migration that is another place, which must be where the
moved code looks: an attribute of the runtime, of a generated module, or of the module that imports the name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.facts import api
from grpc2connect.facts.annotations import is_type
from grpc2connect.facts.kinds import (
    NOTHING,
    Api,
    Class,
    Instance,
    ProgramModule,
    Stub,
    StubClass,
    StubsModule,
    Value,
    Values,
)
from grpc2connect.facts.literals import whole_text
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import GrpcModule, Method, Service

_BY_TEXT = frozenset({"patch", "setattr", "delattr"})
_LIKE = frozenset({"autospec", "spec", "spec_set"})
"""What makes a mock have only the names that are there: those of another module, afterwards."""


@dataclass(frozen=True, eq=False)
class Target:
    """What a test replaces, and where that is looked up.

    `path` is a name of grpc's, or `service` and `stubs` say whose stub class it is. `inside` is the module of the
    program that has the name by an import, with an expression there that is replaced (`like`); None if it is an
    attribute of grpc or of the generated module itself. `text` is the argument that spells the name (`named`, also
    where it is put together), after `prefix`; `owner` the argument that is the object which has it, if that is not in
    the text. `whole` says that it is the generated module itself which `inside` has imported, to make stubs.
    """

    text: ast.expr
    path: str = ""
    service: Service | None = None
    stubs: GrpcModule | None = None
    inside: Module | None = None
    like: ast.expr | None = None
    prefix: str = ""
    owner: ast.expr | None = None
    whole: bool = False
    named: str = ""


class Patches:
    """Answers what the program's tests replace by name."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._found: dict[ast.Call, Target | None] = {}

    def look(self) -> None:
        """Follow all that texts name, which can have modules of the program parsed that no import led to."""
        self._targets  # noqa: B018

    def target(self, module: Module, node: ast.Call) -> Target | None:
        """What a call replaces; None if it replaces nothing of gRPC's, or what cannot be replaced elsewhere."""
        if node not in self._found:
            found = self._target(module, node)
            like_it = found is not None and found.whole and any(one.arg in _LIKE for one in node.keywords)
            self._found[node] = None if like_it else found
        return self._found[node]

    def handler(self, module: Module, node: ast.Call) -> tuple[ast.Constant, Method, frozenset[Service]] | None:
        """The handler that a text names by its servicer: `patch("app.Greeter.SayHello")`; the text, the RPC, whose."""
        name = last_name(node.func)
        target = [keyword.value for keyword in node.keywords if keyword.arg == "target"]
        match [*target, *node.args]:
            case [ast.Constant(value=str(text)) as first, *_] if name in _BY_TEXT and text.count(".") > 1:
                prefix, owner, attribute = text.rsplit(".", 2)
                for value in sorted(self._facts.program.resolve(module, prefix), key=repr):
                    held = self._global(value, owner) if isinstance(value, ProgramModule) else NOTHING
                    classes = [one.cls if isinstance(one, Instance) else one for one in sorted(held, key=repr)]
                    served = [self._facts.state.servicers.get(one, set()) for one in classes if isinstance(one, Class)]
                    services = frozenset(one for found in served for one in found if one.method(attribute))
                    for service in services:
                        if (method := service.method(attribute)) is not None:
                            return first, method, services
        return None

    def is_owner(self, module: Module, node: ast.expr) -> bool:
        """Whether an expression is only the object of which something is replaced: `patch.object(grpc, "server")`."""
        parent = module.parents[node]
        if not isinstance(parent, ast.Call):
            return False
        found = self.target(module, parent)
        return found is not None and found.owner is node

    def colour(self, module: Module, node: ast.Call, target: Target) -> bool | None:
        """Whether the stubs that a call replaces are aio ones; None where that is open.

        Where a service has both, it is told by the stubs of the module whose name is replaced, or else by the functions
        that are replaced around the call, which make channels, or by the stubs of the modules that the test imports.
        """
        service = target.service
        if service is None or (known := self._facts.colour(service)) is not None:
            return None if service is None else known
        if target.inside is not None:
            colours = self._made_in.get((target.inside.path, service), set())
        else:
            around = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            calls = (child for child in walk(around or node) if isinstance(child, ast.Call))
            beside = {found.path for child in calls if (found := self.target(module, child)) is not None}
            made = {api.CHANNELS[path] for path in beside if path in api.CHANNELS}
            colours = {*made} or self._made_by_imported(module, service)
        return next(iter(colours)) if len(colours) == 1 else None

    def of_both(self, service: Service) -> bool:
        """Whether a test replaces a stub class and does not show of which colour: its stubs are made of both, then."""
        return service in self._open

    @cached_property
    def _open(self) -> frozenset[Service]:
        return frozenset(
            service
            for module, node, target in self._calls
            if target.service is not None and self.colour(module, node, target) is None
            for service in self._facts.switches.alike(target.service)
        )

    def _made_by_imported(self, module: Module, service: Service) -> set[bool | None]:
        imported = [other for importer, other in self._facts.state.imports if importer is module]
        paths = [other.path for other in imported if isinstance(other, Module)]
        return set().union(*(self._made_in.get((path, service), set()) for path in paths))

    @cached_property
    def _made_in(self) -> dict[tuple[Path, Service], set[bool | None]]:
        """The colours of the stubs of each service that are made in a module."""
        made = {one for values in self._facts.state.values.values() for one in values if isinstance(one, Stub)}
        known = {(one.site, one.service) for one in made if one.aio is not None}
        found: dict[tuple[Path, Service], set[bool | None]] = {}
        for stub in made:
            if stub.site is not None and (stub.aio is not None or (stub.site, stub.service) not in known):
                found.setdefault((Path(stub.site.path), stub.service), set()).add(stub.aio)
        return found

    @cached_property
    def services(self) -> frozenset[Service]:
        """The services whose stub class is replaced, or what makes the channels that their stubs are made on."""
        return self.classes.union(*(self.users(path) for path in self._paths if path in api.CHANNELS))

    @cached_property
    def classes(self) -> frozenset[Service]:
        """Those of them whose stub class is replaced, by itself or with its module."""
        alike = self._facts.switches.alike
        found = {one for target in self._targets if target.service is not None for one in alike(target.service)}
        found.update(*(target.stubs.services for target in self._targets if target.whole and target.stubs))
        return frozenset(found)

    def look_into(self, module: Module) -> bool:
        """Whether a test replaces names that a module has imported."""
        return any(target.inside is module for target in self._targets)

    def is_looked_up(self, module: Module, node: ast.expr) -> bool:
        """Whether a stub class is named through a generated module that a test replaces there: `rpc.GreeterStub`."""
        match node:
            case ast.Attribute(value=ast.Name(id=name)):
                return (module, name) in self._whole
        return False

    @cached_property
    def _whole(self) -> frozenset[tuple[Module | None, str]]:
        return frozenset((one.inside, one.named.rpartition(".")[2]) for one in self._targets if one.whole)

    def replaces(self, path: str) -> bool:
        """Whether a test replaces a name of grpc's, wherever that is looked up."""
        return path in self._assigned or any(target.path == path for target in self._targets)

    def users(self, path: str) -> frozenset[Service]:
        """The services of what calls of a grpc function make."""
        return self._users.get(path, frozenset())

    def is_qualified(self, module: Module, name: str) -> bool:
        """Whether a module must look a name of the runtime up there at each use, since a test replaces it there."""
        paths = {path for path in self._paths if api.RUNTIME_NAMES[path] == name}
        if not paths:
            return False
        imported = (alias for node in module.nodes if isinstance(node, ast.ImportFrom) for alias in node.names)
        values = {value for alias in imported for value in self._facts.values(alias)}
        return not any(isinstance(value, Api) and value.path in paths for value in values)

    @cached_property
    def _targets(self) -> tuple[Target, ...]:
        return tuple(target for _, _, target in self._calls)

    @cached_property
    def _calls(self) -> tuple[tuple[Module, ast.Call, Target], ...]:
        """The calls that replace something, and what that is."""
        return tuple(
            (module, node, target)
            for module in self._facts.program.modules()
            for node in module.nodes
            if isinstance(node, ast.Call) and (target := self.target(module, node)) is not None
        )

    @cached_property
    def _paths(self) -> frozenset[str]:
        """The names of grpc that are replaced as attributes of grpc."""
        patched = (target.path for target in self._targets if target.path and target.inside is None)
        return self._assigned.union(patched)

    @cached_property
    def _assigned(self) -> frozenset[str]:
        """The names of grpc that the program itself assigns to: `grpc.insecure_channel = limited`."""
        return frozenset(
            path
            for module in self._facts.program.modules()
            for node in module.nodes
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del)
            for value in self._facts.values(node.value)
            if isinstance(value, Api) and (path := f"{value.path}.{node.attr}") in api.RUNTIME_NAMES
        )

    @cached_property
    def _users(self) -> dict[str, frozenset[Service]]:
        found: dict[str, set[Service]] = {}
        for module in self._facts.program.modules():
            for node in module.nodes:
                if isinstance(node, ast.Call):
                    for path in self._called(node):
                        services = (self._facts.services(value) for value in self._facts.values(node))
                        found.setdefault(path, set()).update(*services)
        return {path: frozenset(one for one in services if one.methods) for path, services in found.items()}

    def _called(self, node: ast.Call) -> Iterator[str]:
        for value in self._facts.values(node.func):
            if isinstance(value, Api) and value.path in api.RUNTIME_NAMES:
                yield value.path

    def _target(self, module: Module, node: ast.Call) -> Target | None:
        name = last_name(node.func)
        target = [keyword.value for keyword in node.keywords if keyword.arg == "target"]
        match [*target, *node.args]:
            case [first, *_] if name in _BY_TEXT and "." in (text := whole_text(module, first) or ""):
                found = self._spelled(module, first, text)
                return replace(found, named=text) if found else None
            case [owner, ast.Constant(value=str(text)) as second, *_] if name in ("object", "setattr", "delattr"):
                for value in sorted(self._facts.values(owner), key=repr):
                    if found := self._attribute(value, second, text, "", owner):
                        return replace(found, named=text)
        return None

    def _spelled(self, module: Module, node: ast.expr, text: str) -> Target | None:
        parts = text.split(".")
        for count in range(len(parts) - 1, 0, -1):
            prefix = ".".join(parts[:count])
            for value in sorted(self._facts.program.resolve(module, prefix), key=repr):
                if found := self._within(value, node, prefix, parts[count:]):
                    return found
        return None

    def _within(self, owner: Value, node: ast.expr, prefix: str, names: list[str]) -> Target | None:
        """What a dotted name is of a module: the name itself, or one of a module that this one has imported."""
        name, *rest = names
        if not rest:
            return self._attribute(owner, node, name, prefix, None)
        if not isinstance(owner, ProgramModule):
            return None
        for value in sorted(self._global(owner, name), key=repr):
            match value:
                case Api(path) if path in ("grpc", "grpc.aio"):
                    longer = ".".join([path, *rest])
                    return self._of_grpc(api.normalise(longer), node, None)
                case StubsModule(module) if len(rest) == 1:
                    return self._of_stubs(module, rest[0], node, prefix, owner.module, f"{name}.{rest[0]}", None)
        return None

    def _attribute(self, value: Value, node: ast.expr, name: str, prefix: str, owner: ast.expr | None) -> Target | None:
        match value:
            case Api(path) if path in ("grpc", "grpc.aio"):
                return self._of_grpc(api.normalise(f"{path}.{name}"), node, owner)
            case StubsModule(module):
                return self._of_stubs(module, name, node, prefix, None, "", owner)
            case ProgramModule(module):
                return self._imported(value, name, node, prefix, owner)
        return None

    def _of_grpc(self, path: str, node: ast.expr, owner: ast.expr | None) -> Target | None:
        return Target(node, path, owner=owner) if path in api.RUNTIME_NAMES else None

    def _of_stubs(
        self,
        module: GrpcModule,
        name: str,
        node: ast.expr,
        prefix: str,
        inside: Module | None,
        spelled: str,
        owner: ast.expr | None,
    ) -> Target | None:
        service = next((service for service in module.services if service.stub_class == name), None)
        like = self._used(inside, spelled) if inside else None
        if service is None or (inside is not None and like is None):
            return None
        return Target(node, service=service, stubs=module, inside=inside, like=like, prefix=prefix, owner=owner)

    def _imported(
        self, module: ProgramModule, name: str, node: ast.expr, prefix: str, owner: ast.expr | None
    ) -> Target | None:
        """A name that a module of the program has by an import, and uses itself; nobody uses it through the module."""
        inside = module.module
        like = self._used(inside, name)
        if like is None or name in self._through.get(inside, ()):
            return None
        for value in sorted(self._global(module, name), key=repr):
            match value:
                case Api(path) if path in api.RUNTIME_NAMES:
                    return Target(node, path, inside=inside, like=like, prefix=prefix, owner=owner)
                case StubClass(service):
                    stubs = self._facts.stubs_of[service]
                    return Target(
                        node, service=service, stubs=stubs, inside=inside, like=like, prefix=prefix, owner=owner
                    )
                case StubsModule(stubs) if self._makes_stubs(inside, name):
                    return Target(node, stubs=stubs, inside=inside, like=like, prefix=prefix, owner=owner, whole=True)
        return None

    def _makes_stubs(self, module: Module, name: str) -> bool:
        """Whether a module uses a generated module only to make stubs, as a type, and for the bases of classes."""
        for node in module.nodes:
            if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
                continue
            named = module.parents[node]
            user = module.parents.get(named)
            made = isinstance(user, ast.Call) and user.func is named
            made = made and any(isinstance(value, StubClass) for value in self._facts.values(named))
            if not (made or isinstance(user, ast.ClassDef) or is_type(module, named)):
                return False
        return True

    def _global(self, module: ProgramModule, name: str) -> Values:
        return self._facts.state.cells.read((module.module.tree, name)) or NOTHING

    def _used(self, module: Module, spelled: str) -> ast.expr | None:
        """An expression by which a module uses a name that it has imported."""
        for node in module.nodes:
            loaded = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
            if loaded and module.source(node) == spelled and self._facts.values(node):
                assert isinstance(node, ast.expr)
                return node
        return None

    @cached_property
    def _through(self) -> dict[Module, set[str]]:
        """The names that are used through a module of the program: `clients.GreeterStub`."""
        found: dict[Module, set[str]] = {}
        for module in self._facts.program.modules():
            for node in module.nodes:
                if isinstance(node, ast.Attribute):
                    for value in self._facts.values(node.value):
                        if isinstance(value, ProgramModule):
                            found.setdefault(value.module, set()).add(node.attr)
        return found
