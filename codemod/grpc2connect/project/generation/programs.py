"""Python that runs protoc: `setup.py`, build hooks, noxfiles, scripts; by `grpc_tools.protoc.main` or as a process.

What is edited is the list of arguments: Connect's options after gRPC's, in the same form. Where the plugin's output
would not import, `grpc2connect generate` runs after the statement that runs protoc, if that is where the list is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grpc2connect.project.generation import place as places
from grpc2connect.project.generation.commands import DONE, OPTION, RETIRED
from grpc2connect.project.generation.place import Task, Way
from grpc2connect.project.situation import Answer, ProjectFile, Situation
from grpc2connect.project.texts import Edit, line_span
from grpc2connect.schema.stubs import parse_module

MENTIONS = (b"--grpc_python_out", b"build_package_protos", b"BuildPackageProtos")
_FLAG = "--grpc_python_out"
_PARAMETER = "--connectrpc_opt=protobuf=google"
_COMMAND = ("build_package_protos", "BuildPackageProtos")
_WHOLE = "its arguments are put together here and used elsewhere"
_SAID = re.compile(r"\b(?:print|secho|echo|_?log(?:ger|ging)?\.\w+)\(.*")
"""A line of output, which does nothing to the files that it names."""


@dataclass(frozen=True)
class _Argument:
    """An option in a list of arguments: its node, that of its value if they are two, and what holds them."""

    node: ast.expr
    value: ast.expr | None
    holder: ast.expr


def read(file: ProjectFile, situation: Situation) -> Answer:
    """See `Reader`."""
    answer = Answer()
    tree = parse_module(file.text)
    if tree is None:
        return answer  # the run itself reports it
    text = _Text(file)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    arguments = list(_arguments(tree))
    seen = {id(node) for one in arguments for node in ast.walk(one.node)}
    for argument in arguments:
        _argument(file, situation, text, tree, parents, argument, answer)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in seen:
            continue
        if _FLAG in node.value and not isinstance(parents.get(node), ast.Expr):
            _in_a_string(file, situation, text, parents, node, answer)
    _setuptools_command(file, situation, text, tree, answer)
    if answer.found and "grpc_tools" in file.text:
        answer.tools.add(file.path)
    return answer


class _Text:
    """Offsets of nodes in a text."""

    def __init__(self, file: ProjectFile) -> None:
        self.text = file.text
        self.starts = [0]
        for line in re.finditer(r"\r\n|\r|\n", file.text):
            self.starts.append(line.end())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node starts and ends, in characters."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.expr | ast.stmt) -> str:
        """What a node is written as."""
        start, end = self.span(node)
        return self.text[start:end]

    def _at(self, line: int, column: int) -> int:
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode("utf-8", "ignore"))


def _arguments(tree: ast.Module) -> Iterator[_Argument]:
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple):
            items: list[ast.expr] = node.elts
        elif isinstance(node, ast.Call):
            items = node.args
        else:
            continue
        for index, item in enumerate(items):
            start = _leading_text(item)
            if not start.startswith(_FLAG):
                continue
            if start == _FLAG and index + 1 < len(items):
                yield _Argument(item, items[index + 1], node)
            elif not _is_method_of_text(node):
                yield _Argument(item, None, node)


def _is_method_of_text(node: ast.expr) -> bool:
    """Whether a call is about texts: its argument is no argument of protoc."""
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr
    return named in ("append", "format", "startswith", "replace", "print")


def _leading_text(node: ast.expr) -> str:
    """The text that an expression certainly starts with."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=[first, *_]):
            return _leading_text(first)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod()):
            return _leading_text(left)
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return _leading_text(value)
    return ""


def _argument(
    file: ProjectFile,
    situation: Situation,
    text: _Text,
    tree: ast.Module,
    parents: dict[ast.AST, ast.AST],
    argument: _Argument,
    answer: Answer,
) -> None:
    start, _ = text.span(argument.node)
    items = (
        argument.holder.elts
        if isinstance(argument.holder, ast.List | ast.Tuple)
        else getattr(argument.holder, "args", [])
    )
    out = _literal_out(argument)
    task = Task(file.place(start), text.of(argument.node), _stems(items), out)
    written = text.of(argument.holder)
    scope = _scope(parents, argument.holder)
    around = text.of(scope) if scope is not None else file.text
    after = around[around.find(written) + len(written) :]
    fixed = re.search(r"_pb2|2to3|protol", _SAID.sub("", after)) is not None
    done = "--connectrpc_out" in written or any(mark in around for mark in DONE[1:])
    if situation.cleanup:
        _clean(situation, text, argument, items, task, answer, done=done, names_stubs="_pb2_grpc" in after)
        return
    if done:
        places.done(answer, task)
        return
    how = places.way(task, situation, fixed=fixed)
    if how in places.SETTLED:
        places.idle(answer, task, how)
    elif how is Way.OPTIONS:
        answer.edits.append(_beside(file, text, argument))
        places.moved(answer, task, how)
    else:
        edits = None if fixed else _generate(file, text, tree, parents, argument)
        if edits is None:
            why = "what comes after it corrects imports" if fixed else _WHOLE
            places.by_hand(answer, task, how, why)
        else:
            answer.edits += edits
            places.moved(answer, task, how)


def _beside(file: ProjectFile, text: _Text, argument: _Argument) -> Edit:
    """Connect's options after gRPC's, written in the same way."""
    last = argument.value or argument.node
    _, end = text.span(last)
    start, _ = text.span(argument.node)
    quote = '"' if '"' in text.of(argument.node) else "'"
    options = [text.of(argument.node).replace(_FLAG, "--connectrpc_out", 1)]
    if argument.value is not None:
        options.append(text.of(argument.value))
    options.append(f"{quote}{_PARAMETER}{quote}")
    line_start, _ = line_span(file.text, start)
    indent = file.text[line_start:start]
    tail = file.text[end : line_span(file.text, end)[1]].strip()
    if indent.strip() or tail.partition("#")[0].strip() not in ("", ","):
        return Edit(end, end, "".join(f", {option}" for option in options))
    comma = end + file.text[end:].index(",") + 1 if tail.startswith(",") else end
    joined = "".join(f"{file.newline}{indent}{option}," for option in options)
    if comma == end:
        return Edit(end, end, f",{joined[:-1]}")
    stop = line_span(file.text, comma)[1]
    return Edit(stop, stop, joined)


def _generate(
    file: ProjectFile, text: _Text, tree: ast.Module, parents: dict[ast.AST, ast.AST], argument: _Argument
) -> list[Edit] | None:
    """`grpc2connect generate` after the statement that runs protoc; None where that is not the one with the list."""
    out = _out_argument(text, argument)
    node: ast.AST = argument.holder
    called = isinstance(node, ast.Call)
    while not isinstance(node, ast.stmt):
        node = parents[node]
        called |= isinstance(node, ast.Call)
    block = parents.get(node)
    if out is None or not called or not isinstance(node, ast.Expr | ast.Assign) or block is None:
        return None
    start, end = text.span(node)
    line_start, _ = line_span(file.text, start)
    indent = file.text[line_start:start]
    if indent.strip() or file.text[end : line_span(file.text, end)[1]].split("#")[0].strip():
        return None
    bound = {alias.asname or alias.name for one in tree.body if isinstance(one, ast.Import) for alias in one.names}
    quote = '"' if '"' in text.of(argument.node) else "'"
    if "session.run" in text.of(node):
        words = ", ".join(f"{quote}{word}{quote}" for word in ("python", "-m", "grpc2connect", "generate"))
        call, imports = f"session.run({words}, {out})", []
    else:
        words = ", ".join(f"{quote}{word}{quote}" for word in ("-m", "grpc2connect", "generate"))
        call = f"subprocess.check_call([sys.executable, {words}, {out}])"
        imports = [name for name in ("subprocess", "sys") if name not in bound]
    stop = line_span(file.text, end)[1]
    edits = [Edit(stop, stop, f"{file.newline}{indent}{call}")]
    if imports:
        first = next(
            (one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom) and not _future(one)), None
        )
        if first is None:
            return None
        at, _ = text.span(first)
        edits.append(Edit(at, at, "".join(f"import {name}{file.newline}" for name in imports)))
    return edits


def _clean(
    situation: Situation,
    text: _Text,
    argument: _Argument,
    items: list[ast.expr],
    task: Task,
    answer: Answer,
    *,
    done: bool,
    names_stubs: bool,
) -> None:
    why = situation.stays(task.stems, places.out_folder(task))
    if not done:
        places.kept(answer, task, "it does not generate Connect code yet", "migrate it first")
    elif why:
        places.kept(answer, task, why, "move that, then clean up again")
    elif names_stubs:
        places.kept(answer, task, "what comes after it names *_pb2_grpc", "edit both")
    else:
        for index, item in enumerate(items):
            if not RETIRED.match(_leading_text(item)):
                continue
            start, end = text.span(item)
            if item is argument.node and argument.value is not None:
                _, end = text.span(argument.value)
            following = items[index + (2 if item is argument.node and argument.value else 1) :]
            if following:
                answer.edits.append(Edit(start, text.span(following[0])[0], ""))
            elif index:
                answer.edits.append(Edit(text.span(items[index - 1])[1], end, ""))
            else:
                answer.edits.append(Edit(start, end, ""))
        places.cleaned(answer, task)


def _in_a_string(
    file: ProjectFile,
    situation: Situation,
    text: _Text,
    parents: dict[ast.AST, ast.AST],
    node: ast.Constant,
    answer: Answer,
) -> None:
    """A command line as one text: `os.system("python -m grpc_tools.protoc ...")`."""
    whole: ast.expr = node
    while isinstance(parents.get(whole), ast.JoinedStr | ast.BinOp | ast.FormattedValue):
        whole = parents[whole]  # type: ignore[assignment]
    start, end = text.span(whole)
    option = OPTION.search(file.text, start, end)
    if option is None or any(found.place == file.place(option.start()) for found in answer.found):
        return
    task = Task(file.place(option.start()), option[0], (), option["value"])
    done = "--connectrpc_out" in file.text[start:end] or "grpc2connect generate" in file.text[start:end]
    if situation.cleanup:
        places.kept(answer, task, "it stands in a text", "take the option out by hand")
    elif done:
        places.done(answer, task)
    else:
        how = places.way(task, situation, fixed=False)
        if how in places.SETTLED:
            places.idle(answer, task, how)
        elif how is Way.OPTIONS and option["between"] == "=" and option["value"] and "protoc" in file.text[start:end]:
            written = option[0].replace(_FLAG, "--connectrpc_out")
            answer.edits.append(Edit(option.end(), option.end(), f" {written} {_PARAMETER}"))
            places.moved(answer, task, how)
        else:
            places.by_hand(answer, task, how, _WHOLE)


def _setuptools_command(file: ProjectFile, situation: Situation, text: _Text, tree: ast.Module, answer: Answer) -> None:
    """grpcio-tools' own command for setuptools, which knows no other plugin."""
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in _COMMAND and isinstance(node, ast.Attribute | ast.Name):
            task = Task(file.place(text.span(node)[0]), text.of(node), (), "")
            answer.tools.add(file.path)
            if situation.cleanup:
                places.kept(answer, task, "grpcio-tools' own command always makes gRPC stubs", "call protoc instead")
            elif "grpc2connect" not in file.text and situation.modules:
                places.by_hand(answer, task, Way.GENERATE, "grpcio-tools' own command takes no options")
            return


def _scope(parents: dict[ast.AST, ast.AST], node: ast.AST) -> ast.stmt | None:
    while node in parents:
        node = parents[node]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return node
    return None


def _future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _literal_out(argument: _Argument) -> str:
    node = argument.value if argument.value is not None else argument.node
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.removeprefix(f"{_FLAG}=")
    return ""


def _out_argument(text: _Text, argument: _Argument) -> str | None:
    """The folder as an argument of its own, as source text."""
    if argument.value is not None:
        return text.of(argument.value)
    written = text.of(argument.node)
    if isinstance(argument.node, ast.Constant | ast.JoinedStr) or ".format(" in written:
        found = re.sub(rf"{_FLAG}=", "", written, count=1)
        return found if found != written else None
    return None


def _stems(items: list[ast.expr]) -> tuple[str, ...]:
    names = []
    for item in items:
        if isinstance(item, ast.Starred):
            return ()
        ends = [node.value for node in ast.walk(item) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        names += [end.rpartition("/")[2].removesuffix(".proto") for end in ends if end.endswith(".proto")]
    plain = all(isinstance(item, ast.Constant | ast.JoinedStr) for item in items[-1:])
    return tuple(names) if names and plain and not any(set(name) & set("*?[{") or not name for name in names) else ()
