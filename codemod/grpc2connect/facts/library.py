"""What code that is not of the program surely does with what is handed to it: containers, iterators, exit stacks."""

from __future__ import annotations

import ast
from collections.abc import Callable

from grpc2connect.facts import api, attributes
from grpc2connect.facts.environment import Environment
from grpc2connect.facts.kinds import (
    NOTHING,
    Api,
    Class,
    Function,
    Instance,
    ProgramModule,
    Raises,
    Values,
    Wrapped,
    is_grpc,
    worth_following,
)
from grpc2connect.syntax.names import last_name

_RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex"})
_PASS_THROUGH = frozenset({"gather", "wait_for", "shield", "create_task", "ensure_future", "cast"})
_ENTER = frozenset({"enter_context", "enter_async_context", "closing", "aclosing"})
_SAME_ITEMS = frozenset(
    {
        "dict", "list", "tuple", "iter", "aiter", "reversed", "sorted", "set", "frozenset", "deque", "cycle", "chain",
        "islice", "copy", "deepcopy", "OrderedDict", "sample", "shuffle", "MappingProxyType", "filter", "from_iterable",
    }
)  # fmt: skip
_ONE_ITEM = frozenset({"next", "anext", "choice", "min", "max"})
_ONE_HELD = frozenset({"get", "pop", "popleft", "setdefault", "get_nowait", "popitem"})
_SAME_HELD = frozenset({"values", "copy"})
_PUT = {"append": 0, "add": 0, "appendleft": 0, "put": 0, "put_nowait": 0, "insert": 1, "setdefault": 1}
_PUT_ALL = frozenset({"extend", "update"})

MODELLED_CALLS = (
    _SAME_ITEMS | _ONE_ITEM | _ONE_HELD | _SAME_HELD | frozenset(_PUT) | _PUT_ALL
    | {"enumerate", "zip", "items", "keys", "isinstance", "issubclass", "cast", "setattr", "staticmethod", "getattr"}
    | {"SimpleNamespace", "Namespace"}
)  # fmt: skip
"""Names of functions and methods through which what is handed to them is followed."""

Call = Callable[[Function, list[Values]], Values]


def unknown_call(
    node: ast.Call, arguments: list[Values], keywords: dict[str | None, Values], env: Environment
) -> Values:
    """What a call gives whose callee is not of the program; what it puts in a container is put there."""
    from grpc2connect.facts.expressions import items, wrap
    from grpc2connect.facts.statements import assign_attribute

    method = isinstance(node.func, ast.Attribute)
    name = last_name(node.func)
    first = arguments[0] if arguments else NOTHING
    if name in _RAISES and any(isinstance(v, Api) and v.path in api.ERRORS for v in _flat(first)):
        return frozenset({Raises()})
    if name == "cast" and len(arguments) == 2:
        return env.annotation(node.args[0]) | arguments[1]
    if name in _PASS_THROUGH and arguments:
        return first
    if name in _ENTER and arguments:
        found = attributes.entered(first, env)
        if name == "enter_context":
            return found
        return frozenset(Wrapped("await" if name == "enter_async_context" else "enter", value) for value in found)
    if name == "setattr" and len(arguments) == 3:
        attribute = node.args[1]
        if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
            assign_attribute(node.args[0], attribute.value, arguments[2], env)
        return NOTHING
    if name in ("SimpleNamespace", "Namespace"):
        return frozenset(found for key, values in keywords.items() for found in wrap(f"field:{key}", values))
    found = _held(node, name, env) if method else NOTHING
    if method:
        assert isinstance(node.func, ast.Attribute)
        _put(node.func.value, name, arguments, keywords, env)
    if name in _SAME_ITEMS:
        found |= frozenset(v for values in arguments for v in values if isinstance(v, Wrapped) and not _one(v))
        if name == "dict":
            found |= frozenset(v for values in keywords.values() for v in wrap("item", values))
    elif name in _ONE_ITEM:
        found |= frozenset(value for values in arguments for value in items(values))
    elif name == "enumerate":
        found |= wrap("item", wrap("tuple:1", items(first)))
    elif name == "zip":
        for index, values in enumerate(arguments):
            found |= wrap("item", wrap(f"tuple:{index}", items(values)))
    if name in ("get", "pop", "setdefault") and method and len(arguments) > 1:
        found |= arguments[1]
    return found


def _held(node: ast.Call, name: str, env: Environment) -> Values:
    """What a method of a container gives of what it holds."""
    from grpc2connect.facts.expressions import held_under, wrap

    assert isinstance(node.func, ast.Attribute)
    held = env.state.values.get(node.func.value, NOTHING)
    wrapped = frozenset(v for v in held if isinstance(v, Wrapped) and v.how == "item")
    if name in _SAME_HELD:
        return wrapped
    key = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if name in _ONE_HELD and isinstance(key, str):
        return held_under(key, held)
    if name in _ONE_HELD:
        return frozenset(value.value for value in wrapped)
    if name == "items":
        return wrap("item", wrap("tuple:1", (value.value for value in wrapped)))
    return NOTHING


def _put(
    container: ast.expr, name: str, arguments: list[Values], keywords: dict[str | None, Values], env: Environment
) -> None:
    """Let a container hold what a method of it puts there."""
    from grpc2connect.facts.expressions import items, wrap
    from grpc2connect.facts.statements import grow_container

    if name in _PUT and len(arguments) > _PUT[name]:
        grow_container(container, wrap("item", worth_following(arguments[_PUT[name]])), env)
    elif name in _PUT_ALL:
        given = [items(values) for values in arguments] + list(keywords.values())
        grow_container(container, wrap("item", (value for values in given for value in values if is_grpc(value))), env)


def _one(value: Wrapped) -> bool:
    """Whether a value is wrapped in what is no container: a coroutine, a context manager."""
    return value.how in ("await", "enter", "static") or value.how.startswith("field:")


def _flat(values: Values) -> Values:
    return values | frozenset(value.value for value in values if isinstance(value, Wrapped))


def known_owner(values: Values) -> bool:
    """Whether what is assigned to an attribute of these objects is seen wherever that attribute is read."""
    return bool(values) and all(isinstance(value, Instance | Class | ProgramModule) for value in values)
