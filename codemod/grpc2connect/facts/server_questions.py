"""What rules for servicers and contexts ask of the facts."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import cached_property

from grpc2connect.facts import api, classes
from grpc2connect.facts.kinds import (
    NOTHING,
    Api,
    Class,
    Context,
    ExperimentalApi,
    Function,
    Instance,
    Member,
    Message,
    Server,
    ServicerBase,
    Status,
    StubClass,
    Value,
    Values,
)
from grpc2connect.facts.own_names import asked_for, asked_functions, asks_its_own_name
from grpc2connect.facts.program import Program
from grpc2connect.facts.references import ContextUse
from grpc2connect.facts.scopes import bound_names, is_generator, own_nodes
from grpc2connect.facts.state import Handler, State
from grpc2connect.facts.status_groups import (
    StatusGroup,
    assigned_calls,
    cannot_fail,
    changes_the_end,
    keeps_details,
    may_have_details,
    within,
)
from grpc2connect.schema import Service
from grpc2connect.syntax import Module
from grpc2connect.syntax.names import last_name

_BROAD = frozenset({"Exception", "BaseException"})
_OF_FAILED_CALLS = frozenset({"ConnectError", "RpcError"})
_SWALLOWING = frozenset(
    {"suppress", "raises", "assertRaises", "assertRaisesRegex", "ExitStack", "AsyncExitStack"}
    | {"TaskGroup", "create_task_group", "open_nursery"}  # which raise a group of what is raised within
)
_PLAIN_DECORATORS = ("override", "staticmethod", "classmethod")


class ServerQuestions:
    """Questions about servicers, handlers and contexts; mixed into `Facts`."""

    program: Program
    state: State

    def values(self, node: ast.AST) -> Values:
        """All that an expression can be."""
        return self.state.values.get(node, NOTHING)

    @cached_property
    def _handlers(self) -> dict[ast.AST, list[Handler]]:
        found: dict[ast.AST, list[Handler]] = {}
        for (node, _), handler in sorted(self.state.handlers.items(), key=lambda item: item[0][1]):
            found.setdefault(node, []).append(handler)
        return found

    def handlers(self, function: ast.AST | None) -> list[Handler]:
        """The RPCs that a function implements (or that it wraps the handler of)."""
        return self._handlers.get(function, []) if function is not None else []

    def arguments(self, call: ast.Call) -> dict[int | str, ast.expr]:
        """A call's arguments by position and by keyword; `*` and `**` where something is unpacked."""
        found: dict[int | str, ast.expr] = {}
        for index, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred):
                found["*"] = argument
            else:
                found[index] = argument
        for keyword in call.keywords:
            found[keyword.arg or "**"] = keyword.value
        return found

    def handler_colours(self, module: Module, node: ast.ClassDef, service: Service) -> frozenset[bool]:
        """Whether the handlers of a servicer are async; both where it has both kinds."""
        cls = Class(module, node)
        family = [other for other in self.state.servicers if cls in classes.ancestry(self.state, other)] or [cls]
        colours = {
            isinstance(function.node, ast.AsyncFunctionDef)
            for member in family
            for method in service.methods
            for function in classes.lookup(self.state, member, method.name)
            if isinstance(function, Function)
        }
        return frozenset(colours) or frozenset({self._registered_aio(cls)})

    def _registered_aio(self, cls: Class) -> bool:
        for call in self.state.registrations:
            assert isinstance(call, ast.Call)
            found = [value for argument in call.args for value in self.values(argument)]
            if any(value == Instance(cls) for value in found):
                return any(isinstance(value, Server) and value.aio for value in found)
        return False

    def needs_plain_base(self, cls: ast.ClassDef, base: ast.expr) -> bool:
        """Whether a `Protocol` class among the bases may break a class: by its metaclass, or by its `__init__`.

        It does not where it is the last base, and the others are classes of the program without a metaclass.
        """
        others = [other for other in cls.bases if other is not base]
        if cls.keywords or (others and cls.bases[-1] is not base):
            return bool(cls.keywords) or not all(self._is_generated(other) for other in others)
        return not all(self._is_generated(other) or self._is_plain(other) for other in others)

    @cached_property
    def _asked_functions(self) -> frozenset[ast.AST]:
        return asked_functions(self.program, self.values)

    def _is_generated(self, base: ast.expr) -> bool:
        return any(isinstance(value, ServicerBase | StubClass | ExperimentalApi) for value in self.values(base))

    def _is_plain(self, base: ast.expr) -> bool:
        """Whether a base is a class of the program, all of whose bases are, without a metaclass."""
        if isinstance(base, ast.Name) and base.id == "object":
            return True
        known = [value for value in self.values(base) if isinstance(value, Class)]
        return bool(known) and all(
            not value.node.keywords and all(self._is_plain(inner) for inner in value.node.bases) for value in known
        )

    def name_matters(self, module: Module, node: ast.AST, old: str, new: str) -> bool:
        """Whether something looks at the name of a handler, or at what else its new name means in the class."""
        cls = module.enclosing(node, ast.ClassDef)
        if not isinstance(cls, ast.ClassDef):
            return False
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not all(classes.decorated_as(decorator, *_PLAIN_DECORATORS) for decorator in node.decorator_list):
                return True
            if node in self._asked_functions or asks_its_own_name(node, old) or asked_for(module, old):
                return True
        if (
            _is_rebuilt(cls)
            or _is_watched(cls)
            or any(name in bound_names(cls) for name in ("__getattribute__", "__getattr__"))
            or any(_watches(base.node) for base in classes.ancestry(self.state, Class(module, cls))[1:])
        ):
            return True
        names = [child for child in _class_scope(cls) if isinstance(child, ast.Name)]
        loaded = {name.id for name in names if isinstance(name.ctx, ast.Load)}
        return old in loaded or (new in loaded and hasattr(builtins, new))

    def attribute_taken(self, module: Module, node: ast.AST, new: str, old: str) -> bool:
        """Whether a class has another attribute of the name that a handler is to take."""
        cls = module.enclosing(node, ast.ClassDef)
        if new == old or not isinstance(cls, ast.ClassDef):
            return False
        inherited = classes.lookup(self.state, Class(module, cls), new)
        if new in bound_names(cls) or inherited:
            return True
        return any(
            isinstance(child, ast.Attribute) and child.attr == new and isinstance(child.ctx, ast.Store)
            for child in ast.walk(cls)
        )

    def status_of_abort(self, module: Module, call: ast.Call) -> bool:
        """Whether an abort has a literal status other than OK, and details."""
        given = self.arguments(call)
        code, details = given.get(0, given.get("code")), given.get(1, given.get("details"))
        if code is None or details is None or not set(given) <= {0, 1, "code", "details"}:
            return False
        known = not (_is_no_text(module, details) or keeps_details(module, call, details))
        return known and self._literal_status(module, code)

    def _literal_status(self, module: Module, node: ast.expr) -> bool:
        """Whether an expression spells a status code other than OK."""
        values = self.values(node)
        spelled = isinstance(node, ast.Attribute) and len(values) == 1
        return spelled and all(isinstance(value, Status) and value.name in api.CONNECT_CODES for value in values)

    def raises_freely(self, module: Module, node: ast.AST) -> bool:
        """Whether an exception raised at a node leaves its handler and ends the call, with nothing to swallow it.

        The handler must be called by the server alone: a test, a sibling, a decorator or an interceptor may
        swallow, or may expect the context's method to be called.
        """
        function = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        handlers = self.handlers(function)
        if not any(handler.direct for handler in handlers):
            return False
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        if function.decorator_list or self.state.calls.get(function) or _is_rebuilt(module.parents[function]):
            return False
        if any(handler.service in self.intercepted() for handler in handlers):
            return False
        if None in self._status_read or any(handler.service in self._status_read for handler in handlers):
            return False
        child = node
        for parent in module.ancestors(node):
            if parent is function:
                return True
            if isinstance(parent, ast.Try | ast.TryStar):
                inside = isinstance(child, ast.stmt) and child in parent.body
                if inside and any(self.may_catch(module, handler) for handler in parent.handlers):
                    return False
                if any(changes_the_end(function, left) for final in parent.finalbody for left in ast.walk(final)):
                    return False
            if isinstance(parent, ast.With | ast.AsyncWith) and any(
                self._swallows(module, item) for item in parent.items
            ):
                return False
            child = parent
        return False

    def intercepted(self) -> frozenset[Service]:
        """The services behind interceptors, which may catch what a handler raises, and know what grpcio raises."""
        raise NotImplementedError

    def services(self, value: Value) -> frozenset[Service]:
        """The services that a value belongs to."""
        raise NotImplementedError

    @cached_property
    def _status_read(self) -> frozenset[Service | None]:
        """The services some of whose code asks a context for the status that was set (a raised one is not there)."""
        return frozenset(
            value.owner.service
            for values in self.state.values.values()
            for value in values
            if isinstance(value, Member) and isinstance(value.owner, Context) and value.name in ("code", "details")
        )

    def may_catch(self, module: Module, handler: ast.ExceptHandler) -> bool:
        """Whether an `except` clause may catch a `ConnectError` (or the bare `Exception` of grpcio's abort)."""
        if handler.type is None:
            return True
        parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        return any(self._broad(module, part) for part in parts)

    def _broad(self, module: Module, node: ast.expr) -> bool:
        values = self.values(node)
        if any(isinstance(value, Api) and value.path in (*api.ERRORS, "grpc.aio.AbortError") for value in values):
            return True
        if isinstance(node, ast.Name):
            if node.id in _BROAD:
                return True
            builtin = getattr(builtins, node.id, None)
            if isinstance(builtin, type) and issubclass(builtin, BaseException):
                return False
            return not (any(isinstance(value, Class) for value in values) or self._imported(module, node))
        return not (isinstance(node, ast.Attribute) and node.attr not in _BROAD | _OF_FAILED_CALLS)

    def _imported(self, module: Module, node: ast.Name) -> bool:
        imports = [child for child in own_nodes(module.tree) if isinstance(child, ast.ImportFrom)]
        known = [alias for child in imports for alias in child.names if alias.name not in _OF_FAILED_CALLS]
        return any((alias.asname or alias.name) == node.id for alias in known) and node.id not in _OF_FAILED_CALLS

    def _swallows(self, module: Module, item: ast.withitem) -> bool:
        expression = item.context_expr
        target = expression.func if isinstance(expression, ast.Call) else expression
        if last_name(target) in _SWALLOWING or any(
            last_name(call.func) in _SWALLOWING for call in assigned_calls(module, target)
        ):
            return True
        for value in self.values(target):
            body: ast.AST | None = value.node if isinstance(value, Function | Class) else None
            if body is not None and any(isinstance(child, ast.ExceptHandler) for child in ast.walk(body)):
                return True
            if isinstance(value, Class) and any(
                isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name in ("__exit__", "__aexit__")
                for child in value.node.body
            ):
                return True
        return False

    def status_group(self, use: ContextUse) -> StatusGroup | None:
        """The statements around a `set_code` that together are `raise ConnectError`; None if they are not."""
        module, call = use.module, use.call
        statement = module.parents[call] if call is not None else None
        if call is None or not isinstance(statement, ast.Expr) or len(call.args) != 1 or call.keywords:
            return None
        function = module.enclosing(call, ast.FunctionDef, ast.AsyncFunctionDef)
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or is_generator(function):
            return None
        if any(isinstance(parent, ast.With | ast.AsyncWith) for parent in within(module, statement, function)):
            return None  # it ends well today: a transaction that is committed would be rolled back by an exception
        streams = any(handler.method.server_streaming for handler in self.handlers(function))
        if streams or not self._literal_status(module, call.args[0]) or not self.raises_freely(module, statement):
            return None
        block = module.block(statement)
        index = block.index(statement)
        before = self._details(block[index - 1], call) if index else None
        after = self._details(block[index + 1], call) if index + 1 < len(block) else None
        if before is not None and after is not None:
            return None
        following = block[index + (2 if after is not None else 1) :]
        if not following or not isinstance(following[0], ast.Return) or not self._ignorable(following[0].value):
            return None
        details = before or after
        statements: list[ast.stmt] = [statement]
        uses: list[ast.AST] = [use.node]
        if details is not None:
            statements.append(module.statement(details))
            uses.append(details.func)
        argument = details.args[0] if details is not None else None
        if argument is None:
            context = call.func.value if isinstance(call.func, ast.Attribute) else call.func
            if may_have_details(module, function, statement, context):
                return None
        elif _is_no_text(module, argument) or (after is not None and not cannot_fail(module, argument)):
            return None
        return StatusGroup(call.args[0], argument, tuple(statements), following[0], tuple(uses))

    def _details(self, statement: ast.stmt, code: ast.Call) -> ast.Call | None:
        if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
            return None
        call = statement.value
        same = isinstance(call.func, ast.Attribute) and isinstance(code.func, ast.Attribute)
        if not same or len(call.args) != 1 or call.keywords:
            return None
        members = [value for value in self.values(call.func) if isinstance(value, Member)]
        named = any(isinstance(m.owner, Context) and m.name == "set_details" for m in members)
        owner = ast.dump(call.func.value) == ast.dump(code.func.value)  # type: ignore[attr-defined]
        return call if named and owner else None

    def _ignorable(self, node: ast.expr | None) -> bool:
        """Whether a returned value has no effect when it is not sent: nothing, None, or an empty message."""
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return True
        if not isinstance(node, ast.Call) or node.args or node.keywords:
            return False
        return any(isinstance(value, Message) for value in self.values(node.func))

    def context_uses(self, module: Module, node: ast.AST) -> tuple[ast.AST, ...] | None:
        """Where a handler's annotated context is used; None if it is also passed on, stored or captured."""
        arg = next((parent for parent in module.ancestors(node) if isinstance(parent, ast.arg)), None)
        function = module.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef)
        if arg is None or not self.handlers(function):
            return None
        assert function is not None
        uses: list[ast.AST] = []
        for child in ast.walk(function):
            if isinstance(child, ast.Name) and child.id == arg.arg:
                parent = module.parents[child]
                if not isinstance(parent, ast.Attribute):
                    return None
                uses.append(parent)
        return tuple(uses)


def _class_scope(cls: ast.ClassDef) -> Iterator[ast.AST]:
    """The expressions that are evaluated in the body of a class: its statements, and the headers of its methods."""
    for node in own_nodes(cls):
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ast.walk(node.args)
            if node.returns is not None:
                yield from ast.walk(node.returns)


def _is_watched(cls: ast.ClassDef) -> bool:
    """Whether a metaclass, or `__init_subclass__` with arguments, sees the names in a class; those of Python do not."""
    plain = ("ABCMeta", "type", "EnumMeta")
    return not all(
        keyword.arg == "metaclass" and classes.decorated_as(keyword.value, *plain) for keyword in cls.keywords
    )


def _watches(base: ast.ClassDef) -> bool:
    """Whether a base may see the names in the classes that derive from it."""
    return _is_watched(base) or not bound_names(base).isdisjoint({"__init_subclass__", "__getattribute__"})


def _is_rebuilt(cls: ast.AST | None) -> bool:
    """Whether a class decorator (other than those that only add methods) may have replaced the class's methods."""
    harmless = ("dataclass", "final", "total_ordering", "define", "attrs", "s", "runtime_checkable")
    decorators = cls.decorator_list if isinstance(cls, ast.ClassDef) else []
    targets = [decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in decorators]
    names = [last_name(target) for target in targets]
    return any(name not in harmless for name in names)


def _is_no_text(module: Module, node: ast.expr) -> bool:
    """Whether an expression is surely no `str`: another constant, or a caught exception."""
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, str)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        made = getattr(builtins, node.func.id, None)
        return isinstance(made, type) and made is not str
    if not isinstance(node, ast.Name):
        return False
    return any(isinstance(parent, ast.ExceptHandler) and parent.name == node.id for parent in module.ancestors(node))
