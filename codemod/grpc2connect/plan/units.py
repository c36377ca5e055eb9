"""Units: one service and everything that touches it.

Services that share a reference move together, unless it is a cut: a channel, a server or a context of the runtime takes
stubs and servicers that stay on gRPC as well as those that moved. Where a stage moves one side only, a service is two
halves, which move apart unless a reference belongs to both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grpc2connect.facts import api
from grpc2connect.facts.kinds import Api
from grpc2connect.facts.moved_services import MovedUse
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.references import (
    AddOnUse,
    ChannelConstruction,
    ContextUse,
    HandedOver,
    HandlerDefinition,
    HandlerUse,
    Import,
    PluginFixture,
    Registration,
    ServerConstruction,
    ServerUse,
    Servicer,
    StatusMember,
    TypeUse,
    UnknownRpc,
)
from grpc2connect.plan.groups import Groups, Half, in_order
from grpc2connect.plan.sides import BOTH, Side, asks_which, meets, sides
from grpc2connect.schema import Service
from grpc2connect.syntax import Module

_SERVING = (
    ContextUse,
    HandlerDefinition,
    HandlerUse,
    Registration,
    ServerConstruction,
    ServerUse,
    Servicer,
    StatusMember,
)
"""References to the serving side of a service: an error never comes from there."""
_EITHER: tuple[Side | None, ...] = (None,)


class Units:
    """Groups services that cannot move apart, and keeps which groups stay on gRPC.

    With `only` it is about one side of each service; what is bound to a server moves with that.
    """

    def __init__(
        self, references: Sequence[Reference], only: Side | None = None, moved: Iterable[MovedUse] = ()
    ) -> None:
        """`moved` is what of services has moved before: it never stays, and binds nothing."""
        self.only = only
        self._moving = Groups()
        self._carried = Groups()
        self._left: dict[Half, str] = {}
        self._causes: dict[Half, Reference] = {}
        self._by_service: dict[Service, set[Half]] = {}
        self._by_module: dict[Module, set[Half]] = {}
        self._bound_by_module: dict[Module, set[Half]] = {}
        self._by_component: dict[object, set[Half]] = {}
        self._called: dict[object, set[Half]] = {}
        self._called_in: dict[Module, set[Half]] = {}
        self._closed: dict[Module, str] = {}
        self.kept: set[Module] = set()
        self._kept_components: set[object] = set()
        self._open_components: set[object] = set()
        self._used: set[Half] = set()
        self._given_away: set[Half] = set()
        self._binding: list[tuple[Reference, frozenset[Half]]] = []
        self._asking: list[Reference] = []
        self._waiting: set[Half] = set()
        for reference in references:
            halves = self.halves(reference)
            for half in halves:
                if only is None or not isinstance(reference, Import):  # an import is of both sides, whatever it is for
                    self._by_service.setdefault(half.service, set()).add(half)
            if not isinstance(reference, Import):
                self._by_module.setdefault(reference.module, set()).update(halves)
                if reference.holds:
                    self._bound_by_module.setdefault(reference.module, set()).update(halves)
                component = reference.facts.component(reference.module)
                self._by_component.setdefault(component, set()).update(halves)
                if isinstance(reference, HandedOver):
                    self._given_away.update(halves)
                elif not isinstance(reference, ChannelConstruction | ServerConstruction | TypeUse):
                    self._used.update(halves)
                if not isinstance(reference, _SERVING):
                    calling = {half for half in halves if half.side is not Side.SERVER}
                    self._called.setdefault(component, set()).update(calling)
                    self._called_in.setdefault(reference.module, set()).update(calling)
            if only is not None and asks_which(reference):
                self._asking.append(reference)
            if self.binds(reference, wire=True):
                self._carried.join(halves)
            if self.binds(reference):
                self._moving.join(halves)
                if len({half.side for half in halves}) > 1:
                    self._binding.append((reference, halves))
        for use in moved:
            self._add_moved(use)
        self._join_outside(references)
        if only is not None:
            self._hold(only)

    def _add_moved(self, use: MovedUse) -> None:
        side = None if self.only is None else Side.SERVER if use.serving else Side.CLIENT
        half = Half(use.service, side)
        self._by_service.setdefault(use.service, set()).add(half)
        self._by_module.setdefault(use.module, set()).add(half)
        self._by_component.setdefault(use.part, set()).add(half)
        if not use.serving:
            self._called.setdefault(use.part, set()).add(half)
        if use.open:
            self._open_components.add(use.part)

    def _join_outside(self, references: Iterable[Reference]) -> None:
        """Let what may be called on objects from modules that are not seen count where it is called: errors, say.

        It may as well be a stub that stays on gRPC there.
        """
        for reference in references:
            if isinstance(reference, UnknownRpc) and reference.outside:
                component = reference.facts.component(reference.module)
                spelled = self.spelled(reference)
                self._by_component.setdefault(component, set()).update(spelled)
                self._called.setdefault(component, set()).update(spelled)
                self._called_in.setdefault(reference.module, set()).update(spelled)
                self._open_components.add(component)

    def halves(self, reference: Reference) -> frozenset[Half]:
        """What a reference belongs to."""
        of = _EITHER if self.only is None else tuple(sides(reference))
        return frozenset(Half(service, side) for service in reference.units for side in of)

    def halves_of(self, service: Service) -> list[Half]:
        """What a service consists of, as far as anything refers to it."""
        return sorted(self._by_service.get(service, ()), key=in_order)

    def _hold(self, only: Side) -> None:
        """Leave to another stage what it moves.

        A part of the program without a service moves as one. What is bound to a server moves with that.
        """
        for halves in self._by_component.values():
            if not any(half.service.name for half in halves):
                self._moving.join(halves)
        for reference in self._asking:
            self._moving.join(self.around(reference))
            self._binding.append((reference, self.around(reference)))
        every = [half for halves in self._by_service.values() for half in halves if not half.service.moved]
        leaders = {self._moving.leader(half) for half in every}
        serving = {self._moving.leader(half) for half in every if half.side is Side.SERVER}
        self._waiting = leaders - serving if only is Side.SERVER else serving
        self._left.update(dict.fromkeys(self._waiting, WAITS[only]))

    def binds(self, reference: Reference, *, wire: bool = False) -> bool:
        """Whether the services of a reference move only together, or (`wire`) have their calls carried together."""
        if isinstance(reference, PluginFixture) and self.only is not None:
            return True  # one plugin serves and asks
        # Importing several services, or being spelled like one of their RPCs, binds none.
        return not isinstance(reference, Import | UnknownRpc) and (wire or not reference.cut)

    def leave(self, half: Half, why: str, cause: Reference | None = None) -> bool:
        """Keep a half, and all that moves with it, on gRPC, because of a reference if any; whether that is news."""
        leader = self._moving.leader(half)
        if half.service.moved or leader in self._left:
            return False
        self._left[leader] = why
        if cause is not None:
            self._causes[leader] = cause
        return True

    def carried_with(self, half: Half) -> frozenset[Half]:
        """What has its calls go over the same channels and servers as a half does, directly or not."""
        return self._carried.members(half)

    def leave_what_is_alone(self) -> None:
        """Keep channels and servers that no known service uses where they are, unless what is around them moves.

        That is some service near them. In a part of the program without a service it is all of that part, which moves
        as one: every channel and server in it is used there, and nothing of it goes where it is not seen.
        """
        for component, halves in self._by_component.items():
            named = {half for half in halves if half.service.name}
            alone = halves - named
            if named:
                why = "nothing near it moves" if all(map(self._why, named)) else ""
            else:
                why = self._why_whole_stays(component, alone)
            for half in alone if why else ():
                self.leave(half, why)

    def _why_whole_stays(self, component: object, alone: set[Half]) -> str:
        """Why a part of the program without a service stays on gRPC; "" if it moves."""
        if component in self._kept_components or any(map(self._why, alone)):
            return "something of this part of the program stays on gRPC"
        if alone & self._given_away:
            return "it is handed to code of which nothing is known, and no service near it moves"
        return "" if alone <= self._used else "nothing here uses it, and no service near it moves"

    def _why(self, half: Half) -> str | None:
        return self._left.get(self._moving.leader(half))

    def cause(self, service: Service) -> Reference | None:
        """The reference because of which a service stays on gRPC; None if it moves, or stays for another reason."""
        causes = (self._causes.get(self._moving.leader(half)) for half in self.halves_of(service))
        return next((cause for cause in causes if cause is not None), None)

    def why_left(self, service: Service, of: Reference | None = None) -> str | None:
        """Why a service stays on gRPC; None if it moves, in part at least. With `of`, what a reference is about of it.

        A reason that is not the stage's goes first.
        """
        of_reference = frozenset() if of is None else self.halves(of)
        mine = [half for half in self.halves_of(service) if of is None or half in of_reference]
        reasons = [self._why(half) for half in mine or [Half(service)]]
        if None in reasons and (of is None or of.cut):
            return None
        given = [why for why in reasons if why is not None]
        return next((why for why in given if why != self._waits), given[0] if given else None)

    @property
    def _waits(self) -> str:
        return "" if self.only is None else WAITS[self.only]

    def waits(self, reference: Reference) -> str:
        """Why another stage moves what a reference belongs to; "" if it does not."""
        if self.only is None:
            return ""
        halves = self.halves(reference) or self._near(reference)
        mine = [half for half in halves if self._why(half)]
        return self._waits if mine and all(self._moving.leader(half) in self._waiting for half in mine) else ""

    def later(self, reference: Reference) -> bool:
        """Whether nothing but the stage keeps a reference, or what is around it, on gRPC."""
        if self.only is None or reference.module in self.kept:
            return False
        halves = self.halves(reference) or self.around(reference)
        left = {leader for half in halves if (leader := self._moving.leader(half)) in self._left}
        return bool(self.waits(reference)) or (bool(left) and left <= self._waiting)

    def bound(self, service: Service) -> Reference | None:
        """The first reference because of which the two sides of a service move in one step; None if they do not."""
        halves = self.halves_of(service)
        leaders = {self._moving.leader(half) for half in halves}
        if len(halves) < 2 or len(leaders) > 1:
            return None
        found = [one for one, both in self._binding if leaders & set(map(self._moving.leader, both))]
        return min(found, key=lambda one: one.place, default=None)

    def moves(self, reference: Reference) -> bool:
        """Whether a reference may move: it belongs to moving services, or to none where some service near it moves.

        A cut moves with any of its services. Where no service is near, nothing is known of what an error comes from,
        or what a channel is for. What can meet an error of a service that moves does so in a file that is kept, too.
        """
        if reference.module in self._closed:
            return False
        if reference.units:
            some = any if reference.cut else all
            return some(self._why(half) is None for half in self.halves(reference))
        if isinstance(reference, UnknownRpc):
            return not all(map(self._why, self.spelled(reference)))
        if self.goes_on(reference):
            return True
        kept = reference.module in self.kept and not reference.from_anywhere
        return not kept and not all(map(self._why, self._near(reference)))

    def goes_on(self, reference: Reference) -> bool:
        """Whether an add-on of gRPC is used beside nothing but what an earlier run has moved, which takes it."""
        if reference.units or reference.module in self.kept or self._near(reference):
            return False
        return is_of_add_on(reference) and reference.facts.parts.has_moved(reference.module)

    def moving(self, reference: Reference) -> list[Service]:
        """The services of a reference that move, on its side."""
        return [half.service for half in self.halves(reference) if self._why(half) is None]

    def _near(self, reference: Reference) -> frozenset[Half]:
        """What a reference to no service in particular goes with."""
        if isinstance(reference, UnknownRpc):
            return self.spelled(reference)
        if reference.from_anywhere:
            called = self._called.get(reference.facts.component(reference.module))
            return frozenset(called) if called else self.around(reference)
        there, everywhere = self._by_module.get(reference.module, ()), self.around(reference)
        return self._on_side(reference, there) or self._on_side(reference, everywhere) or everywhere

    def _on_side(self, reference: Reference, halves: Iterable[Half]) -> frozenset[Half]:
        of = BOTH if self.only is None else sides(reference)
        return frozenset(half for half in halves if half.side is None or half.side in of)

    def split(self, reference: Reference) -> bool:
        """Whether some of a reference's services move, and some stay."""
        return len({self._why(half) is None for half in self.halves(reference)}) == 2

    def stays(self, reference: Reference) -> bool:
        """Whether a reference belongs to services that stay (or to none, in a file that stays)."""
        return not self.moves(reference)

    def mixed(self, reference: Reference) -> bool:
        """Whether some services of the part of the program around a reference stay on gRPC, on a side that matters."""
        component = reference.facts.component(reference.module)
        of = BOTH if self.only is None else meets(reference)
        there = (half for half in self.around(reference) if half.side is None or half.side in of)
        some_stay = component in self._kept_components or component in self._open_components
        return some_stay or any(map(self._why, there))

    def keep(self, reference: Reference) -> None:
        """Keep a file's references to no service in particular as they are: one of them has no other outcome."""
        if self.only is None or self.only in sides(reference):
            self.kept.add(reference.module)
            self._kept_components.add(reference.facts.component(reference.module))

    def close(self, reference: Reference, why: str, *, changes: bool) -> frozenset[Half]:
        """Keep a reference's file as it is, to the byte; gives what cannot move because this reference does not.

        That is what it belongs to, and where it may meet errors, all whose errors it may meet. An import that would
        not change (`changes`) holds nothing.
        """
        self._closed.setdefault(reference.module, why)
        if isinstance(reference, UnknownRpc):
            return self.spelled(reference)
        if isinstance(reference, Import) and not changes:
            return frozenset()
        halves = self.halves(reference)
        if not halves:
            self.keep(reference)
            halves = self._met(reference) if reference.from_anywhere else self.of_file(reference)
        return halves

    def closed(self, reference: Reference) -> str:
        """Why a reference's file stays as it is; "" if it need not."""
        return self._closed.get(reference.module, "")

    def _met(self, reference: Reference) -> frozenset[Half]:
        """What is called where values, and so errors, can come from to a reference's file."""
        parts, here = reference.facts.parts, reference.module
        component = reference.facts.component(here)
        there = (
            module for module in self._called_in if module is here or reference.facts.component(module) == component
        )
        return frozenset(
            half for module in there if module is here or parts.meet(here, module) for half in self._called_in[module]
        )

    def around(self, reference: Reference) -> frozenset[Half]:
        """What of services there is in a reference's part of the program."""
        return frozenset(self._by_component.get(reference.facts.component(reference.module), ()))

    def spelled(self, reference: UnknownRpc) -> frozenset[Half]:
        """What around a reference, or anywhere if nothing is, is of services that have an RPC of its name."""
        every = frozenset(half for halves in self._by_service.values() for half in halves)
        there = self._on_side(reference, every if reference.outside else self.around(reference))
        return frozenset(half for half in there if half.service.method(reference.name))

    def of_file(self, reference: Reference) -> frozenset[Half]:
        """What of services cannot move without a reference's file, on the side that the reference is about.

        A server, a channel or a context that comes from elsewhere is there for services that move and for others.
        """
        return self._on_side(reference, self._bound_by_module.get(reference.module, ()))


WAITS = {
    Side.SERVER: "it is of the other side: --stage client moves it",
    Side.CLIENT: "it is of the other side: --stage server moves it",
}
"""Why what a stage does not move stays."""


def is_of_add_on(reference: Reference) -> bool:
    """Whether a reference is a use of an add-on of gRPC, or imports one."""
    values = reference.facts.values(reference.node) if isinstance(reference, Import) else ()
    tops = {value.path.partition(".")[0] for value in values if isinstance(value, Api)}
    return isinstance(reference, AddOnUse) or (bool(tops) and tops <= api.ADD_ONS.keys())
