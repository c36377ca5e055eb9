"""The generated `*_connect` modules of a program: the service, and the side of it, that each of their classes is of.

Code that names such a class has moved. What it does is no reference any more, but that its service has moved counts for
the references beside it: an `except` clause that catches the errors of both, a function that contexts of both come to.

Source: what protoc-gen-connectrpc 0.13 generates.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

from grpc2connect.facts.kinds import Class
from grpc2connect.schema import CONNECT_SUFFIX, GRPC_SUFFIX, Schema, Service
from grpc2connect.syntax import Module

_APPLICATION = "ASGIApplication"
_APPLICATIONS = (_APPLICATION, "WSGIApplication")
_BASES = ("", "Sync")
_CLIENTS = ("Client", "ClientSync")

Classes = dict[str, tuple[Service, str]]
"""A module's classes by name: the service, and whether it is a "base" of servicers, an "application" or a "client"."""


class ConnectModules:
    """Knows what the classes of generated Connect modules are of; each module is looked at once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._classes: dict[Module, Classes] = {}

    def of(self, cls: Class) -> tuple[Service, str] | None:
        """The service (as one that has moved) that a class is of, and what it is of that; None for other classes."""
        module = cls.module
        if not module.path.name.endswith(CONNECT_SUFFIX):
            return None
        if module not in self._classes:
            self._classes[module] = dict(self._read(module))
        return self._classes[module].get(cls.node.name)

    def stubs_beside(self, module: Module) -> str:
        """The key of the gRPC module of the same proto; "" where it is not there."""
        path = module.path
        stubs = self._schema.by_path(_stubs(path)) if path.name.endswith(CONNECT_SUFFIX) else None
        return stubs.key if stubs is not None else ""

    def _read(self, module: Module) -> Classes:
        found: Classes = {}
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and node.name.endswith(_APPLICATION) and (full := _service_name(node)):
                name = node.name.removesuffix(_APPLICATION)
                service = self._service(full, module.path)
                for what, ends in (("base", _BASES), ("application", _APPLICATIONS), ("client", _CLIENTS)):
                    found.update({f"{name}{end}": (service, what) for end in ends})
        return found

    def _service(self, full_name: str, path: Path) -> Service:
        beside = self._schema.by_path(_stubs(path))
        for stubs in (beside, *self._schema.grpc_modules):
            for service in stubs.services if stubs is not None else ():
                if service.full_name == full_name:
                    return replace(service, moved=True)
        return Service(full_name, full_name.rpartition(".")[2], "", (), origin=str(path), moved=True)


def _stubs(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix(CONNECT_SUFFIX)}{GRPC_SUFFIX}")


def _service_name(node: ast.ClassDef) -> str:
    for child in ast.walk(node):
        if isinstance(child, ast.keyword) and child.arg == "service_name" and isinstance(child.value, ast.Constant):
            return str(child.value.value)
    return ""
