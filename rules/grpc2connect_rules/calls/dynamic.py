"""G2C504, G2C505: what is named only at run time.

G2C504: an attribute of a stub by a name that is computed is asked of the client, which the runtime gives attributes
with gRPC's names, where it is made (G2C501) or else here.

    - getattr(stub, name)(request, timeout=5)
    + getattr(by_rpc_names(stub), name)(request, timeout=5)

A literal name asked of what is surely a stub is known.

    - ask = getattr(stub, "SayHello")
    + ask = unary_unary(stub.say_hello)

What tests replace by its name (`patch`, `patch.object`, `monkeypatch.setattr`) is replaced where the moved code looks
it up: an attribute of the runtime, which is then named in full at each use, of the generated module, or of the module
that has imported it. The mock is called with what grpcio's function, or the stub class, was called with.

    - @patch("grpc.insecure_channel")
    - @patch("app.greeter_pb2_grpc.GreeterStub")
    + @patch("grpc2connect_runtime.insecure_channel")
    + @patch("app.greeter_connect.GreeterClientSync")

    - stub = greeter_pb2_grpc.GreeterStub(grpc.insecure_channel(target))
    + stub = stub_on(greeter_connect.GreeterClientSync, grpc2connect_runtime.insecure_channel(target))

Where a test does not show whether the stubs are sync or async, it replaces the sync client, and the code asks for both:
what is in the place of one counts for either kind of channel.

    - stub = greeter_pb2_grpc.GreeterStub(channel)
    + stub = stub_on(stub_class(greeter_connect.GreeterClientSync, greeter_connect.GreeterClient), channel)

A generated module that a test replaces in the module which has imported it is replaced by its new name. What makes a
stub there looks the class up in what it finds: a client of the new module, or the mock's `GreeterStub`.

    - with patch.object(app, "greeter_pb2_grpc") as rpc:
    + with patch.object(app, "greeter_connect") as rpc:
          rpc.GreeterStub.return_value = fake

    - stub = greeter_pb2_grpc.GreeterStub(channel)
    + stub = stub_on(stub_in(greeter_connect, "GreeterStub", "GreeterClientSync"), channel)

Native form: the client's bound method, `client.say_hello`, where the method is known; a fake of the client class.

A servicer, or a class of servicers, that is asked so answers to the names of RPCs, and so does all that a stub or a
servicer has, where code looks at it (`vars`, `dir`, `inspect.getmembers`).

    - for name in vars(stub): count(getattr(servicer, name))
    + for name in vars(rpcs_by_name(stub)): count(getattr(handlers_by_name(servicer, GreeterASGIApplication), name))

A handler that a text names by its servicer takes its new name there.

    - @patch("app.Greeter.SayHello", fake)
    + @patch("app.Greeter.say_hello", fake)

The name of an RPC that a function's name is compared with stands beside the new one.

    - if handler.__name__ == "SayHello":
    + if handler.__name__ in ("SayHello", "say_hello"):

Left: `vars` that is kept or changed; attributes by name of what can be a stub or a servicer; other names of gRPC in
strings, whole modules of stubs that are replaced by what has only their names (`autospec`), or where more than stubs is
made of them, a name that is used through another module, a text that is put together of more
than constants of its module.

G2C505: a stub, channel or server that is handed to code of which nothing is known is reported. The stub is a Connect
client afterwards; the runtime's channel and server take what grpcio's take (stubs, servicers, generic handlers).
Credentials handed to such code stay, with what else is made with them: grpcio takes none of the runtime's.

Source: Python's `getattr`, `unittest.mock.patch`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import (
    RUNTIME,
    RUNTIME_MODULE,
    Bridged,
    GeneratedModule,
    GeneratedPath,
    Left,
    NameIn,
    Native,
    Outcome,
    Serve,
    Severity,
    Span,
    api,
    edits,
    generated,
    rule,
    runtime,
)
from grpc2connect.rules_api.edits import Edit, Piece
from grpc2connect.rules_api.names import Generated, Symbol
from grpc2connect.rules_api.references import HandedOver, NamedByText, Target


@rule("G2C504", on=NamedByText)
def named(use: NamedByText) -> Iterator[Outcome]:
    """What is named by a string is named as it is afterwards, or keeps its service on gRPC."""
    call, method = use.node, use.method
    if use.compared is not None and method is not None:
        yield _compared(use, use.compared, method.python_name)
        return
    if method is not None and isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        module = use.module
        changes = [edits.replace(module, call.args[1], f'"{method.python_name}"')]
        if call.func.id == "hasattr":
            yield Native(changes)
            return
        kind = runtime(method.kind.name.lower())
        changes = [edits.replace(module, call, kind, "(", call.args[0], f".{method.python_name})")]
        yield Bridged(changes, why="what calls it has gRPC's arguments")
        return
    if method is not None and isinstance(call, ast.Constant):
        source = use.module.source(call)
        yield Native(edits.replace(use.module, call, method.python_name.join(source.rsplit(method.name, 1))))
        return
    if use.target is not None:
        yield from _replaced(use, use.target)
        return
    if use.asked is not None and _keeps_its_name(use):
        yield Native()
        return
    if use.asked is not None:
        apps = [
            piece
            for service in sorted(use.implements, key=lambda service: service.full_name)
            for piece in (", ", generated(use.facts.stubs_of[service], service.connect_app, use.asked))
        ]
        start, end = edits.wrap(use.module, use.asked, (runtime("handlers_by_name"), "("), (*apps, ")"))
        yield Bridged([start, end], why="which handler is asked for is only known at run time")
        return
    if use.stub is not None and use.looks:
        start, end = edits.wrap(use.module, use.stub, (runtime("rpcs_by_name"), "("), ")")
        yield Bridged([start, end], why="all that a stub has is looked at")
        return
    if use.stub is not None and use.facts.named_stubs.keeps(use, use.stub):
        yield Bridged(why="which method is asked for is only known at run time")
        return
    if use.stub is not None:
        start, end = edits.wrap(use.module, use.stub, (runtime("by_rpc_names"), "("), ")")
        yield Bridged([start, end], why="which method is asked for is only known at run time")
        return
    yield Left(
        f"{use.what} names gRPC code by a string",
        advice="name the method in code, or move this by hand",
        wire=use.replaces and not use.units,  # it is of no service in particular: of any around
    )


def _compared(use: NamedByText, comparison: ast.Compare, name: str) -> Outcome:
    """What is compared with a function's name is compared with both names: handlers have Connect's now."""
    module, new = use.module, f'"{name}"'
    edit = edits.replace(module, use.node, use.node, f", {new}")
    if use.node is comparison.comparators[0]:
        operator = " in (" if isinstance(comparison.ops[0], ast.Eq) else " not in ("
        edit = edits.replace(module, comparison, comparison.left, operator, use.node, f", {new})")
    return Bridged(
        edit,
        why="whether it is the name of a handler shows only when it runs",
        finding=f"this may be compared with the name of a handler, which is {name} now; both count",
        advice="see what else is asked of that name",
    )


def _keeps_its_name(use: NamedByText) -> bool:
    """Whether a servicer is asked for a handler by a literal name, which is the handler's afterwards too."""
    match use.node:
        case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[_, ast.Constant(value=str(name)), *_]):
            found = {method for service in use.units if (method := service.method(name)) is not None}
            return bool(found) and all(method.python_name == name for method in found)
    return False


def _replaced(use: NamedByText, target: Target) -> Iterator[Outcome]:
    """What a test replaces by its name is replaced where the moved code looks it up."""
    new: Symbol | Generated
    if target.whole and target.stubs is not None and target.inside is not None and target.like is not None:
        named = NameIn(target.inside, GeneratedModule(target.stubs, target.like))
        yield Bridged(_spelled(use, target, named), why="a test replaces it; what makes stubs asks it for both names")
        return
    if target.path:
        new = runtime(api.RUNTIME_NAMES[target.path])
    else:
        assert target.service is not None and target.stubs is not None  # else all of a module, above
        name = target.service.connect_client if use.aio else target.service.connect_client_sync
        new = generated(target.stubs, name, target.like or target.text)
    changes: list[Edit] = []
    pieces: tuple[Piece, ...]
    if target.inside is not None:
        pieces = (NameIn(target.inside, new),)
    elif target.owner is not None:
        owner = RUNTIME_MODULE if target.stubs is None else GeneratedModule(target.stubs, target.owner)
        changes.append(edits.replace(use.module, target.owner, owner))
        pieces = (new.name,)
    elif target.stubs is not None:
        pieces = (GeneratedPath(target.stubs, target.prefix), f".{new.name}")
    else:
        pieces = (f"{RUNTIME}.{new.name}",)
    changes.append(_spelled(use, target, *pieces))
    server = target.path in api.SERVERS and use.facts.serve(use) is Serve.DUAL
    yield Bridged(
        changes,
        why="a test replaces it",
        mixed=False,
        finding='what takes the place of this server is called with wire="grpcio" as well' if server else "",
        advice="let the test expect it, or migrate with --serve single" if server else "",
    )


def _spelled(use: NamedByText, target: Target, *pieces: Piece) -> Edit:
    """The text, with another name in it; one that is put together keeps its first part."""
    module, written = use.module, use.module.source(target.text)
    quote, end = written[0] if written[0] in "'\"" else '"', module.span(target.text).end - 1
    rest = target.named.removeprefix(f"{target.prefix}.")
    if target.inside is not None and written[:-1].endswith(rest) and not isinstance(target.text, ast.Constant):
        return edits.replace_text(Span(end - len(rest), end), *pieces)
    prefix = f"{target.prefix}." if target.prefix and target.inside is not None else ""
    return edits.replace(use.module, target.text, quote, prefix, *pieces, quote)


@rule("G2C505", on=HandedOver)
def handed_over(use: HandedOver) -> Iterator[Outcome]:
    """A stub, channel or server that is handed to unknown code is reported."""
    if use.kind_of == "credentials":
        yield Left(
            f"credentials are handed to {use.what}, of which nothing is known",
            advice="make those in a part of the program that has no gRPC services, or keep this service on gRPC",
        )
        return
    if use.kind_of == "stub":
        advice = "see that it does not call the stub by gRPC's names"
    else:
        advice = f"see that it only makes {'stubs' if use.kind_of == 'channel' else 'servicers'} on it"
    yield Bridged(
        why="the code that takes it is not known",
        finding=f"a {use.kind_of} is handed to {use.what}, of which nothing is known",
        advice=advice,
        severity=Severity.WARNING,
    )
