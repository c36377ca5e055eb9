"""G2C802, G2C803, G2C804: gRPC names that no other rule claims, and generated classes used as values.

    - CLIENTS = {"greeter": helloworld_pb2_grpc.GreeterStub}
    - stub = CLIENTS[name](channel)
    + CLIENTS = {"greeter": helloworld_connect.GreeterClientSync}
    + stub = channel.client(CLIENTS[name])

A stub class becomes the client class, and a registration the application class; what calls them goes through the
channel or the server. All places that may call them must be known.

    - for add, servicer in REGISTRATIONS: add(servicer, server)
    + for add, servicer in REGISTRATIONS: server.add_service(add, servicer)

What is called on an unknown channel or server, or can also be something else, finds out when it runs (`client_on`,
`add_service_to`), and so does a stub class whose channels may be sync or async. A generated module that goes as a value
becomes an object with its names. A stub class that a mock is made like (`create_autospec(GreeterStub)`,
`Mock(spec=GreeterStub)`) becomes the client class.

    - build(users_pb2_grpc, "UsersStub")
    + build(generated_names(users_connect), "UsersStub")

The static methods of gRPC's experimental API go on being called with an address:

    - reply = helloworld_pb2_grpc.Greeter.SayHello(request, "localhost:50051", insecure=True)
    + reply = call_at(GreeterClientSync, "say_hello", unary_unary)(request, "localhost:50051", insecure=True)

A generated servicer that something only looks at (`isinstance`, `issubclass`, `getmembers`, `getattr`) becomes a class
with the names that it had.

    - isinstance(thing, users_pb2_grpc.UsersServicer)
    + isinstance(thing, servicer_class(UsersASGIApplication, Users, UsersSync))

A servicer that is made of the generated class itself, and answers every RPC with UNIMPLEMENTED:

    - add_UsersServicer_to_server(users_pb2_grpc.UsersServicer(), server)
    + server.add_service(UsersASGIApplication, servicer_base(UsersSync)())

One that a test may give handlers (`patch.object(servicer, "Get")`) has the names that it had:

    - servicer = users_pb2_grpc.UsersServicer()
    + servicer = servicer_class(UsersASGIApplication, Users, UsersSync)()

What a class asks of gRPC's before it, which has no `__init__` of its own:

    - users_pb2_grpc.UsersServicer.__init__(self)
    + object.__init__(self)

A class whose source is read, and no more (`inspect.getsource`), goes on being gRPC's.

A class that derives from a stub's class, or from several, derives from one with the names of their RPCs and no others;
what is called on its objects stays as it is written. Where calls of stubs may reach such an object, they stay by the
names of the RPCs too (G2C501).

    - class Client(users_pb2_grpc.UsersStub):
    + class Client(StubOf[users_connect.UsersClientSync]):
          def __init__(self, address):
    -         super().__init__(grpc.insecure_channel(address))
    +         super().__init__(insecure_channel(address))

          def get_user(self, name):
              return self.GetUser(users_pb2.User(name=name))

What an earlier run has kept for callers of a library goes once `public` does not ask for it any more:

    - self._stub = public_stub(channel, users_pb2_grpc.UsersStub, users_connect.UsersClientSync)
    + self._stub = client_on(channel, users_connect.UsersClientSync)

Left: names without such a form, values that go where they cannot be followed (into a library, a registry), and what a
class derives from by another name than that of the stub's class.

Why: never silently wrong. A name whose meaning is not known to survive is reported with its place, and the services
that it belongs to (those of its arguments, else those of its file) stay as they are. Of a generated module of which
nothing is known a file has one finding, where it imports that, with the number of references.

Source: grpc (grpcio 1.85).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import (
    Bridged,
    GeneratedModule,
    GrpcModule,
    Left,
    Native,
    Outcome,
    api,
    edits,
    first_name,
    generated,
    kinds,
    rule,
    runtime,
)
from grpc2connect.rules_api.edits import Edit, Piece
from grpc2connect.rules_api.references import ApiUse, CalledValue, GeneratedUse


@rule("G2C802", on=ApiUse)
def other(use: ApiUse) -> Iterator[Outcome]:
    """A gRPC name that no other rule claims."""
    if use.path.startswith(api.UNKNOWN_STUBS):
        name = use.path.removeprefix(api.UNKNOWN_STUBS)
        yield Left(
            f"nothing is known of the generated {name[: (name + api.GENERATED).index(api.GENERATED)] + api.GENERATED}",
            advice="add its proto to the paths, or name the environment that has it: --python .venv",
            once=True,
            at=_imported(use),
        )
        return
    yield Left(f"{use.path} has no equivalent yet", advice="move it by hand, or keep this service on gRPC")


def _imported(use: ApiUse) -> ast.stmt | None:
    """The import that brings a name to its file."""
    root = first_name(use.node.func if isinstance(use.node, ast.Call) else use.node)
    aliases = use.facts.importers(use.module, root) if root else []
    return use.module.statement(aliases[0]) if aliases else None


@rule("G2C803", on=GeneratedUse)
def generated_value(use: GeneratedUse) -> Iterator[Outcome]:
    """A generated class or function used as a value."""
    if use.bridge:
        yield _taken_down(use)
        return
    if use.value == "base":
        yield Bridged(_base(use), why="the native form is a class that keeps a client")
        return
    if use.escape and not use.spec:
        yield Left(f"{use.what} is used as a value, and goes to {use.escape}", advice="call it where it is named")
        return
    if use.value == "passed":
        yield Bridged(why="what came here as a value has the names that it had")
        return
    if use.value == "initializer":
        yield Native(edits.replace(use.module, use.node, "object"))
        return
    if use.value == "source":
        yield Bridged(why="its source is read, and that is still there")
        return
    if use.value == "read":
        yield Bridged(
            why="the source of gRPC's class is still there",
            finding="what is read here is still gRPC's source, and calls of this project have Connect's names now",
            advice="read the client class instead, if it is about these calls",
        )
        return
    if use.value == "servicer" and use.stubs is not None and use.service is not None:
        yield Bridged(_servicer(use), why="something looks at the names of its RPCs")
        return
    if use.value == "module" and use.stubs is not None:
        yield Bridged(_module(use), why="what asks it for its names shows only when it runs")
        return
    if use.service is None or use.stubs is None or not use.value:
        yield Left(f"{use.what} is used as a value", advice="call it where it is named, then run again")
        return
    assert isinstance(use.node, ast.expr)
    if use.value == "bare":
        name = use.service.connect_client if use.aio else use.service.connect_client_sync
        yield Native(edits.replace(use.module, use.node, generated(use.stubs, name, use.node)))
        return
    if use.value == "static":
        yield Bridged(_called_at(use), why="the native form is a client, made once")
        return
    if use.value == "made" and not _is_registered_at_once(use):
        why = "what has it may put handlers in, by the names of the RPCs"
        yield Bridged(_servicer(use), why=why)
        return
    if use.value == "made":
        service_class = generated(use.stubs, use.service.connect_service_sync, use.node)
        change = edits.replace(use.module, use.node, runtime("servicer_base"), "(", service_class, ")")
        yield Bridged(change, why="Connect's class is a Protocol, of which no objects are made")
        return
    if use.checked or (use.value != "registration" and use.aio is None and _is_asked_of(use)):
        yield Bridged(_checked(use), why="it may be of a class that derives from the stub's")
        return
    registers = use.value == "registration"
    new: list[Piece] = [generated(use.stubs, use.service.connect_app, use.node)] if registers else _clients(use)
    if len(new) > 1:
        change = edits.replace(use.module, use.node, runtime("stub_class"), "(", *_listed(new, ", "), ")")
        yield Bridged(change, why="whether its channel is async shows only when it runs")
        return
    yield Bridged(edits.replace(use.module, use.node, *new), why="what calls it goes through the runtime")


def _base(use: GeneratedUse) -> Edit:
    """A stub's class that another class derives from, with its type arguments, if it has some."""
    assert isinstance(use.node, ast.expr)
    parent = use.module.parents[use.node]
    generic = isinstance(parent, ast.Subscript) and parent.value is use.node
    return edits.replace(use.module, parent if generic else use.node, *_stub_of(use))


def _stub_of(use: GeneratedUse) -> tuple[Piece, ...]:
    return (runtime("StubOf"), "[", *_listed(_clients(use), " | "), "]")


def _clients(use: GeneratedUse) -> list[Piece]:
    """What stands for a stub's class: the client of its colour; the sync and the async one where that is not known."""
    assert isinstance(use.node, ast.expr) and use.service is not None and use.stubs is not None
    both = [use.service.connect_client_sync, use.service.connect_client]
    names = both if use.aio is None else [both[use.aio]]
    return [generated(use.stubs, name, use.node) for name in names]


def _listed(pieces: list[Piece], between: str) -> list[Piece]:
    return [part for piece in pieces for part in (between, piece)][1:]


def _is_asked_of(use: GeneratedUse) -> bool:
    """Whether it is a class that something is asked to be of."""
    match use.module.parents[use.node]:
        case ast.Call(func=ast.Name("isinstance" | "issubclass"), args=[_, asked]):
            return asked is use.node
    return False


def _checked(use: GeneratedUse) -> Edit:
    """What something is asked whether it is of: a client, or an object of a class that derives from the stub's."""
    return edits.replace(use.module, use.node, runtime("stub_types"), "(", *_listed(_clients(use), ", "), ")")


def _servicer(use: GeneratedUse) -> Edit:
    """A class like gRPC's servicer, with the names of the RPCs."""
    service, stubs = use.service, use.stubs
    assert isinstance(use.node, ast.expr) and service is not None and stubs is not None
    names = (service.connect_app, service.connect_service, service.connect_service_sync)
    app, *services = (generated(stubs, name, use.node) for name in names)
    pieces = (runtime("servicer_class"), "(", app, ", ", services[0], ", ", services[1], ")")
    return edits.replace(use.module, use.node, *pieces)


def _is_registered_at_once(use: GeneratedUse) -> bool:
    """Whether a servicer is made for a server, and nothing else has it."""
    made = use.module.parents[use.module.parents[use.node]]
    return isinstance(made, ast.Call) and any(isinstance(value, kinds.Adder) for value in use.facts.values(made.func))


def _taken_down(use: GeneratedUse) -> Outcome:
    """What kept gRPC's class or registration for callers goes on without it."""
    call = use.module.parents[use.node]
    assert isinstance(call, ast.Call)
    if call.keywords or len(call.args) < 3 or call.args[1] is not use.node:
        return Left(f"{use.what} is given to {use.bridge} in another form", advice="give its arguments by position")
    name = "client_on" if use.bridge == "public_stub" else "add_service_to"
    others = [piece for argument in call.args[2:] for piece in (", ", argument)]
    changes = edits.replace(use.module, call, runtime(name), "(", call.args[0], *others, ")")
    return Bridged(changes, why="what channel or server this is shows only when it runs")


def _called_at(use: GeneratedUse) -> Edit:
    """A static method of gRPC's experimental API, which is called with an address."""
    method = use.module.parents[use.node]
    assert use.service is not None and use.stubs is not None
    assert isinstance(use.node, ast.expr) and isinstance(method, ast.Attribute)
    rpc = use.service.method(method.attr)
    assert rpc is not None
    client = generated(use.stubs, use.service.connect_client_sync, use.node)
    kind = runtime(rpc.kind.name.lower())
    return edits.replace(use.module, method, runtime("call_at"), "(", client, f', "{rpc.python_name}", ', kind, ")")


def names_of(stubs: GrpcModule, like: ast.expr) -> tuple[Piece, ...]:
    """What stands in for a generated module: the names that it had, with what they have become."""
    return (runtime("generated_names"), "(", GeneratedModule(stubs, like), ")")


def _module(use: GeneratedUse) -> Edit:
    assert isinstance(use.node, ast.expr) and use.stubs is not None
    return edits.replace(use.module, use.node, *names_of(use.stubs, use.node))


@rule("G2C804", on=CalledValue)
def called(use: CalledValue) -> Iterator[Outcome]:
    """A call of a stub class or registration that came as a value goes through the channel or server."""
    given = use.facts.arguments(use.node)
    plain = all(isinstance(name, int) for name in given)
    if (use.other and not plain) or not set(given) <= {0, 1, "channel", "servicer", "server"}:
        yield Left("what is called here can also be something else", advice="call the two in different places")
    elif use.value == "stub" and len(given) == 1:
        yield from _client(use, given.get(0, given.get("channel")))
    elif use.other and len(given) != 2:
        yield Left("what is called here can also be something else", advice="call the two in different places")
    elif use.bound:
        yield from _bound(use, given.get(0, given.get("server")))
    else:
        yield from _registration(use, given.get(0, given.get("servicer")), given.get(1, given.get("server")))


def _client(use: CalledValue, channel: ast.expr | None) -> Iterator[Outcome]:
    module, call = use.module, use.node
    if channel is None:
        yield Left("it is not known what channel this stub is made on", advice="pass it by itself")
        return
    named = use.facts.named_stubs.makes(use.units)
    before, after = edits.nested(module, call, *([(runtime("by_rpc_names"), "(")] if named else []))
    replaced = use.replaced and any(isinstance(value, kinds.Channel) for value in use.facts.values(channel))
    if use.other or not (replaced or _is_known(use, channel, kinds.Channel)):
        changes = [
            edits.replace(module, call.func, *before, runtime("client_on")),
            edits.replace(module, _whole(use, channel), channel, ", ", *edits.moved(module, call.func)),
            *after,
        ]
        yield Bridged(changes, why="what channel this is shows only when it runs")
        return
    if replaced:
        changes = [
            edits.replace(module, call.func, runtime("stub_on")),
            edits.insert_before(module, _whole(use, channel), *edits.moved(module, call.func), ", "),
        ]
        yield Bridged(changes, why="a test may replace the stub, or the channel that it is made on")
        return
    changes = [
        edits.replace(module, call.func, *before, *edits.moved(module, channel), ".client"),
        edits.replace(module, _whole(use, channel), *edits.moved(module, call.func)),
        *after,
    ]
    yield Bridged(changes, why="the native form is a client with a transport of its own")


def _registration(use: CalledValue, servicer: ast.expr | None, server: ast.expr | None) -> Iterator[Outcome]:
    module, call = use.module, use.node
    if servicer is None or server is None:
        yield Left("the arguments of this registration are unpacked", advice="pass servicer and server by themselves")
        return
    first, second = sorted((servicer, server), key=lambda node: module.span(node).start)
    known = not use.other and _is_known(use, server, kinds.Server)
    function: tuple[Piece, ...] = (runtime("add_service_to"),)
    to = () if known else (*edits.moved(module, server), ", ")
    changes = [
        edits.replace(module, call.func, *((*edits.moved(module, server), ".add_service") if known else function)),
        edits.replace(module, _whole(use, first), *to, *edits.moved(module, call.func)),
        edits.replace(module, _whole(use, second), *edits.moved(module, servicer)),
    ]
    yield Bridged(changes, why="the native form is a module-level ASGI app")


def _bound(use: CalledValue, server: ast.expr | None) -> Iterator[Outcome]:
    """`self.register(server)`: the servicer is the object whose attribute the registration is."""
    module, func = use.module, use.node.func
    known = server is not None and _is_known(use, server, kinds.Server)
    if server is None or use.other or not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        yield Left("it is not known what server this registers on", advice="annotate the server: grpc.Server")
        return
    function: tuple[Piece, ...] = (runtime("add_service_to"),)
    to = () if known else (*edits.moved(module, server), ", ")
    changes = [
        edits.replace(module, func, *((*edits.moved(module, server), ".add_service") if known else function)),
        edits.replace(module, _whole(use, server), *to, *edits.moved(module, func), f", {func.value.id}"),
    ]
    yield Bridged(changes, why="the native form is a module-level ASGI app")


def _is_known(use: CalledValue, node: ast.expr, kind: type[kinds.Channel] | type[kinds.Server]) -> bool:
    return use.facts.is_made_here(use.module, node, kind) and not use.facts.may_be_none(use.module, node)


def _whole(use: CalledValue, node: ast.expr) -> ast.AST:
    """The argument with its keyword, if it has one."""
    parent = use.module.parents[node]
    return parent if isinstance(parent, ast.keyword) else node
