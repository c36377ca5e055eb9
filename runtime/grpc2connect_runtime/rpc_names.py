"""Clients, servicers and their classes, where code looks at the names of RPCs that gRPC's have as attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NoReturn

from .applications import MovedApplication, moved_application
from .stand_ins import is_client, rpc_methods
from .status import StatusCode
from .unmoved_servicers import by_either_name, by_kept_names, kept_names

__all__ = [
    "application_by_either_name",
    "handler_names",
    "handlers_by_name",
    "rpcs_by_name",
    "service_path",
    "servicer_class",
]


class _Named:
    """An object as code sees it that knows gRPC's names: it answers to those, and to what else the object has."""

    __slots__ = ("_names", "_of")

    def __init__(self, of: Any, names: Mapping[str, str]) -> None:
        object.__setattr__(self, "_of", of)
        object.__setattr__(self, "_names", names)

    def __getattribute__(self, name: str) -> Any:
        of, names = _parts(self)
        if name == "__dict__":
            return _renamed(vars(of), names)
        return getattr(of, _name(of, names, name))

    def __setattr__(self, name: str, value: Any) -> None:
        of, names = _parts(self)
        setattr(of, names.get(name, name), value)

    def __delattr__(self, name: str) -> None:
        of, names = _parts(self)
        delattr(of, names.get(name, name))

    def __dir__(self) -> list[str]:
        of, names = _parts(self)
        return sorted(_renamed(dict.fromkeys(dir(of)), names))


def _parts(view: _Named) -> tuple[Any, Mapping[str, str]]:
    return object.__getattribute__(view, "_of"), object.__getattribute__(view, "_names")


def _name(of: Any, names: Mapping[str, str], name: str) -> str:
    """What a name of gRPC's is called on an object: a fake that a test has in its place may have gRPC's own."""
    if name in names:
        return names[name] if hasattr(of, names[name]) else name
    if name in names.values():
        raise AttributeError(f"{of!r} has no attribute {name!r}")
    return name


def _renamed(held: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    by_native = {native: name for name, native in names.items()}
    return {by_native.get(name, name): value for name, value in held.items()}


def handlers_by_name(servicer: Any, *application_classes: Any) -> Any:
    """Return what stands for a servicer, or a class of servicers, where it is asked for attributes by name.

    Args:
        servicer: an object that has the handlers of services, or a class of such; of what has none of them, the
            attributes are its own.
        application_classes: the generated `XASGIApplication` of each service that it may implement.

    Returns:
        What `getattr`, `setattr`, `dir` and `inspect.getmembers` find the same names on as on a servicer of gRPC: its
        handlers under the names of the RPCs (`SayHello`), all else as it is. `vars` of it is a copy.

    Native form: the handler itself, `servicer.say_hello`, where it is known which.

    Source: generated servicers (grpcio-tools 1.85).
    """
    names: dict[str, str] = {}
    kept = kept_names(servicer)
    for application_class in application_classes:
        names |= {rpc: handler for rpc, handler in handler_names(application_class).items() if rpc not in kept}
    return _Named(servicer, names)


@cache
def handler_names(application_class: Any) -> Mapping[str, str]:
    """The RPCs of a service, each with the name of its handler."""
    app = moved_application(application_class, _Asked())
    return {path.rpartition("/")[2]: app.endpoint(path).function for path in app.paths()}


@cache
def service_path(application_class: Any) -> str:
    """The path of a service: `/package.Service`."""
    path: str = moved_application(application_class, _Asked()).path
    return path


def application_by_either_name(application_class: Any, servicer: Any, **settings: Any) -> Any:
    """Return the application of a servicer whose handlers may have the names of the RPCs, as `moved_application`."""
    servicer = by_kept_names(servicer, partial(handler_names, application_class))
    app = moved_application(application_class, servicer, **settings)
    if not isinstance(app, MovedApplication) or app.has_lifespan:
        return app
    try:
        app.settings["endpoints"](servicer)
    except AttributeError:
        return moved_application(
            application_class, by_either_name(servicer, handler_names(application_class)), **settings
        )
    return app


class _Asked:
    """Takes the place of a servicer, and answers with the name that it is asked for."""

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class _ServicerType(type):
    """The class of what `servicer_class` makes, whose instances are servicers that have moved, too.

    What derives from it is an ordinary class.
    """

    def __instancecheck__(cls, instance: Any) -> bool:
        return issubclass(type(instance), cls) or issubclass(instance.__class__, cls)

    def __subclasscheck__(cls, subclass: Any) -> bool:
        mro = getattr(subclass, "__mro__", ())
        made_of = {vars(base).get("__servicer_base_of__", base) for base in mro}
        return cls in mro or not made_of.isdisjoint(vars(cls).get("__servicers_of__", ()))


@cache
def servicer_class(application_class: Any, *services: Any) -> type[Any]:
    """Return a class like gRPC's `XServicer`, for code that looks at its names, or derives from it as it runs.

    Args:
        application_class: the generated `XASGIApplication`.
        services: the generated `X` and `XSync`, which servicers derive from.

    Returns:
        A class whose methods have the names of the RPCs, and whose subclasses and instances, in `issubclass` and
        `isinstance`, are those of `services`.

    Native form: the generated class that a servicer derives from.

    Source: generated servicers (grpcio-tools 1.85).
    """
    name = f"{services[0].__name__}Servicer"
    names = {"__module__": services[0].__module__, "__doc__": services[0].__doc__, "__servicers_of__": services}
    methods = {rpc: _unimplemented(rpc, name) for rpc in handler_names(application_class)}
    made: type[Any] = _ServicerType(name, (), {**names, **methods})
    return made


def _unimplemented(name: str, owner: str) -> Callable[..., NoReturn]:
    def method(self: Any, request: Any, context: Any) -> NoReturn:
        context.set_code(StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    method.__name__, method.__qualname__ = name, f"{owner}.{name}"
    return method


def rpcs_by_name(stub: Any) -> Any:
    """Return what stands for a stub where code looks at all its attributes: `vars(stub)`, `dir(stub)`.

    Args:
        stub: a Connect client, or what stands in for a stub, which is returned as it is.

    Returns:
        What has, by `vars` and `dir`, the attributes that a stub of gRPC has: an RPC's under its name, with gRPC's call
        signature, and what the program has assigned. `vars` of it is a copy.

    Native form: the names of the RPCs, written out.

    Source: generated stubs (grpcio-tools 1.85).
    """
    return _Stub(stub) if is_client(stub) else stub


class _Stub:
    """A client as code sees it that looks for all that a stub has."""

    __slots__ = ("_client",)

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        own = {name: value for name, value in vars(self._client).items() if not name.startswith("_")}
        return {name: own.pop(name, made) for name, made in rpc_methods(self._client).items()} | own

    def __dir__(self) -> list[str]:
        return sorted({*dir(object), "__dict__", "__module__", "__weakref__", *self.__dict__})

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"{type(self._client).__name__!r} object has no attribute {name!r}") from None
