"""Where status codes go, and whether more counts there than which code it is.

`Code.NOT_FOUND`, the runtime's `StatusCode.NOT_FOUND` and what `error.code()` returns are equal and hash alike, so code
that only stores, hands on, compares and looks for status codes does the same with either. Their text, value and
identity differ. A member may become a `Code` where every place that it can get to is one of the former; where the
inference follows it no further, that is not known.

Source: enum.Enum (Python 3.14), connectrpc.code.Code (connectrpc 0.13), `grpc2connect_runtime.status`.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from grpc2connect.facts import api, classes
from grpc2connect.facts.kinds import (
    NOTHING,
    Api,
    Class,
    Context,
    Error,
    Function,
    Member,
    Status,
    Value,
    Values,
    Wrapped,
    unwrapped,
)
from grpc2connect.facts.scopes import parameters
from grpc2connect.syntax.names import last_name
from grpc2connect.syntax.walking import walk

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.facts.scopes import Function as FunctionNode
    from grpc2connect.syntax import Module

_EQUALITY = ast.Eq | ast.NotEq | ast.In | ast.NotIn
_ASSERTIONS = frozenset({"assertEqual", "assertNotEqual", "assertIn", "assertNotIn"})
_EXPECTATIONS = frozenset(
    f"assert_{check}"
    for check in (
        "called_with", "called_once_with", "any_call", "awaited_with", "awaited_once_with", "any_await",
    )
)  # fmt: skip
_SETTERS = frozenset({"abort", "set_code"})
_OF_ONE = frozenset({"call_args", "call_args_list", "await_args", "await_args_list"})
_RECORDS = _OF_ONE | {"mock_calls", "method_calls"}
_MADE_WITH_CODE = "grpc.aio.AioRpcError"
_LOOKED_INTO = frozenset({"isinstance", "issubclass", "getattr", "setattr", "SimpleNamespace", "Namespace"})
_ORDERED = frozenset({"sorted", "min", "max"})
_BY_KEY = frozenset({"get", "pop", "setdefault"})
_SINGLE = frozenset({"None", "True", "False"})
_MOCKS = ("Mock", "create_autospec")


class _Place(enum.Enum):
    """What a place does with a status code, or with a container of them."""

    IDENTITY = "it ends here, and only which code it is counts"
    FOLLOWED = "it goes on, and the inference with it"
    SHOWN = "its name, value or type may count, or nothing is known of where it goes"


class Statuses:
    """Knows, for each part of the program, the status codes of which only counts which one it is."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def plain(self, module: Module, node: ast.AST) -> bool:
        """Whether no place that a status code gets to from an expression needs more than which code it is."""
        place = self._place(module, node)
        if place is not _Place.FOLLOWED:
            return place is _Place.IDENTITY
        part = self._facts.component(module)
        names = self._names(node).union(*map(self._names, _beside(module, node)))
        return not any((part, name) in self._shown for name in names)

    def annotated(self, module: Module, annotation: ast.AST) -> bool:
        """Whether what an annotation is of can be a member that becomes a `Code`."""
        part = self._facts.component(module)
        return any((part, name) not in self._shown for name in self._under(module, annotation) - {""})

    def _under(self, module: Module, annotation: ast.AST) -> frozenset[str]:
        """The codes that can be where an annotation says what is: a parameter, a result, a name, an attribute."""
        state = self._facts.state
        for parent in module.ancestors(annotation):
            match parent:
                case ast.arg(arg=name):
                    function = module.enclosing(parent, ast.FunctionDef, ast.AsyncFunctionDef)
                    return _names(state.parameters.get((function, name), NOTHING)) if function else frozenset()
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    return _names(state.returns.get(parent, NOTHING))
                case ast.AnnAssign(target=ast.Name(id=name)) if isinstance(cls := module.parents[parent], ast.ClassDef):
                    return _names(state.attributes.get((cls, name), NOTHING) | state.cells.get((cls, name), NOTHING))
                case ast.AnnAssign(target=target, value=value):
                    return self._names(target) | (self._names(value) if value is not None else frozenset())
                case ast.stmt():
                    break
        return frozenset()

    def looked_at(self, module: Module) -> bool:
        """Whether contexts of the program's own, near a module, may see more of a code than which one it is."""
        return self._facts.own_contexts.near(module) or self._facts.component(module) in self._looking

    def _names(self, node: ast.AST) -> frozenset[str]:
        return _names(self._facts.values(node))

    @cached_property
    def _shown(self) -> frozenset[tuple[object, str]]:
        """The codes that a name, an attribute or a call can be, where more of it may count than which one it is."""
        found = set()
        for module in self._facts.program.modules():
            for node in self._facts.state.values.keys() & module.parents.keys():
                if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or not isinstance(node, ast.expr):
                    continue
                if self._spells(node) or not (names := self._names(node)):
                    continue
                if self._place(module, node) is _Place.SHOWN:
                    found |= {(self._facts.component(module), name) for name in names}
        return frozenset(found)

    def _spells(self, node: ast.AST) -> bool:
        """Whether an expression is a member spelled out, which goes where it stands and nowhere else."""
        if not isinstance(node, ast.Attribute):
            return False
        return any(isinstance(value, Api) and value.path == api.STATUS_CODE for value in self._facts.values(node.value))

    def _is_status(self, node: ast.AST) -> bool:
        """Whether an expression is surely a status code of the program's, or a container of such, or None."""
        if isinstance(node, ast.Constant):
            return node.value is None
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return all(map(self._is_status, node.elts))
        flat = {value.value if isinstance(value, Wrapped) else value for value in self._facts.values(node)}
        return bool(flat) and all(isinstance(value, Status) for value in flat)

    def _place(self, module: Module, node: ast.AST) -> _Place:
        from grpc2connect.facts.escapes import escapes

        parent = module.parents[node]
        if (uses := _parametrized(module, node)) is not None:
            seen = bool(uses) and all(self._place(module, use) is _Place.IDENTITY for use in uses)
            return _Place.IDENTITY if seen else _Place.SHOWN
        flat = any(isinstance(value, Status) for value in self._facts.values(node))
        match parent:
            case ast.Tuple() | ast.List() | ast.Set():
                return self._place(module, parent)
            case ast.Compare():
                return self._compared(parent, node)
            case ast.Attribute(attr="name") if flat:
                other = {"CANCELLED", ""} & self._names(node)
                return _Place.SHOWN if other else _Place.IDENTITY
            case ast.Attribute(attr=name) if flat and name != "name":
                return _Place.SHOWN
            case ast.Call(func=func) if func is not node:
                return self._argument(module, parent, node)
            case ast.keyword(arg=name) if isinstance(call := module.parents[parent], ast.Call):
                return self._argument(module, call, node) if name is not None else _Place.SHOWN
            case ast.BinOp() if flat:
                return _Place.SHOWN
            case ast.Subscript(slice=index) if index is node:
                return _Place.SHOWN
            case ast.Return():
                function = module.enclosing(parent, ast.FunctionDef, ast.AsyncFunctionDef)
                known = isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
                return _Place.FOLLOWED if known and self._is_followed(module, function) else _Place.SHOWN  # type: ignore[arg-type]
            case ast.Lambda() | ast.Yield() | ast.YieldFrom():
                return _Place.SHOWN
        if not isinstance(node, ast.expr) or escapes(self._facts, module, node):
            return _Place.SHOWN
        return _Place.FOLLOWED

    def _compared(self, comparison: ast.Compare, node: ast.AST) -> _Place:
        others = [other for other in (comparison.left, *comparison.comparators) if other is not node]
        if all(isinstance(other, ast.Constant) and other.value is None for other in others):
            return _Place.IDENTITY
        same = all(isinstance(operator, _EQUALITY) for operator in comparison.ops)
        return _Place.IDENTITY if same and all(map(self._is_status, others)) else _Place.SHOWN

    def _argument(self, module: Module, call: ast.Call, node: ast.AST) -> _Place:
        from grpc2connect.facts.escapes import escapes

        callees, name = self._facts.values(call.func), last_name(call.func)
        if any(map(_sets_status, callees)) and all(_sets_status(value) or _is_of_mock(value) for value in callees):
            mocked = not all(map(_sets_status, callees)) or self._facts.may_have_own_context(module, node)
            return _Place.SHOWN if mocked and self.looked_at(module) else _Place.IDENTITY
        if callees and all(isinstance(value, Api) and value.path == _MADE_WITH_CODE for value in callees):
            first = call.args[0] if call.args else None
            named = isinstance(module.parents[node], ast.keyword) and module.parents[node].arg == "code"  # type: ignore[attr-defined]
            return _Place.IDENTITY if first is node or named else _Place.SHOWN
        if not callees and name in _ASSERTIONS:
            others = [other for other in call.args[:2] if other is not node]
            both = len(call.args) > 1 and node in call.args[:2] and all(map(self._is_status, others))
            return _Place.IDENTITY if both else _Place.SHOWN
        if not callees and (name in _EXPECTATIONS or (name == "len" and isinstance(call.func, ast.Name))):
            return _Place.IDENTITY
        method = isinstance(call.func, ast.Attribute)
        known = any(isinstance(value, Function | Class) for value in callees)
        if not known and (name in _LOOKED_INTO | _ORDERED or (method and name in _BY_KEY and node in call.args[:1])):
            return _Place.SHOWN
        if not known and method:
            assert isinstance(call.func, ast.Attribute)
            held = self._facts.values(call.func.value)
            if not held or not all(isinstance(value, Wrapped) for value in held):
                return _Place.SHOWN
        if any(isinstance(value, Class) and self._unpacks(value) for value in callees):
            return _Place.SHOWN
        assert isinstance(node, ast.expr)
        return _Place.SHOWN if escapes(self._facts, module, node) else _Place.FOLLOWED

    def _unpacks(self, cls: Class) -> bool:
        """Whether instances of a class are tuples, whose parts are read by their place."""
        bases = [base for one in classes.ancestry(self._facts.state, cls) for base in one.node.bases]
        return any(last_name(base) in ("NamedTuple", "tuple", "namedtuple") for base in bases)

    def _is_followed(self, module: Module, function: FunctionNode) -> bool:
        """Whether all that gets what a function returns is seen: it is called, and never handed on."""
        if isinstance(function, ast.Lambda) or function in self._handed_on:
            return False
        known = all(
            classes.decorated_as(decorator, "staticmethod", "classmethod", "property", "cached_property")
            for decorator in function.decorator_list
        )
        called = bool(self._facts.state.calls.get(function)) or bool(function.decorator_list)
        cls = module.parents[function]
        if isinstance(cls, ast.ClassDef):
            bases = [base for one in classes.ancestry(self._facts.state, Class(module, cls)) for base in one.node.bases]
            if not all(any(isinstance(value, Class) for value in self._facts.values(base)) for base in bases):
                return False  # what calls a method that another library's class has as well is not seen
        return known and called and not self._facts.handlers(function)

    @cached_property
    def _handed_on(self) -> frozenset[ast.AST]:
        """The functions that are values somewhere, and not only called."""
        found: set[ast.AST] = set()
        for module in self._facts.program.modules():
            for node in self._facts.state.values.keys() & module.parents.keys():
                parent = module.parents[node]
                if not isinstance(node, ast.expr) or (isinstance(parent, ast.Call) and parent.func is node):
                    continue
                for value in self._facts.values(node):
                    if isinstance(value, Function):
                        found.add(value.node)
        return frozenset(found)

    @cached_property
    def _looking(self) -> frozenset[object]:
        return frozenset(
            self._facts.component(module)
            for module in self._facts.program.modules()
            if any(self._looks(module, node) for node in module.nodes)
        )

    def _looks(self, module: Module, node: ast.AST) -> bool:
        """Whether a place is what may look into the codes that handlers give a context of the program's own."""
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in _SETTERS:
                return len(parameters(node)) > 1
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=value) if name in _SETTERS:
                return not (isinstance(value, ast.Call) and last_name(value.func).endswith(_MOCKS))
            case ast.Assign(targets=[ast.Attribute(attr="side_effect", value=ast.Attribute(attr=name))], value=value):
                return name in _SETTERS and self._is_shown_to(value)
            case ast.keyword(arg=name, value=value) if name in _SETTERS:
                return not (isinstance(value, ast.Call) and last_name(value.func).endswith(_MOCKS))
            case ast.Constant(value=str(text)) if text.partition(".")[0] in _SETTERS and "." in text:
                return True
            case ast.Attribute(attr=name, value=mock) if name in _RECORDS:
                other = name in _OF_ONE and isinstance(mock, ast.Attribute | ast.Call | ast.Subscript)
                if (other and last_name(mock) not in _SETTERS) or _is_other(module, mock, name):
                    return False
                return any(map(_looks_closer, walk(module.enclosing(node, *_FUNCTIONS) or module.tree)))
        return False

    def _is_shown_to(self, value: ast.expr) -> bool:
        """Whether what a mock does with a code, but to put it into a text, may count."""
        if isinstance(value, ast.Call):
            return not any(isinstance(found, Error) for found in self._facts.values(value)) and not _is_error(
                value.func
            )
        if not isinstance(value, ast.Lambda):
            known = any(isinstance(found, Api) and found.path in api.ERRORS for found in self._facts.values(value))
            return not known and not _is_error(value)
        names = [argument.arg for argument in parameters(value)]
        return any(_is_used(value.body, name) for name in names[:1]) or bool(value.args.vararg)


def _beside(module: Module, node: ast.AST) -> list[ast.expr]:
    """The other members that a container is written with: a reader expects them to be of one kind."""
    match module.parents.get(node):
        case ast.List(elts=found) | ast.Tuple(elts=found) | ast.Set(elts=found):
            return [one for one in found if isinstance(one, ast.Attribute) and isinstance(node, ast.Attribute)]
        case ast.Dict(keys=keys) if node in keys:
            return [one for one in keys if isinstance(one, ast.Attribute)]
    return []


def _names(values: Values) -> frozenset[str]:
    """The names of the codes among some values, in containers too; "" for what may be any."""
    found = set()
    for value in values:
        inner = unwrapped(value)
        if isinstance(inner, Status):
            found.add(inner.name)
    return frozenset(found)


def _parametrized(module: Module, node: ast.AST) -> list[ast.AST] | None:
    """Where a test uses a value of its parameters: of `@pytest.mark.parametrize("code", [node])`, or of a row there."""
    rows = module.parents[node]
    if not isinstance(rows, ast.List | ast.Tuple):
        return None
    position = 0
    if isinstance(module.parents[rows], ast.List | ast.Tuple):
        position, rows = [id(element) for element in rows.elts].index(id(node)), module.parents[rows]
    call = module.parents[rows]
    function = module.parents[call] if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or last_name(call.func) != "parametrize" or len(call.args) != 2:
        return None
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or call.args[1] is not rows:
        return []
    if all(keyword.arg != "ids" for keyword in call.keywords):
        return []  # the text of a code is in the names of the tests
    match call.args[0]:
        case ast.Constant(value=str(text)):
            names = [name.strip() for name in text.split(",")]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            names = [str(one.value) for one in elements if isinstance(one, ast.Constant)]
        case _:
            return []
    if position >= len(names) or (len(names) > 1) is (module.parents[node] is rows):
        return []
    body = [child for statement in function.body for child in walk(statement)]
    return [child for child in body if isinstance(child, ast.Name) and child.id == names[position]]


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _sets_status(value: Value) -> bool:
    return isinstance(value, Member) and isinstance(value.owner, Context) and value.name in _SETTERS


def _is_of_mock(value: Value) -> bool:
    """Whether a value is what a test has told a mock to do."""
    return isinstance(value, Wrapped) and value.how in ("field:side_effect", "field:return_value")


def _is_error(node: ast.expr) -> bool:
    """Whether an expression names one of Python's own exceptions."""
    return isinstance(node, ast.Name) and node.id in _ERRORS


_ERRORS = frozenset({"Exception", "RuntimeError", "ValueError", "AssertionError", "StopIteration"})


def _is_used(body: ast.expr, name: str) -> bool:
    """Whether a name is used otherwise than in a text."""
    in_texts = {id(child) for text in walk(body) if isinstance(text, ast.JoinedStr) for child in _texts(text)}
    return any(isinstance(child, ast.Name) and child.id == name and id(child) not in in_texts for child in walk(body))


def _texts(text: ast.JoinedStr) -> Iterator[ast.expr]:
    for part in text.values:
        if isinstance(part, ast.FormattedValue):
            yield part.value


def _is_other(module: Module, mock: ast.expr, record: str) -> bool:
    """Whether a name is surely no mock of a context's method: nothing in its module is given such a method."""
    return (
        record in _OF_ONE
        and isinstance(mock, ast.Name)
        and not any(
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr in _SETTERS
            for node in module.nodes
        )
    )


def _looks_closer(node: ast.AST) -> bool:
    """Whether a place asks a value for more than whether it is equal to another."""
    match node:
        case ast.Attribute(attr="value"):
            return True
        case ast.Compare(ops=operators, comparators=others):
            single = all(isinstance(other, ast.Constant) and str(other.value) in _SINGLE for other in others)
            return any(isinstance(operator, ast.Is | ast.IsNot) for operator in operators) and not single
        case ast.Call(func=func):
            return last_name(func) in ("assertIs", "assertIsNot", "assertIsInstance", "isinstance", "str", "repr")
    return False
