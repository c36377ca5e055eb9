"""The module that gives a program's services to an ASGI or WSGI server: `app` and `wsgi_app`.

A migrated program makes its server in a function, with ports of its own; a server that is started as `module:app` wants
an object that is there when the module is imported. So a module is written that makes the same server, with the same
arguments and services, and no port.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grpc2connect.serving.programs import Program, imports_of, is_guard

NAME = "asgi"
"""What the module is called, beside the program; where it makes one of several servers, after that program, too."""


@dataclass(frozen=True)
class AppModule:
    """The module: its dotted name, its text, and what its reader has to fill in (none: it is ready).

    `is_there` says that the program is such a module itself; `app` and `wsgi_app` are what servers are given.
    """

    name: str
    text: str
    app: str
    wsgi_app: str
    is_there: bool = False
    holes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass
class _Writer:
    program: Program
    imports: set[tuple[str, str, str]] = field(default_factory=set)
    values: list[str] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def need(self, node: ast.AST) -> None:
        """Make every name that an expression uses mean something in the new module."""
        inner = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        inner |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) and one.id not in inner | self.done:
                self.done.add(one.id)
                self._name(one.id)

    def _name(self, name: str) -> None:
        source, function = self.program.source, self.program.function
        if function is None:
            if self._local(name, _guarded(source.tree), source.name):
                return
        else:
            if self._argument(name, function) or self._local(name, function.body, f"{function.name}()"):
                return
            for place, found in imports_of(function, source.name, is_package=False).items():
                if place == name:
                    self.bring(name, *found)
                    return
        if name in source.imports:
            self.bring(name, *source.imports[name])
        elif name in _defined(source.tree):
            self.bring(name, source.name, name)
        elif not hasattr(builtins, name):
            self._hole(name, "it is not known where it comes from")

    def bring(self, bound: str, module: str, name: str | None) -> None:
        """Import a name."""
        self.imports.add((module, name or "", bound))

    def _argument(self, name: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        arguments = [*function.args.posonlyargs, *function.args.args]
        defaults = dict(zip([one.arg for one in arguments[::-1]], function.args.defaults[::-1], strict=False))
        for one, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            arguments.append(one)
            if default is not None:
                defaults[one.arg] = default
        arguments += [one for one in (function.args.vararg, function.args.kwarg) if one is not None]
        if name not in [one.arg for one in arguments]:
            return False
        if name in defaults:
            self._value(name, defaults[name])
        else:
            self._hole(name, f"{function.name}() is given it")
        return True

    def _local(self, name: str, body: Sequence[ast.stmt], where: str) -> bool:
        """Bring along what the statements around the server bind a name to."""
        bindings = [node for statement in body for node in ast.walk(statement) if name in _bound(node)]
        if not bindings:
            return False
        only = bindings[0]
        waits = any(isinstance(one, ast.Await | ast.Yield) for one in ast.walk(only))
        is_one = len(bindings) == 1 and only in body and not waits
        if is_one and isinstance(only, ast.Assign) and isinstance(only.targets[0], ast.Name):
            self._value(name, only.value)
        else:
            line = getattr(only, "lineno", None) or getattr(getattr(only, "context_expr", None), "lineno", 0)
            self._hole(name, f"{where} makes it, line {line}")
        return True

    def _value(self, name: str, value: ast.expr) -> None:
        self.need(value)
        self.values.append(f"{name} = {ast.unparse(value)}")

    def _hole(self, name: str, why: str) -> None:
        self.holes.append(f"{name}: {why}")
        self.values.append(f"{name} = ...  # {why}: put here what it is to be")

    def import_lines(self) -> Iterator[str]:
        """The import statements."""
        for module, name, bound in sorted(self.imports):
            alias = "" if bound == name or (not name and bound == module) else f" as {bound}"
            yield f"from {module} import {name}{alias}" if name else f"import {module}{alias}"


def _guarded(tree: ast.Module) -> list[ast.stmt]:
    """The statements under `if __name__ == "__main__":`, which importing the module does not run."""
    return [statement for node in tree.body if is_guard(node) and isinstance(node, ast.If) for statement in node.body]


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module's own statements bind."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        else:
            found |= {name for one in ast.walk(node) for name in _bound(one)}
    return found


def _bound(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Assign):
        targets: list[ast.expr] = list(node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For | ast.AsyncFor | ast.NamedExpr):
        targets = [node.target]
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        targets = [node.optional_vars]
    else:
        return set()
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def write(program: Program, *, alone: bool = True) -> AppModule:
    """Write the module of a program; `alone` says that its folder has no other program."""
    source = program.source
    if program.applications:
        apps = {name: f"{source.name}:{bound}" for name, bound in program.applications.items()}
        first = next(iter(apps.values()))
        return AppModule(source.name, "", apps.get("app", first), apps.get("wsgi_app", ""), is_there=True)
    writer = _Writer(program)
    call = ast.Call(
        program.server.func, program.server.args, [one for one in program.server.keywords if one.arg != "wire"]
    )
    writer.need(call)
    lines = [f"server = {ast.unparse(call)}"]
    for one in program.registrations:
        writer.bring(one.application, one.service.module, one.application)
        writer.need(one.servicer)
        lines.append(f"server.add_service({one.application}, {ast.unparse(one.servicer)})")
    package = source.name.rpartition(".")[0]
    where = f"{source.name}.{program.function.name}" if program.function else source.name
    text = "\n".join(
        [
            f'"""The services of `{where}` for ASGI and WSGI servers, which bring the port."""',
            "",
            *writer.import_lines(),
            "",
            *writer.values,
            *lines,
            "app = server.app",
            "wsgi_app = server.wsgi_app",
            "",
        ]
    )
    warnings = []
    if source.starts_when_imported and any(module == source.name for module, _, _ in writer.imports):
        warnings.append(f'importing {source.name} starts it: put its last lines under `if __name__ == "__main__":`')
    last = NAME if alone else f"{source.path.stem.strip('_')}_{NAME}"
    name = f"{package}.{last}" if package else last
    return AppModule(name, text, f"{name}:app", f"{name}:wsgi_app", holes=tuple(writer.holes), warnings=tuple(warnings))
