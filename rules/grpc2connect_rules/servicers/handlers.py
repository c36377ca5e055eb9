"""G2C102, G2C103: handlers, and what names them, take the method names of the generated Connect service.

Why: connectrpc calls `say_hello` where grpcio calls `SayHello`. Parameters keep the names the user gave them
(generated arguments are positional-only).

    - def SayHello(self, request, context):
    + def say_hello(self, request, context):

Sibling calls (`self.SayHello(...)`), `super()`, overrides and tests that call a handler move with it.

Bridged: something looks at the handler's name (a decorator, the handler itself, code in the class body), or the new
name means something else in the class body (`list`). The handler keeps its name, and the class gets another one for it.

    + list_items = ListItems

Left: the new name is taken by another attribute of the class.

Source: protoc-gen-connectrpc 0.13, method casing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Native, Outcome, edits, rule
from grpc2connect.rules_api.references import HandlerDefinition, HandlerUse


@rule("G2C102", on=HandlerDefinition)
def definition(handler: HandlerDefinition) -> Iterator[Outcome]:
    """A handler takes the method name of the generated Connect service."""
    new = handler.method.python_name
    if handler.facts.attribute_taken(handler.module, handler.node, new, handler.method.name):
        yield Left(f"'{new}' is already the name of another attribute", advice=f"rename that attribute, not '{new}'")
        return
    if new == handler.method.name:
        yield Native()
        return
    if handler.facts.name_matters(handler.module, handler.node, handler.method.name, new):
        statement = handler.module.statement(handler.node)
        alias = edits.put_after(handler.module, statement, f"{new} = {handler.method.name}")
        if alias is None:
            yield Left("the name of this handler is used here", advice="put the body of the class on lines of its own")
        else:
            yield Bridged(alias, why="something looks at the name of the handler")
    elif isinstance(handler.node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield Native(edits.rename_function(handler.module, handler.node, new))
    else:
        yield Native(edits.replace(handler.module, handler.node, new))


@rule("G2C103", on=HandlerUse)
def use(handler: HandlerUse) -> Iterator[Outcome]:
    """What names a handler is renamed with it."""
    assert isinstance(handler.node, ast.Attribute)
    new = handler.method.python_name
    yield Native([] if new == handler.node.attr else edits.rename_attribute(handler.module, handler.node, new))
