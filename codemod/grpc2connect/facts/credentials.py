"""Which services credentials belong to: grpcio takes none of the runtime's, so they stay where their users stay."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from grpc2connect.facts.kinds import Call, Channel, Credentials, Server, Site, Stub, Value

if TYPE_CHECKING:
    from grpc2connect.facts.facts import Facts
    from grpc2connect.schema import Service
    from grpc2connect.syntax import Module


class CredentialLinks:
    """Adds credentials to what is known of the services of values."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def add(self, linked: dict[Value, set[Service]]) -> None:
        """Credentials belong to the services of what is made with them, be it by other credentials.

        Those of which only the type is known may be any of their part of the program: all that are made there belong to
        the services of what is made with such.
        """
        uses = [(one, other) for one, other in self._facts.state.links if isinstance(other, Credentials)]
        for credentials, services in self._given_to_unknown():
            linked.setdefault(credentials, set()).update(services)
        changed = True
        while changed:
            changed = False
            for one, other in uses:
                if isinstance(one, Channel | Server):
                    found = linked.get(one) or set(self._facts.unlinked(one))
                elif isinstance(one, Call):
                    found = self._on_one_channel(one.service, linked)
                else:
                    found = linked.get(one, set())
                for same in [other] if other.site else self._near(one, other):
                    before = linked.setdefault(same, set())
                    changed = changed or not found <= before
                    before |= found

    def _given_to_unknown(self) -> Iterator[tuple[Credentials, frozenset[Service]]]:
        """Credentials of calls on objects of unknown origin, with the services that such a call can be one of."""
        if not any(made.of == "call" for made in self._made_credentials):
            return
        for module in self._facts.program.modules():
            for node in module.nodes:
                if not isinstance(node, ast.Call):
                    continue
                for keyword in node.keywords:
                    given = self._facts.values(keyword.value) if keyword.arg == "credentials" else ()
                    for value in given:
                        if isinstance(value, Credentials):
                            yield value, calls_of_unknown(self._facts, module, node)

    def _on_one_channel(self, service: Service, linked: dict[Value, set[Service]]) -> set[Service]:
        """A service and those that share a channel with it: the channel has to understand the credentials of a call."""
        channels = [other for one, other in self._facts.state.links if isinstance(one, Stub) and one.service == service]
        return {service}.union(*(linked.get(channel, ()) for channel in channels))

    def _near(self, user: Value, promised: Credentials) -> list[Credentials]:
        """The credentials made in the part of the program where such are used of which only the type is known."""
        part = self._part(user)
        return [one for one in self._made_credentials if one.of == promised.of and self._part(one) == part]

    @cached_property
    def _made_credentials(self) -> frozenset[Credentials]:
        return frozenset(
            value
            for values in self._facts.state.values.values()
            for value in values
            if isinstance(value, Credentials) and value.site
        )

    def _part(self, value: Value) -> object:
        site: Site | None = getattr(value, "site", None)
        module = self._facts.program.module(Path(site.path)) if site else None
        return self._facts.component(module) if module else None


def calls_of_unknown(facts: Facts, module: Module, node: ast.Call) -> frozenset[Service]:
    """The services one of whose RPCs a call with credentials is spelled like, on an object of unknown origin."""
    func = node.func
    named = any(keyword.arg == "credentials" for keyword in node.keywords)
    if not named or not isinstance(func, ast.Attribute) or func.attr.islower() or facts.values(func):
        return frozenset()
    methods = facts.spelled(module, func.attr)
    return frozenset(service for service in facts.stubs_of if any(one in service.methods for one in methods))
