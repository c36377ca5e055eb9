"""What callers of a library see of gRPC: each thing is a contract with code that is not here.

A public function there that takes, returns or yields what is gRPC's, lets a failed call's error out, or catches that of
a callback; a public class that derives from one of gRPC's; a public value that is one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grpc2connect.facts import api
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.kinds import (
    NOTHING,
    Adder,
    Api,
    Class,
    Context,
    Credentials,
    Error,
    MessagesModule,
    Raises,
    Server,
    ServicerBase,
    Status,
    StubsModule,
    Value,
    is_grpc,
    unwrapped,
)
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import (
    ApiUse,
    ErrorClass,
    GeneratedUse,
    HandedOver,
    Registration,
    Servicer,
    TypeUse,
)
from grpc2connect.public_api.escaping import Escaping
from grpc2connect.public_api.names import (
    FunctionNode,
    Public,
    PublicValue,
    is_public,
    public_names,
    public_values,
)
from grpc2connect.results import Finding, Severity
from grpc2connect.schema import Service
from grpc2connect.syntax import Module

CODE = "G2C023"
CLIENTS, SERVICERS, SERVERS = "clients", "servicers", "servers"
_WHY = "part of the public API: its callers, which are not here, see gRPC"
_NAMES = {
    "rpc": "method of a stub",
    "rpcvariant": "method of a stub",
    "member": "method of gRPC's",
    "adder": "registration",
    "servicerbase": "class of servicers",
    "stubclass": "class of stubs",
    "maybeerror": "error",
    "raises": "caught error",
}
_DEBT = 'once they have moved: public-api = "report"'


@dataclass(frozen=True)
class Contract:
    """One thing that callers see of a public name, and the references behind it.

    `breaks` says what a migration changes for them, and `kept` what they go on doing where it is bridged. `services`
    are those that it is about, and `sides` what of them is seen: clients, servicers, servers; nothing of them where it
    is about errors and status codes as such.
    """

    module: Module
    node: ast.AST
    what: str
    breaks: str
    advice: str
    kept: str
    references: tuple[Reference, ...] = ()
    services: frozenset[Service] = frozenset()
    sides: frozenset[str] = frozenset()

    def finding(self, *, bridged: bool = False) -> Finding:
        """What is reported."""
        place = self.module.place(self.node)
        if bridged:
            return Finding(CODE, place, f"{self.what}: bridged, {self.kept}", _DEBT, Severity.NOTE)
        return Finding(CODE, place, f"{self.what}: {self.breaks}", self.advice, Severity.WARNING)


def contracts(facts: Facts, references: Iterable[Reference], public: tuple[str, ...]) -> list[Contract]:
    """The contracts of the public modules, in the order of files and places."""
    known = list(references)
    by_module: dict[Module, list[Reference]] = {}
    for reference in known:
        by_module.setdefault(reference.module, []).append(reference)
    escaping = Escaping(facts, known)
    names = public_names(facts, public)
    found: list[Contract] = []
    for one in names:
        own = by_module.get(one.module, [])
        if isinstance(one.node, ast.ClassDef):
            found.extend(_of_class(one, [ref for ref in own if _within(one.module, ref.node, one.node)]))
        elif not _is_said_of_class(one, own):
            inside = tuple(ref for ref in own if _within(one.module, ref.node, one.node))
            found.extend(_of_function(facts, one, one.node, inside, escaping))
    found.extend(
        _of_handing_over(one) for one in known if isinstance(one, HandedOver) and is_public(one.module, public)
    )
    for value in public_values(facts, public, names):
        found.extend(_of_value(facts, value, by_module.get(value.module, [])))
    return sorted(found, key=lambda one: (one.module.place(one.node), one.what))


def held(found: Iterable[Contract]) -> dict[str, str]:
    """The services (full names), and files without any, behind some contracts, with the reason why they stay."""
    stay: dict[str, str] = {}
    for contract in found:
        for reference in contract.references:
            names = [service.full_name for service in reference.units if service.name]
            stay.update(dict.fromkeys(names or [str(reference.module.path)], _WHY))
    return stay


def _within(module: Module, node: ast.AST, outer: ast.AST) -> bool:
    return node is outer or any(parent is outer for parent in module.ancestors(node))


def _is_said_of_class(one: Public, own: list[Reference]) -> bool:
    """Whether a function is one of a servicer, of which the class says all."""
    around = one.module.enclosing(one.node, ast.ClassDef)
    return around is not None and any(
        isinstance(ref, Servicer) and _within(one.module, ref.node, around) for ref in own
    )


def _of_class(one: Public, inside: list[Reference]) -> Iterator[Contract]:
    assert isinstance(one.node, ast.ClassDef)
    servicers = tuple(ref for ref in inside if isinstance(ref, Servicer))
    if servicers:
        yield Contract(
            one.module,
            one.node,
            f"public class `{one.name}` is a servicer",
            "its base and the names of its handlers change",
            "who derives from it or calls its handlers has to move with it",
            "it stays gRPC's for those who derive from it or call its handlers, and is served by Connect as well",
            servicers,
            _services(servicers),
            frozenset({SERVICERS}),
        )
    bases = {node for base in one.node.bases for node in ast.walk(base)}
    derived = tuple(ref for ref in inside if ref.node in bases and _path(ref))
    if derived:
        paths = list(dict.fromkeys(map(_path, derived)))
        yield Contract(
            one.module,
            one.node,
            f"public class `{one.name}` derives from {', '.join(paths)}",
            "its bases change",
            "who hands it to gRPC, or asks what it is, has to move with it",
            "its bases stay gRPC's",
            derived,
            _services(derived),
            frozenset(side for path in paths for side in _sides_of_path(path)),
        )


def _path(ref: Reference) -> str:
    """The name of what a public class may derive from; "" for what is no such."""
    if isinstance(ref, GeneratedUse):
        return ref.what if ref.value == "base" else ""
    return ref.path if isinstance(ref, ApiUse | TypeUse | ErrorClass) else ""


def _of_function(
    facts: Facts, one: Public, node: FunctionNode, inside: tuple[Reference, ...], escaping: Escaping
) -> Iterator[Contract]:
    state, arguments, module, name = facts.state, node.args, one.module, one.name
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        for kind, values in _kinds(state.cells.get((node, argument.arg), NOTHING)):
            yield Contract(
                module,
                argument,
                f"public `{name}` takes {_article(kind)} as `{argument.arg}`",
                "callers hand over gRPC's",
                "callers may have to hand over the runtime's, and to catch ConnectError; or keep or hold it",
                "callers go on handing over gRPC's",
                inside,
                _services(inside) | _of_values(facts, values),
                _sides(values),
            )
    for kind, values in _kinds(state.returns.get(node, NOTHING) | state.yields.get(node, NOTHING)):
        yield Contract(
            module,
            node,
            f"public `{name}` returns {_article(kind)}",
            "callers get the runtime's or connectrpc's",
            "callers have to move with it; or keep or hold it",
            f"callers go on getting gRPC's{', whose ports take no Connect' if kind == 'server' else ''}",
            inside,
            _services(inside) | _of_values(facts, values),
            _sides(values),
        )
    if calls := escaping.of(node):
        own = [use for use in calls if use in inside]
        yield Contract(
            module,
            own[0].node if own else node,
            f"public `{name}` lets the error of a failed call out",
            "a ConnectError, no longer a grpc.RpcError",
            "callers have to catch ConnectError; or keep or hold it",
            "it is a grpc.RpcError, and a ConnectError as well where the call is Connect's",
            tuple(calls),
            _services(calls),
            frozenset({CLIENTS}),
        )
    for ref in inside:
        if isinstance(ref, Registration) and _is_handed_over(facts, ref, node):
            yield Contract(
                module,
                ref.node,
                f"public `{name}` registers a servicer that callers hand over",
                "its handlers have to have Connect's names",
                "callers have to move their servicers with it; or keep or hold it",
                "it goes on having gRPC's",
                (ref,),
                _services([ref]),
                frozenset({SERVICERS}),
            )
    clauses = [ref for ref in inside if isinstance(ref, ErrorClass) and ref.role == "except"]
    for clause in clauses:
        if _calls_parameter(module, clause.node, node):
            yield Contract(
                module,
                clause.node,
                f"public `{name}` catches gRPC's errors of what callers hand over",
                "those of grpcio are caught no longer",
                "what they hand over has to raise ConnectError; or keep or hold it",
                "it goes on catching them",
                (clause,),
            )


def _of_value(facts: Facts, one: PublicValue, own: list[Reference]) -> Iterator[Contract]:
    statement = one.module.statement(one.node)
    for kind, values in _kinds(one.values):
        inside = tuple(ref for ref in own if _within(one.module, ref.node, statement))
        yield Contract(
            one.module,
            one.node,
            f"public `{one.name}` is {_article(kind)}",
            "callers find the runtime's or connectrpc's",
            "callers have to move with it; or keep or hold it",
            "callers go on finding gRPC's",
            inside,
            _services(inside) | _of_values(facts, values),
            _sides(values),
        )


def _of_handing_over(one: HandedOver) -> Contract:
    """What goes to code of which nothing is known, as to a callback of a caller's."""
    sides = {SERVERS, SERVICERS} if one.kind_of == "server" else {CLIENTS}
    return Contract(
        one.module,
        one.node,
        f"{_article(one.kind_of)} is handed to {one.what}",
        "what may be a caller's gets the runtime's or connectrpc's",
        "callers may have to move with it; or keep or hold it",
        "it goes on getting gRPC's",
        (one,),
        _services([one]),
        frozenset(sides),
    )


def _is_handed_over(facts: Facts, use: Registration, function: FunctionNode) -> bool:
    """Whether what is registered can be a caller's: it comes by a parameter, or nothing is known of it."""
    given = facts.arguments(use.node)
    servicer = given.get(0, given.get("servicer"))
    arguments = function.args
    names = {argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    if isinstance(servicer, ast.Name) and servicer.id in names:
        return True
    return servicer is None or not facts.served(servicer)


def _calls_parameter(module: Module, clause: ast.AST, function: FunctionNode) -> bool:
    """Whether what a clause guards calls what a caller has handed over."""
    guarded = module.enclosing(clause, ast.Try)
    arguments = function.args
    names = {argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    around = module.enclosing(function, ast.ClassDef)
    if around is not None and not any(isinstance(one, ast.Name) and one.id == "staticmethod"
                                      for one in function.decorator_list):  # fmt: skip
        names -= {argument.arg for argument in arguments.args[:1]}
    return isinstance(guarded, ast.Try) and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for statement in guarded.body
        for node in ast.walk(statement)
    )


def _services(references: Iterable[Reference]) -> frozenset[Service]:
    return frozenset(service for one in references for service in one.units if service.name)


def _of_values(facts: Facts, values: Iterable[Value]) -> frozenset[Service]:
    return frozenset(service for value in values for service in facts.services(value) if service.name)


def _kinds(values: Iterable[Value]) -> list[tuple[str, frozenset[Value]]]:
    plain = Api | StubsModule | MessagesModule | Class
    found: dict[str, set[Value]] = {}
    for value in values:
        if is_grpc(value) and not isinstance(value, plain):
            inner = unwrapped(value)
            if not isinstance(inner, plain):
                name = type(inner).__name__.lower()
                found.setdefault(_NAMES.get(name, name), set()).add(inner)
    return [(kind, frozenset(of)) for kind, of in sorted(found.items())]


def _sides(values: Iterable[Value]) -> frozenset[str]:
    found: set[str] = set()
    for value in values:
        owner = getattr(value, "owner", value)
        if isinstance(owner, Context | ServicerBase):
            found.add(SERVICERS)
        elif isinstance(owner, Server | Adder) or (isinstance(owner, Credentials) and owner.of == "server"):
            found |= {SERVERS, SERVICERS}
        elif not isinstance(owner, Status | Error | Raises):
            found.add(CLIENTS)
    return frozenset(found)


def _sides_of_path(path: str) -> frozenset[str]:
    if path in api.ERRORS:
        return frozenset()
    if path in api.CONTEXT_TYPES:
        return frozenset({SERVICERS})
    if "Server" in path or "Handler" in path:
        return frozenset({SERVICERS, SERVERS})
    return frozenset({CLIENTS})


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
