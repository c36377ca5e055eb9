"""References that are not spelled out: names in strings, and stubs given to code that is not of the program."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from itertools import pairwise

from grpc2connect.facts import api, classes, moved
from grpc2connect.facts import references as refs
from grpc2connect.facts.facts import Facts
from grpc2connect.facts.imported_by_name import imported_by_name
from grpc2connect.facts.kinds import (
    NOTHING,
    Adder,
    Api,
    Channel,
    Class,
    Credentials,
    Function,
    Instance,
    Message,
    Package,
    ProgramModule,
    Rpc,
    Server,
    ServicerBase,
    Stub,
    StubClass,
    StubsModule,
    Value,
    Values,
    Wrapped,
    has_moved,
    is_grpc,
)
from grpc2connect.facts.looked_at import LOOKS, only_reads
from grpc2connect.facts.reference import Reference
from grpc2connect.schema import Method, Service
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

_BY_NAME = LOOKS | {
    "getattr", "hasattr", "setattr", "delattr", "vars", "object", "multiple", "attrgetter", "methodcaller",
}  # fmt: skip
_ON_STUBS = frozenset({"getattr", "hasattr", "setattr", "delattr", "object"})
_REPLACES = frozenset({"setattr", "delattr", "object"})
_RUN = frozenset({"exec", "eval", "compile"})
_PATCHES = frozenset({"patch", "setattr", "delattr", "dict", "import_module", "__import__"})
_TEXT = re.compile(r"(^|\.)(\w+_pb2_grpc(\.|$)|grpc\.(aio\.)?\w+$)")
_HARMLESS = frozenset(
    {
        "print", "repr", "str", "len", "bool", "id", "type", "isinstance", "list", "tuple", "set", "dict", "append",
        "add", "put", "enter_context", "enter_async_context", "push", "callback", "closing", "aclosing", "debug",
        "info", "warning", "error", "assertIsNone", "assertIsNotNone", "assertTrue", "assertFalse", "assertIs",
        "assertIsNot", "assertEqual", "assertNotEqual", "assertIsInstance", "assertNotIsInstance", "assertIn",
    }
)  # fmt: skip


def dynamic(facts: Facts, module: Module, node: ast.Call) -> Iterator[Reference]:
    """The references that a call makes by name, or by handing a stub on."""
    name = last_name(node.func)
    first = node.args[0] if node.args else None
    if (target := facts.patches.target(module, node)) is not None:
        services = facts.patches.users(target.path)
        if target.service is not None:
            services = facts.switches.alike(target.service)
        if target.whole and target.stubs is not None:
            services = frozenset(target.stubs.services)
        yield refs.NamedByText(
            facts, module, target.owner or target.text, services, ("replaced by name",), what=target.named,
            target=target, aio=facts.patches.colour(module, node, target),
        )  # fmt: skip
        return
    if (handler := facts.patches.handler(module, node)) is not None:
        place, method, units = handler
        kept = any(
            one.service in units
            and one.method.name == method.name
            and facts.attribute_taken(one.module, one.node, method.python_name, method.name)
            for one in facts.state.handlers.values()
        )
        yield refs.NamedByText(
            facts, module, place, units, ("a handler by name",), what=str(place.value), method=None if kept else method
        )
        return
    if name in _BY_NAME and first is not None and not _known_attribute(facts, node, name):
        units = _services(facts, facts.values(first))
        if units:
            text = module.source(node).partition("\n")[0]
            known = _literal_method(facts, node, name)
            if known is not None and facts.replaced(module, known.name, units):
                known = None
            looks = name in LOOKS or (name == "vars" and only_reads(module, node))
            stub = first if (looks or name in _ON_STUBS) and _is_stub(facts, first) else None
            answers = looks or name in _ON_STUBS
            asked = first if _is_asked(facts, node, first, answers and not _passes_on(module, node)) else None
            yield refs.NamedByText(
                facts, module, node, units, ("an attribute by name",), what=text, method=known, stub=stub, looks=looks,
                asked=asked, implements=_implemented(facts, facts.values(first)) if asked else frozenset(),
            )  # fmt: skip
            return
    if name in _REPLACES and len(node.args) > 1 and any(map(_is_module, facts.values(node.args[0]))):
        held = _held(facts, node.args[0], node.args[1])
        if held is not None:
            text = module.source(node).partition("\n")[0]
            yield refs.NamedByText(facts, module, node, held, ("replaced by name",), what=text, replaces=True)
            return
    if name in _RUN and isinstance(node.func, ast.Name) and first is not None:
        words = {word for text in _texts(first) for word in re.findall(r"\w+", text)}
        units = _spelled_services(facts, words)
        if units or "grpc" in words:
            text = module.source(node).partition("\n")[0]
            yield refs.NamedByText(facts, module, node, units, ("code in a string",), what=text)
            return
    if (named := imported_by_name(facts, module, node)) is not None:
        asked_for, units = named
        text = module.source(node).partition("\n")[0]
        yield refs.NamedByText(facts, module, asked_for, units, ("imported by name",), what=text, replaces=True)
        return
    if name in _PATCHES:
        for argument in [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "target")]:
            text = _last_text(argument)
            if not text or _of_nobody(facts, module, argument):
                continue
            if _names_code(facts, module, text):
                units = _named_services(facts, text)
                yield refs.NamedByText(facts, module, argument, units, ("patched by name",), what=text, replaces=True)
    if _is_unknown_rpc(facts, module, node.func):
        return
    first_values = facts.values(first) if first is not None else NOTHING
    passed_on = any(isinstance(value, Function) for value in first_values)  # `submit(f, channel)`: flows into f
    callees = facts.values(node.func)
    to_runtime = any(isinstance(value, Package) and moved.name_in_runtime(value.dotted) for value in callees)
    if not passed_on and name not in _HARMLESS and all(isinstance(value, Package) for value in callees):
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            given = [
                value
                for value in facts.values(argument)
                if isinstance(value, Stub | Channel | Server | Credentials) and not has_moved(value)
            ]
            made = isinstance(argument, ast.Call) and not any(isinstance(value, Stub) for value in given)
            made = made or any(isinstance(value, Credentials) for value in given)
            if facts.calls_of_unknown(module, node) and all(isinstance(value, Credentials) for value in given):
                continue  # those of a call on an object of unknown origin, which takes the runtime's
            if to_runtime and not any(isinstance(value, Credentials) for value in given):
                continue  # it takes gRPC's and its own
            if given and (made or isinstance(argument, ast.Name | ast.Attribute)):
                kind = type(min(given, key=repr)).__name__.lower()
                units = frozenset(service for value in given for service in facts.services(value))
                if units or kind != "credentials":  # credentials of no service stay where they are made
                    what = name or textwrap.shorten(ast.unparse(node.func), 60)
                    yield refs.HandedOver(
                        facts, module, argument, units, ("given to unknown code",), what=what, kind_of=kind
                    )


def _of_nobody(facts: Facts, module: Module, node: ast.expr) -> bool:
    """Whether a text names something in a module that nothing in the program imports by that name.

    Whatever it replaces there (a copy of a module of the program, under another name, if it is found at all) is not
    what the program uses, before and after.
    """
    if not isinstance(node, ast.Constant) or "." not in str(node.value):
        return False
    top = str(node.value).partition(".")[0]
    known = not all(isinstance(value, Package) for value in facts.program.resolve(module, top))
    return (
        not known
        and not facts.program.is_folder(module, top)
        and top not in api.ROOTS
        and not top.endswith("_pb2_grpc")
        and top not in facts.imported_tops
    )


def _is_unknown_rpc(facts: Facts, module: Module, callee: ast.expr) -> bool:
    """Whether an RPC of an unknown object is called by one of its variants: `stub.SayHello.future(...)`."""
    match callee:
        case ast.Attribute(value=ast.Attribute(attr=name) as method, attr="future" | "with_call"):
            return not facts.values(method) and not name.islower() and bool(facts.spelled(module, name))
    return False


def _texts(node: ast.expr) -> Iterator[str]:
    for child in walk(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value


def _last_text(node: ast.expr) -> str:
    """The end of a text, which may be put together: `f"{MODULE}.GreeterStub"`; "" for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case (
            ast.JoinedStr(values=[*_, last]) | ast.BinOp(op=ast.Add(), right=last) | ast.BinOp(op=ast.Mod(), left=last)
        ):
            return _last_text(last)
    return ""


def _spelled_services(facts: Facts, words: set[str]) -> frozenset[Service]:
    """The services of whose methods or generated classes some code speaks."""
    return frozenset(
        service
        for service in facts.stubs_of
        if words & {service.stub_class, service.servicer_class, service.adder}
        or any(method.name in words and not method.name.islower() for method in service.methods)
    )


def _names_code(facts: Facts, module: Module, text: str) -> bool:
    """Whether a text spells a gRPC module or name, or a generated name that a module of the program has imported.

    What is in a module of the program is what that module has: gRPC under whatever name (`shop.client.rpc`), or
    something else, though the module is called `grpc` itself (`shop.grpc.now`).
    """
    prefix, _, name = text.rpartition(".")
    if name in facts.generated_names:
        return True
    owners = facts.program.resolve(module, prefix) if prefix else ()
    own = [owner for owner in owners if isinstance(owner, ProgramModule)]
    held = [value for owner in own for value in facts.state.cells.read((owner.module.tree, name))]
    if _TEXT.search(text):
        only_own = bool(own) and len(own) == len(owners)
        return not only_own or any(map(is_grpc, held))
    return any(isinstance(value, Api) and value.path in ("grpc", "grpc.aio") for value in held)


def spelled_out(facts: Facts, module: Module, node: ast.JoinedStr) -> Iterator[Reference]:
    """gRPC code that an f-string prints as it is written: `f"{grpc.StatusCode.OK=}"`."""
    for before, field in pairwise(node.values):
        if not isinstance(before, ast.Constant) or not isinstance(field, ast.FormattedValue):
            continue
        if isinstance(field.value, ast.Name) and not facts.importers(module, field.value):
            continue  # a name of the program's own is printed as it was
        text, source = str(before.value).rstrip(), module.source(field.value)
        written = re.search(rf"\{{\s*{re.escape(source)}\s*=", module.source(node))  # not `name={name}`
        if written and text.endswith("=") and text[:-1].rstrip().endswith(source):
            values = {value for child in walk(field.value) for value in facts.values(child)}
            if any(is_grpc(value) and not isinstance(value, Message) for value in values):  # messages keep their text
                units = frozenset(service for value in values for service in facts.services(value))
                yield refs.NamedByText(facts, module, node, units, ("printed as written",), what=f"{{{source}=}}")
                return


def _named_services(facts: Facts, dotted: str) -> frozenset[Service]:
    """The services whose generated names, or module, a dotted name ends with or goes through."""
    parts = dotted.split(".")
    found = set()
    spelled = {part for part in parts[:-1] if part.endswith("_pb2_grpc")}
    for stubs in facts.program.schema.grpc_modules:
        name = (stubs.dotted or "").rpartition(".")[2]
        through = name in parts[:-1]
        if spelled and not through:
            continue  # of another generated module, which may be none of the project's
        for service in stubs.services:
            if (
                name == parts[-1]
                or parts[-1] in (service.stub_class, service.servicer_class, service.adder)
                or (through and parts[-1] not in facts.generated_names)
            ):
                found.add(service)
    return frozenset(found)


def _known_attribute(facts: Facts, node: ast.Call, name: str) -> bool:
    """Whether the attribute is a literal that is no RPC, so that nothing of gRPC's is named."""
    if name == "vars" or len(node.args) < 2:
        return False
    attribute = node.args[1]
    if not isinstance(attribute, ast.Constant) or not isinstance(attribute.value, str):
        return False
    services = _services(facts, facts.values(node.args[0]))
    return not any(service.method(attribute.value) for service in services)


def _literal_method(facts: Facts, node: ast.Call, name: str) -> Method | None:
    """The RPC that `getattr(stub, "SayHello")` names, if it is surely asked of stubs, all of one service."""
    if name not in ("getattr", "hasattr") or not isinstance(node.func, ast.Name) or len(node.args) < 2:
        return None
    values, attribute = facts.values(node.args[0]), node.args[1]
    services = {value.service for value in values if isinstance(value, Stub)}
    if len(services) != 1 or not all(isinstance(value, Stub) for value in values):
        return None
    return services.pop().method(str(attribute.value)) if isinstance(attribute, ast.Constant) else None


def _is_stub(facts: Facts, node: ast.expr) -> bool:
    """Whether an expression is a stub, or what stands in for one, and no servicer."""
    values = facts.values(node)
    others = frozenset(value for value in values if not isinstance(value, Stub))
    return len(others) < len(values) and not _services(facts, others)


def _is_asked(facts: Facts, node: ast.Call, first: ast.expr, known: bool) -> bool:
    """Whether a servicer, or a class of such, is asked in a way that another object can answer for it."""
    values = facts.values(first)
    if not known or not all(isinstance(value, Instance | Class) for value in values):
        return False
    # pytest's `monkeypatch.setattr` puts into a class what the class has inherited.
    plain = isinstance(node.func, ast.Name) or node.func.attr in {"object", *LOOKS}  # type: ignore[attr-defined]
    return plain or not any(isinstance(value, Class) for value in values)


def _passes_on(module: Module, node: ast.Call) -> bool:
    """Whether a call stands in a `__getattr__`: which names that is asked for, and how, only its callers know."""
    function = module.enclosing(node, ast.FunctionDef)
    return isinstance(function, ast.FunctionDef) and function.name in ("__getattr__", "__getattribute__")


def _is_module(value: Value) -> bool:
    return isinstance(value, Api | ProgramModule | StubsModule)


def _held(facts: Facts, owner: ast.expr, name: ast.expr) -> frozenset[Service] | None:
    """The services of what a module has of gRPC's under a literal name; None if that is nothing."""
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return None
    found: set[Value] = set()
    for value in facts.values(owner):
        if isinstance(value, Api | StubsModule):
            return frozenset(value.module.services) if isinstance(value, StubsModule) else frozenset()
        if isinstance(value, ProgramModule):  # or something else, which a package has under its module's name
            found |= facts.state.cells.read((value.module.tree, name.value))
    found = {value for value in found if isinstance(value, Api | StubsModule | StubClass | ServicerBase | Adder)}
    if not found:
        return None
    modules = [value.module for value in found if isinstance(value, StubsModule)]
    held = {service for module in modules for service in module.services}
    return frozenset(held).union(*(facts.services(value) for value in found if not isinstance(value, StubsModule)))


def _services(facts: Facts, values: Values) -> frozenset[Service]:
    found: set[Service] = set()
    for value in values:
        inner = value.value if isinstance(value, Wrapped) else value
        if isinstance(inner, Stub | Rpc):
            found.add(inner.service)
        elif isinstance(inner, Instance | Class):
            found |= facts.state.servicers.get(inner.cls if isinstance(inner, Instance) else inner, set())
    return frozenset(found)


def _implemented(facts: Facts, values: Values) -> frozenset[Service]:
    """The services that servicers, or classes of such, are written for.

    Those whose generated class they derive from, and those of which they have every handler: by what registers pairs of
    them, a servicer may seem to be of each service.
    """
    state = facts.state
    found: set[Service] = set()
    for cls in (value.cls if isinstance(value, Instance) else value for value in values):
        if isinstance(cls, Class):
            every = [base for one in classes.ancestry(state, cls) for base in classes.bases(state, one)]
            derived = {base.service for base in every if isinstance(base, ServicerBase)}
            served = state.servicers.get(cls, set())
            found |= {one for one in served if one in derived or classes.serves_all(state, cls, one)} or served
    return frozenset(found)
