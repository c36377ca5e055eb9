"""G2C102, G2C103: handlers, and what names them, take the method names of the generated Connect service.

Why: connectrpc calls `say_hello` where grpcio calls `SayHello`. Parameters keep the names the user gave them
(generated arguments are positional-only).

    - def SayHello(self, request, context):
    + def say_hello(self, request, context):

Sibling calls (`self.SayHello(...)`), `super()`, overrides and tests that call a handler move with it.

Bridged: something looks at the handler's name (a decorator, the handler itself, code in the class body), or the new
name means something else in the class body (`list`). The handler keeps its name, and the class gets another one for it.

    + list_items = ListItems

Bridged too: the new name is taken by another attribute of the class, as by a helper that the handler calls. The handler
keeps its name, with a mark by which the runtime's server finds it, and what names it stays as it is.

    + @named_after_rpc
      def SayHello(self, request, context):
          return self.say_hello(request.name)

Left: such a handler that is no `def`, or is named where it may be another class's as well, by a text say.

Source: protoc-gen-connectrpc 0.13, method casing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grpc2connect.rules_api import Bridged, Left, Native, Outcome, Span, edits, kinds, rule, runtime
from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.references import HandlerDefinition, HandlerUse


@rule("G2C102", on=HandlerDefinition)
def definition(handler: HandlerDefinition) -> Iterator[Outcome]:
    """A handler takes the method name of the generated Connect service."""
    new = handler.method.python_name
    if handler.facts.attribute_taken(handler.module, handler.node, new, handler.method.name):
        if isinstance(handler.node, ast.FunctionDef | ast.AsyncFunctionDef) and (mark := _mark(handler)) is not None:
            yield Bridged(mark, why=f"'{new}' is already the name of another attribute")
        else:
            yield Left(f"'{new}' is already the name of another attribute", advice="rename that attribute")
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


def _mark(handler: HandlerDefinition) -> Edit | None:
    """The decorator by which the runtime knows a handler that keeps its name; None if there is no line for it."""
    module, node = handler.module, handler.node
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    first = node.decorator_list[0] if node.decorator_list else node
    line = module.line_span(module.line_of(module.span(first).start))
    text = module.text[line.start : line.end]
    indent = text[: len(text) - len(text.lstrip())]
    if not text.lstrip().startswith(("@", "def", "async")):
        return None
    return edits.replace_text(Span(line.start, line.start), f"{indent}@", runtime("named_after_rpc"), module.newline)


def _is_kept(use: HandlerUse, function: kinds.Function) -> bool:
    """Whether a function is a handler that keeps its name."""
    name = getattr(function.node, "name", "")
    return name == use.method.name and use.facts.attribute_taken(
        function.module, function.node, use.method.python_name, use.method.name
    )


@rule("G2C103", on=HandlerUse)
def use(handler: HandlerUse) -> Iterator[Outcome]:
    """What names a handler is renamed with it."""
    assert isinstance(handler.node, ast.Attribute)
    new = handler.method.python_name
    keep = {_is_kept(handler, one) for one in handler.facts.values(handler.node) if isinstance(one, kinds.Function)}
    if keep == {True}:
        yield Bridged(why="the handler keeps its name, since another attribute has the new one")
        return
    if True in keep:
        yield Left("some of the handlers that this names keep their names", advice="rename what has the new name there")
        return
    yield Native([] if new == handler.node.attr else edits.rename_attribute(handler.module, handler.node, new))
