"""What calling an abstract value gives, and what flows into the function that is called."""

from __future__ import annotations

import ast

from grpc2connect.facts import api, attributes, classes, fields, moved, run_time_stubs
from grpc2connect.facts.derived_stubs import initialise, make_stub
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Adder,
    Api,
    Builtin,
    Call,
    Channel,
    Class,
    Context,
    Credentials,
    Error,
    ExperimentalApi,
    Function,
    Instance,
    Member,
    Message,
    Package,
    Partial,
    Rpc,
    RpcVariant,
    Server,
    ServicerBase,
    Site,
    Status,
    StubClass,
    Super,
    Value,
    Values,
    Wrapped,
    is_grpc,
    unwrapped,
    without_libraries,
    worth_following,
)
from grpc2connect.facts.library import unknown_call
from grpc2connect.facts.scopes import is_generator, parameters
from grpc2connect.facts.state import FunctionNode, Registration
from grpc2connect.schema import Service


def evaluate_call(node: ast.Call, env: Environment) -> Values:
    """The values of a call expression."""
    from grpc2connect.facts.expressions import evaluate

    callees = evaluate(node.func, env)
    arguments = [evaluate(argument, env) for argument in node.args]
    keywords = {keyword.arg: evaluate(keyword.value, env) for keyword in node.keywords}
    found: set[Value] = set()
    known = False
    for callee in callees:
        result = _apply(callee, node, arguments, keywords, env)
        known = known or isinstance(callee, Function | Class | Partial)
        found |= result
    if not known:
        _hand_over(node, arguments, keywords, env)
        found |= unknown_call(node, arguments, keywords, env)
        found |= _made_later(node, arguments, keywords, env)
    return frozenset(found)


def _made_later(
    node: ast.Call, arguments: list[Values], keywords: dict[str | None, Values], env: Environment
) -> Values:
    """`partial(make, x)`, and the values that a described field starts with: `field(default_factory=make)`."""
    found: set[Value] = set()
    if classes.decorated_as(node, "partial") and arguments:
        for value in arguments[0]:
            if isinstance(value, Class):
                _construct(value, node, arguments[1:], keywords, env)
            if isinstance(value, Function | Class):
                found.add(Partial(value, len(arguments) - 1))
    elif fields.is_maker(node):
        found |= keywords.get("default", NOTHING)
        for value in keywords.get("default_factory", NOTHING) | keywords.get("factory", NOTHING):
            found |= _apply(value, node, [], {}, env)
    return frozenset(found)


def _apply(
    callee: Value, node: ast.Call, arguments: list[Values], keywords: dict[str | None, Values], env: Environment
) -> Values:
    site = Site(str(env.module.path), env.module.offset(node.lineno, node.col_offset))
    match callee:
        case Api(path) if path in run_time_stubs.FUNCTIONS and (made := run_time_stubs.result(path, node, env)):
            return made
        case Api(path):
            return _api_call(path, site, arguments, keywords, env)
        case StubClass():
            if len(arguments) + len(keywords) != 1:
                return NOTHING  # of what comes by a computed name, the registrations are called so
            return make_stub(callee, [*arguments, *keywords.values()], site, env)
        case Rpc(service, method, aio):
            _secure(Call(service, method, aio, site), [*arguments, *keywords.values()], env)
            return _rpc_call(callee, site)
        case RpcVariant(rpc, name):
            call = Call(rpc.service, rpc.method, rpc.aio, site)
            _secure(call, [*arguments, *keywords.values()], env)
            if name == "with_call":
                return frozenset({Wrapped("tuple:0", Message()), Wrapped("tuple:1", call)})
            return frozenset({call}) if name == "future" else NOTHING
        case Adder(service, bound):
            _register(service, node, ([] if bound is None else [frozenset({bound})]) + arguments, keywords, env)
            return NOTHING
        case Member(StubClass() as base, "__init__"):
            env.state.derived.update(make_stub(base, [*arguments, *keywords.values()], site, env))
            return NOTHING
        case Member(owner, name):
            if isinstance(owner, Server):
                _secure(owner, [*arguments, *keywords.values()], env)
            return moved.member_call(owner, name, arguments, env) or _member_call(owner, name)
        case Class():
            return _construct(callee, node, arguments, keywords, env)
        case Function():
            return call_function(callee, node, arguments, keywords, env)
        case Partial(inner, count):
            return _apply(inner, node, [NOTHING] * count + arguments, keywords, env)
        case Builtin(path):
            return _builtin_call(path, node, arguments, env)
        case Package(dotted) if name := moved.name_in_runtime(dotted):
            return moved.result(name, node, site, arguments, env)
    return NOTHING


def _api_call(
    path: str, site: Site, arguments: list[Values], keywords: dict[str | None, Values], env: Environment
) -> Values:
    if path in api.CHANNELS:
        channel = Channel(api.CHANNELS[path], site)
        _secure(channel, [*arguments, *keywords.values()], env)
        return frozenset({channel})
    if path == api.TEST_CHANNEL:
        return frozenset({Channel(False, site)})
    if path in api.ALL_CREDENTIALS:
        made = Credentials(site, api.ALL_CREDENTIALS[path])
        _secure(made, [*arguments, *keywords.values()], env)
        return frozenset({made})
    if path in api.SERVERS:
        server = Server(api.SERVERS[path], site)
        if "interceptors" in keywords or None in keywords or len(arguments) > api.INTERCEPTORS_POSITION:
            env.state.intercepted.add(server)
        return frozenset({server})
    if path == "grpc.intercept_channel":
        return arguments[0] if arguments else keywords.get("channel", NOTHING)
    if path in api.WRAPS_CHANNELS:
        wrapped = arguments[0] if arguments else keywords.get("channel", NOTHING)
        return wrapped | {Api(api.longer(path, "()"))}
    if path in api.METHOD_HANDLERS:
        for function in (value for value in (arguments[0] if arguments else NOTHING) if isinstance(value, Function)):
            names = [arg.arg for arg in parameters(function.node)][function.self_value is not None :]
            if len(names) > 1:
                context = Context(isinstance(function.node, ast.AsyncFunctionDef), None)
                env.state.receive(function.node, names[1], frozenset({context}))
    if path in api.ERRORS:
        return frozenset({Error(api.ERRORS[path], made=True)})
    if path in api.MESSAGES:
        return frozenset({Wrapped("await", Message()) if api.MESSAGES[path] else Message()})
    if path.startswith(f"{api.TEST_SERVER}()") and path.endswith(".termination"):
        return frozenset({Wrapped("tuple:2", Status())})
    return frozenset({Api(api.longer(path, "()"))})


def _secure(owner: Channel | Server | Credentials | Call, arguments: list[Values], env: Environment) -> None:
    """Note the credentials that something is made with, be it by `*` or `**`."""
    for value in (unwrapped(value) for values in arguments for value in values):
        if isinstance(value, Credentials):
            env.state.link(owner, value)


def _rpc_call(rpc: Rpc, site: Site) -> Values:
    call = Call(rpc.service, rpc.method, rpc.aio, site)
    if rpc.method.server_streaming or rpc.aio:
        return frozenset({call})
    return frozenset({Message()}) if rpc.aio is False else frozenset({Message(), call})


def _register(
    service: Service, node: ast.Call, arguments: list[Values], keywords: dict[str | None, Values], env: Environment
) -> None:
    servicers = arguments[0] if arguments else keywords.get("servicer", NOTHING)
    servers = arguments[1] if len(arguments) > 1 else keywords.get("server", NOTHING)
    for value in servicers:
        if isinstance(value, Instance) and _may_serve(env, value.cls, service):
            env.state.serve(value.cls, service)
    for server in servers:
        if isinstance(server, Server):
            env.state.link(server, Adder(service))
    env.state.registrations.setdefault(node, set()).add(Registration(env.module, node, service))


def _may_serve(env: Environment, cls: Class, service: Service) -> bool:
    """Whether a registration can be of a class: not where a loop registers others too, and it derives from those.

    A class that derives from one service's servicer may serve another without its base, but then it has its methods.
    """
    own = {base.service for base in classes.generated_bases(env.state, cls) if isinstance(base, ServicerBase)}
    return not own or service in own or any(classes.lookup(env.state, cls, method.name) for method in service.methods)


def _member_call(owner: Value, name: str) -> Values:
    if name == "code" and not isinstance(owner, Server | Channel):
        return frozenset({Status()})
    if isinstance(owner, Channel) and name in ("__enter__", "__aenter__"):
        return frozenset({owner})
    return NOTHING


def _construct(
    cls: Class, node: ast.Call, arguments: list[Values], keywords: dict[str | None, Values], env: Environment
) -> Values:
    instance = Instance(cls)
    functions = [found for found in classes.lookup(env.state, cls, "__init__") if isinstance(found, Function)]
    for function in functions:
        call_function(Function(function.module, function.node, instance), node, arguments, keywords, env)
    if all(map(classes.is_declared_only, functions)):
        site = Site(str(env.module.path), env.module.span(node).start)
        initialise(cls, [*arguments, *keywords.values()], site, env)
    if not functions and (arguments or keywords):
        names = [name for name, _ in fields.of(env.state, cls)]
        for name, values in [*zip(names, arguments, strict=False), *keywords.items()]:
            if name in names:
                env.state.attributes.grow((cls.node, str(name)), worth_following(values))
    return frozenset({instance})


def call_function(
    function: Function,
    node: ast.Call,
    arguments: list[Values],
    keywords: dict[str | None, Values],
    env: Environment,
) -> Values:
    """Bind arguments to the parameters of a function of the program; what it returns."""
    from grpc2connect.facts.expressions import wrap

    state, target = env.state, function.node
    state.calls.setdefault(target, set()).add(node)
    names = [arg.arg for arg in parameters(target)]
    if function.self_value is not None:
        names = names[1:]
    arguments = [without_libraries(values) for values in arguments]
    keywords = {name: without_libraries(values) for name, values in keywords.items()}
    for index, values in enumerate(_positional(node, arguments, len(names))):
        if index < len(names):
            state.receive(target, names[index], values)
        elif target.args.vararg:
            wrapped = wrap("item", values) | wrap(
                f"tuple:{index - len(names)}", [value for value in values if is_grpc(value)]
            )
            state.receive(target, target.args.vararg.arg, wrapped)
    accepted = {*names, *(arg.arg for arg in target.args.kwonlyargs)}
    for name, values in keywords.items():
        if name is None:
            _unpack(values, accepted, target, env)
        elif name in accepted:
            state.receive(target, name, values)
        elif target.args.kwarg:
            given = frozenset([value for value in values if is_grpc(value)])
            state.receive(target, target.args.kwarg.arg, wrap("item", given) | wrap(f"key:{name}", given))
    return result_of(function, env)


def _positional(node: ast.Call, arguments: list[Values], wanted: int) -> list[Values]:
    """The positional arguments of a call, those of an unpacked tuple each by itself."""
    from grpc2connect.facts.expressions import items, unwrap

    found: list[Values] = []
    nodes = node.args if len(node.args) == len(arguments) else []
    for index, values in enumerate(arguments):
        if index >= len(nodes) or not isinstance(nodes[index], ast.Starred):
            found.append(values)
            continue
        exact = {v.how for v in values if isinstance(v, Wrapped) and v.how.startswith("tuple:")}
        if exact:
            last = max(int(how.removeprefix("tuple:")) for how in exact)
            found.extend(unwrap(f"tuple:{position}", values) for position in range(last + 1))
        elif inside := frozenset(filter(is_grpc, items(values))):
            found.extend([inside] * max(wanted - len(found), 1))
        else:
            break
    return found


def _unpack(values: Values, accepted: set[str], target: FunctionNode, env: Environment) -> None:
    """`f(**values)`: by the keys of a literal dict, or else anything to anyone."""
    from grpc2connect.facts.expressions import held_under

    values = frozenset([value for value in values if is_grpc(value)])
    if not values:
        return
    for name in sorted(accepted):
        env.state.receive(target, name, held_under(name, values))
    if target.args.kwarg:
        env.state.receive(target, target.args.kwarg.arg, frozenset(v for v in values if isinstance(v, Wrapped)))


def result_of(function: Function, env: Environment) -> Values:
    """What a call of a function gives: its returns, wrapped as generators and coroutines are."""
    node = function.node
    returns = env.state.returns.read(node)
    if isinstance(node, ast.Lambda):
        return returns
    yields = env.state.yields.read(node)
    if classes.decorated(node, "contextmanager", "asynccontextmanager"):
        return frozenset(Wrapped("enter", value) for value in yields)
    if is_generator(node):
        return frozenset(Wrapped("item", value) for value in yields)
    if not returns:
        # Its names mean what they mean where the function is, not where it is called.
        promised = Environment(env.program, env.state, function.module, function.module.tree, {}).annotation(
            node.returns
        )
        # The body is there, and shows that they come from code that is not.
        returns = frozenset(value for value in promised if not isinstance(value, Credentials))
    if isinstance(node, ast.AsyncFunctionDef):
        return frozenset(Wrapped("await", value) for value in returns)
    return returns


def _builtin_call(path: str, node: ast.Call, arguments: list[Values], env: Environment) -> Values:
    if path == "super" and env.cls is not None:
        return frozenset({Super(env.cls)})
    if path == "staticmethod" and arguments:
        return frozenset(Wrapped("static", value) for value in arguments[0])
    if path == "type" and len(node.args) == 1:
        return frozenset(value.cls for value in arguments[0] if isinstance(value, Instance))
    if path == "getattr" and len(node.args) >= 2:
        name = node.args[1]
        if not isinstance(name, ast.Constant):
            return attributes.by_any_name(arguments[0], name)
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            return frozenset(found for owner in arguments[0] for found in attributes.get(env, owner, name.value))
    return NOTHING


def _hand_over(node: ast.Call, arguments: list[Values], keywords: dict[str | None, Values], env: Environment) -> None:
    """`submit(f, x)`, `Thread(target=f, args=(x,))`, `partial(f, x)`: what follows a function flows into it."""
    for index, values in enumerate(arguments):
        for value in values:
            if isinstance(value, Function):
                call_function(value, node, arguments[index + 1 :], {}, env)
    for value in keywords.get("target", NOTHING):
        if isinstance(value, Function):
            given = keywords.get("args", NOTHING)
            indexes = [int(v.how[6:]) for v in given if isinstance(v, Wrapped) and v.how.startswith("tuple:")]
            unpacked = [
                frozenset(v.value for v in given if isinstance(v, Wrapped) and v.how == f"tuple:{index}")
                for index in range(max(indexes, default=-1) + 1)
            ]
            named: dict[str | None, Values] = {
                v.how.removeprefix("key:"): frozenset({v.value})
                for v in keywords.get("kwargs", NOTHING)
                if isinstance(v, Wrapped) and v.how.startswith("key:")
            }
            call_function(value, node, unpacked, named, env)


def apply_decorators(function: Function, node: ast.FunctionDef | ast.AsyncFunctionDef, env: Environment) -> Values:
    """What a `def` binds: the function, and what decorators of the program put in its place."""
    from grpc2connect.facts.expressions import evaluate

    found: set[Value] = {function}
    for decorator in reversed(node.decorator_list):
        for value in evaluate(decorator, env):
            if not isinstance(value, Function):
                continue
            target = value.node
            names = [arg.arg for arg in parameters(target)]
            if value.self_value is not None:
                names = names[1:]
            if names:
                env.state.receive(target, names[0], frozenset({function}))
            found |= {v for v in env.state.returns.read(target) if isinstance(v, Function)}
    return frozenset(found)


__all__ = ["ExperimentalApi", "Status", "apply_decorators", "call_function", "evaluate_call", "result_of"]
