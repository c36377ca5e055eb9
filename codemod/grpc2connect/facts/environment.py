"""Where the abstract interpreter stands: module, scope, flow-sensitive locals; and how names are looked up."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from grpc2connect.facts import api
from grpc2connect.facts.annotations import meant_type
from grpc2connect.facts.kinds import (
    NOTHING,
    Api,
    Builtin,
    Channel,
    Class,
    Context,
    Credentials,
    Error,
    ExperimentalApi,
    Instance,
    Served,
    Server,
    ServicerBase,
    Status,
    Stub,
    StubClass,
    Values,
    Wrapped,
)
from grpc2connect.facts.program import Program
from grpc2connect.facts.scopes import Function as FunctionNode
from grpc2connect.facts.scopes import Scope, bound_names
from grpc2connect.facts.state import State
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import children, walk


class Environment:
    """One point of an abstract run. `locals` is flow-sensitive; `state.cells` is what other scopes see.

    `said` is what tests say here of what is no name: `isinstance(self.args[0], grpc.RpcError)`.
    """

    def __init__(
        self, program: Program, state: State, module: Module, scope: Scope, local: Mapping[str, Values]
    ) -> None:
        self.program = program
        self.state = state
        self.module = module
        self.scope = scope
        self.locals = dict(local)
        self.said: dict[str, Values] = {}
        self.cls: Class | None = None
        if scope not in state.globals:
            state.globals[scope] = bound_names(scope)
        self.bound = state.globals[scope]

    def fork(self) -> Environment:
        """A copy whose locals can go another way."""
        other = Environment(self.program, self.state, self.module, self.scope, self.locals)
        other.cls = self.cls
        other.said = dict(self.said)
        return other

    def join(self, *others: Environment) -> None:
        """Merge the locals of other branches into this one."""
        for other in others:
            for name, values in other.locals.items():
                self.locals[name] = self.locals.get(name, NOTHING) | values

    def learn(self, other: Environment) -> bool:
        """Merge the locals of a branch into this one; whether a name is more than it was before, or another thing."""
        news = False
        for name, values in other.locals.items():
            if name in self.locals:
                old = self.locals[name]
                news = news or not values <= old
                self.locals[name] = old | values
            else:
                in_class = isinstance(self.scope, ast.ClassDef)
                news = news or in_class or values != self.state.cells.get((self.scope, name), NOTHING)
                self.locals[name] = values
        return news

    def bind(self, name: str, values: Values) -> None:
        """Assign a name."""
        self.forget(name)
        if name in self.bound:
            self.locals[name] = values
            self.state.bind(self.scope, name, values)
        else:
            self.state.bind(self.owner(name), name, values)

    def forget(self, name: str) -> None:
        """Let go what tests have said of attributes and items of a name, which is another thing from now on."""
        for place in [place for place in self.said if place.startswith((f"{name}.", f"{name}["))]:
            del self.said[place]

    def owner(self, name: str) -> ast.AST:
        """The scope that a free name belongs to."""
        for parent in self.module.ancestors(self.scope):
            if isinstance(parent, FunctionNode) and name in self._names(parent):
                return parent
        return self.module.tree

    def _names(self, scope: Scope) -> frozenset[str]:
        if scope not in self.state.globals:
            self.state.globals[scope] = bound_names(scope)
        return self.state.globals[scope]

    def look_up(self, name: str) -> Values:
        """What a name can be here."""
        if name in self.bound:
            if name in self.locals:
                return self.locals[name]
            if not isinstance(self.scope, ast.ClassDef):
                return self.state.cells.read((self.scope, name))
        found = self.state.cells.read((self.owner(name), name))
        if not found and name in _BUILTINS:
            return frozenset({Builtin(name)})
        return found

    def annotation(self, node: ast.expr | None) -> Values:
        """The values that an annotation promises (strings, unions, `Optional` and containers included)."""
        if node is None:
            return NOTHING
        return frozenset(value for found in self._annotated(node) for value in instances(found))

    def _annotated(self, node: ast.expr) -> Values:
        from grpc2connect.facts.expressions import evaluate

        match node:
            case ast.Constant(value=str(text)):
                return self._string_annotation(node, text)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._annotated(left) | self._annotated(right)
            case ast.Subscript(value=outer, slice=inner):
                name = last_name(outer)
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                named = [self._annotated(part) for part in parts]
                if name.lower() in _MAPPINGS:
                    named = named[1:]  # what it holds; its keys are looked at, and promised to nobody
                found = frozenset(value for values in named for value in values)
                if name in ("Type", "type"):
                    return frozenset(Wrapped("class", value) for value in found if isinstance(value, StubClass))
                if name in ("Optional", "Union", "Annotated", "Final", "ClassVar"):
                    return found
                own = evaluate(outer, self)
                wrapped = frozenset(Wrapped("item", value) for value in found)
                return frozenset(value for value in own if isinstance(value, Api | StubClass)) | wrapped
            case ast.Name() | ast.Attribute():
                return evaluate(node, self)
            case ast.List(elts=parts):
                # The parameters of a `Callable` are named here, and promised to nobody.
                for part in parts:
                    self._annotated(part)
        return NOTHING

    def _string_annotation(self, node: ast.Constant, text: str) -> Values:
        known = self.state.strings.get(node)
        if known is None:
            known = parse_string_annotation(self.module, node, text)
            if known is None:
                return NOTHING
            self.state.strings[node] = known
        return self._annotated(known)


_BUILTINS = frozenset({"property", "staticmethod", "classmethod", "super", "getattr", "isinstance", "type"})
_MAPPINGS = frozenset({"dict", "defaultdict", "ordereddict", "mapping", "mutablemapping"})


def parse_string_annotation(module: Module, node: ast.Constant, text: str) -> ast.expr | None:
    """The expression in a one-line string annotation, its nodes placed where they stand in the file."""
    source = module.source(node)
    if source[1:-1] != text or source[0] not in "'\"" or "\n" in text:
        return None
    try:
        parsed = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    for parent in walk(parsed):
        if isinstance(parent, ast.expr | ast.keyword | ast.arg):
            shift = node.col_offset + 1
            parent.lineno = parent.end_lineno = node.lineno
            parent.col_offset += shift
            parent.end_col_offset = (parent.end_col_offset or 0) + shift
        for child in children(parent):
            module.parents[child] = parent
    module.parents[parsed] = node
    return parsed


def instances(value: object) -> Values:
    """The instances of what an annotation or a test names."""
    match value:
        case Wrapped("class", inner):
            return frozenset({inner})
        case Wrapped(how, inner):
            return frozenset(Wrapped(how, item) for item in instances(inner))
        case StubClass(service, aio):
            return frozenset({Stub(service, aio, None)})
        case ServicerBase(service) | ExperimentalApi(service):
            return frozenset({Served(service)})
        case Class():
            return frozenset({Instance(value)})
        case Api(path):
            return _api_instance(meant_type(path))
    return NOTHING


def _api_instance(path: str) -> Values:
    if path == api.TEST_CHANNEL_TYPE:
        return frozenset({Channel(False, None)})
    if path in api.CHANNEL_TYPES:
        return frozenset({Channel(api.CHANNEL_TYPES[path], None)})
    if path in api.SERVER_TYPES:
        return frozenset({Server(api.SERVER_TYPES[path], None)})
    if path in api.CREDENTIALS_TYPES:
        return frozenset({Credentials(None, api.CREDENTIALS_TYPES[path])})
    if path in api.CONTEXT_TYPES:
        return frozenset({Context(api.CONTEXT_TYPES[path], None)})
    if path in api.ERRORS:
        return frozenset({Error(api.ERRORS[path])})
    if path == api.STATUS_CODE:
        return frozenset({Status()})
    return NOTHING
