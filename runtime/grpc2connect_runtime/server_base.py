"""What the sync and the aio server share: services, ports and the composed application."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from .aio_context import AioServicerContext
from .applications import MovedApplication, moved_application
from .binding import bind
from .context import ServicerContext
from .credentials import ServerCredentials
from .dispatcher import Dispatcher
from .interceptor import HandlerInterceptor
from .limits import ConcurrencyLimit
from .method_handlers import HandlerCallDetails, RpcMethodHandler
from .protocols import checked_protocols
from .reflection import reflection_services
from .router import Router
from .rpc_names import application_by_either_name
from .server_interceptors import server_interceptors
from .server_options import server_options
from .serving import Listener
from .unmoved import adopt
from .unmoved_servicers import ByRpcNames, is_registration
from .wire.choice import CONNECT, GRPCIO, chosen_wire, connect_addresses
from .wire.connect_interceptors import require_async_interceptors
from .wsgi import WsgiApplication

_log = logging.getLogger(__name__)


class ServerBase:
    """Services and ports, before anything is served."""

    _aio = False

    def __init__(
        self,
        thread_pool: Executor | None,
        handlers: Any,
        interceptors: Any,
        options: Sequence[tuple[str, Any]] | None,
        maximum_concurrent_rpcs: int | None,
        compression: Any,
        xds: bool = False,
        wire: str | None = None,
        protocols: Iterable[str] | None = None,
    ) -> None:
        self._started = False
        self._wire = GRPCIO if xds else chosen_wire(wire or CONNECT)
        self._options = server_options(options, known=self._wire == GRPCIO)
        intercepting = server_interceptors(interceptors, aio=self._aio)
        self._core_arguments = (thread_pool, intercepting, options, maximum_concurrent_rpcs, compression, xds)
        self._core: Any = None
        self._tls: ServerCredentials | None = None
        runs_handlers = HandlerInterceptor(thread_pool, aio=self._aio, send_max_bytes=self._options.send_max_bytes)
        limits = [] if maximum_concurrent_rpcs is None else [ConcurrencyLimit(maximum_concurrent_rpcs)]
        self._interceptors: list[Any] = [*limits, runs_handlers]
        self._router = Router(
            runs_handlers,
            limits,
            self._options.read_max_bytes,
            intercepting,
            aio=self._aio,
        )
        self._dispatcher = Dispatcher(self._router, checked_protocols(protocols))
        self._outermost: Any = self._dispatcher
        self._wsgi: WsgiApplication | None = None
        adopt(type(self), "Server", aio=self._aio)
        self._adopt_contexts()
        self.add_generic_rpc_handlers(handlers or ())
        self._listeners: list[Listener] = []

    @property
    def app(self) -> Dispatcher:
        """The composed ASGI application, for an ASGI server of your choice; usable without `start()`.

        In an application of a web framework, mount it at each of its `paths` (or at a prefix, or at the root, last),
        and run its `lifespan()` in the framework's.

        Native form: the generated `XASGIApplication`, or several under `starlette.routing.Mount`.
        """
        return self._dispatcher

    def add_asgi_middleware(self, middleware: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Put ASGI middleware, such as Starlette's `CORSMiddleware`, before the ports that are not grpcio's.

        What is added last gets requests first. It sees no lifespan, and `app` is not changed.

        Args:
            middleware: called at once with an ASGI application and the arguments that follow; returns another one.
            args: for `middleware`.
            kwargs: for `middleware`.

        Raises:
            RuntimeError: the server has been started.

        Native form: `app = middleware(XASGIApplication(servicer), ...)`.
        """
        if self._started:
            raise RuntimeError("middleware must be added before the server is started")
        self._outermost = middleware(self._outermost, *args, **kwargs)

    @property
    def wsgi_app(self) -> Any:
        """The same as a WSGI application, for Connect and gRPC-Web clients; usable without `start()`.

        Each call takes a thread of the WSGI server. gRPC clients, and conversations (an answer before the next request
        of a stream), need `app` and an ASGI server.

        Native form: the generated `XWSGIApplication` of a sync servicer, if no deadline need be kept.
        """
        if self._wsgi is None:
            self._wsgi = WsgiApplication(self._dispatcher)
        return self._wsgi

    def add_service(
        self, application_class: Callable[..., Any], servicer: Any, *, interceptors: Sequence[Any] = ()
    ) -> None:
        """Serve a servicer.

        Args:
            application_class: the generated `XASGIApplication`. Where code elsewhere hands over what registers a
                service, it may be gRPC's `add_XServicer_to_server` or the like, which is called with the servicer and
                this server.
            servicer: an object whose handlers are sync, async or some of both. One that derives from no generated class
                may have them under the names of the RPCs, too.
            interceptors: async interceptors of connectrpc for this service, run on every wire.

        Raises:
            RuntimeError: the server has been started, and the service would have to be made at its start.
            TypeError: one of the interceptors would never be run.

        A service that a started server has already is not replaced.

        Native form: `app = XASGIApplication(servicer)`.

        Source: `add_XServicer_to_server` of grpcio-tools 1.85, which works on a started server, too.
        """
        if is_registration(application_class):
            application_class(servicer, self)
            return
        require_async_interceptors(interceptors)
        *limits, runs_handlers = self._interceptors
        if isinstance(servicer, ByRpcNames):
            runs_handlers = runs_handlers.of_unmoved()
        settings = {
            "interceptors": [*limits, *interceptors, runs_handlers],
            "read_max_bytes": self._options.read_max_bytes,
        }
        self._mount(application_by_either_name(application_class, servicer, **settings))

    def _mount(self, app: Any) -> None:
        if not self._started:
            self._router.mount(app)
            return
        if isinstance(app, MovedApplication) and app.has_lifespan:
            raise RuntimeError("a service that is made at the start must be added before the server is started")
        if any(one.path == app.path for one in self._router.apps):
            _log.warning("%s is served already", app.path)
            return
        self._router.mount(app)
        if self._core is not None:
            from .wire.server_core import add_application

            add_application(self._core, app, aio=self._aio, started=True)

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[Any]) -> None:
        """Serve what grpcio's handlers serve, beside generated applications; for services that have not moved.

        Args:
            generic_rpc_handlers: objects with `service(handler_call_details)`, which returns an `RpcMethodHandler` or
                None. They are asked in order, for methods that nothing is registered for.

        Raises:
            AttributeError: one has no `service` method.

        Their messages are bytes to connectrpc: gRPC, gRPC-Web and Connect clients with binary messages are served.

        Native form: `add_service` with the generated application.

        Source: `grpc.Server.add_generic_rpc_handlers`, grpcio 1.85.
        """
        handlers = tuple(generic_rpc_handlers)
        self._router.add_generic(handlers)
        if self._started and self._core is not None:
            from .wire.server_core import add_generic

            add_generic(self._core, handlers, aio=self._aio)

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Any]) -> None:
        """Serve the methods of one service that has not moved; what is added last for a method serves it.

        Args:
            service_name: the full name of the service.
            method_handlers: for each method's name an `RpcMethodHandler`.

        Native form: `add_service` with the generated application.

        Source: `grpc.Server.add_registered_method_handlers`, grpcio 1.85, which after `start()` logs and returns, too.
        """
        if self._started:
            _log.warning("Cannot register method handlers once server has started")
            return
        self._router.add_registered(service_name, method_handlers)

    @staticmethod
    def _adopt_contexts() -> None:
        adopt(ServicerContext, "ServicerContext")
        adopt(AioServicerContext, "ServicerContext", aio=True)
        adopt(RpcMethodHandler, "RpcMethodHandler")
        adopt(HandlerCallDetails, "HandlerCallDetails")

    def enable_reflection(self, service_names: Iterable[str], pool: Any = None) -> None:
        """Answer server reflection (v1 and v1alpha) for these services.

        Args:
            service_names: full names of services, which are listed as they are; those of reflection itself may be
                among them, and what nothing is known of but its name is said in a warning.
            pool: the protobuf descriptor pool that knows them; by default protobuf's own.

        Raises:
            ImportError: `connectrpc-grpcreflect` is not installed (the extra `reflection`).

        Native form: see `reflection.reflection_services`.

        Source: `grpc_reflection.v1alpha.reflection.enable_server_reflection`, grpcio-reflection 1.85.
        """
        for application_class, service in reflection_services(service_names, pool):
            self._mount(moved_application(application_class, service, interceptors=()))

    def add_insecure_port(self, address: str) -> int:
        """Bind a plaintext port for gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2.

        Args:
            address: `host:port` (port 0 for any), `[::]:port`, `unix:path`, `fd:number` (a bound socket that the
                process was started with, as by systemd or circus; not where grpcio serves).

        Returns:
            The port (1 for a unix socket).

        Raises:
            RuntimeError: the address cannot be bound, or the server has been started.

        Native form: `--bind` of the ASGI server.

        Source: `grpc.Server.add_insecure_port`, grpcio 1.85, which also lets servers share a port by default.
        """
        return self._add_port(address, None)

    def add_secure_port(self, address: str, server_credentials: Any) -> int:
        """Bind a TLS port; like `add_insecure_port`.

        Args:
            address: as for `add_insecure_port`.
            server_credentials: from `ssl_server_credentials`. A port with grpcio's own (ALTS, local, xDS, certificates
                that change) is grpcio's, and serves gRPC only.

        Raises:
            RuntimeError: the address cannot be bound, or the server has been started.

        Native form: `--certfile` and `--keyfile` of the ASGI server.

        Source: `grpc.Server.add_secure_port`, grpcio 1.85.
        """
        if isinstance(server_credentials, ServerCredentials):
            server_credentials.context()
            self._tls = server_credentials
        return self._add_port(address, server_credentials)

    def add_connect_port(self, address: str, server_credentials: ServerCredentials | None = None) -> int:
        """Bind a port for Connect, gRPC-Web and gRPC that is not grpcio's, whatever the wire.

        `G2C_CONNECT_ADDRESS` (addresses with commas between them) binds such ports without a change of the code; they
        have the credentials of the last TLS port.

        Args:
            address: as for `add_insecure_port`.
            server_credentials: from `ssl_server_credentials`; without, plaintext.

        Raises:
            RuntimeError: the address cannot be bound, or the server has been started.

        Native form: `--bind` of the ASGI server.
        """
        self._refuse_if_started()
        sockets, port = bind(address, reuse_port=self._options.reuse_port)
        self._listeners.append(Listener(sockets, server_credentials))
        return port

    def _refuse_if_started(self) -> None:
        if self._started:
            raise RuntimeError("ports must be added before the server is started")

    def _add_port(self, address: str, credentials: Any) -> int:
        self._refuse_if_started()
        if self._wire == CONNECT and (credentials is None or isinstance(credentials, ServerCredentials)):
            return self.add_connect_port(address, credentials)
        from .wire.server_core import core_credentials

        core = self._core_server()
        if credentials is None:
            return int(core.add_insecure_port(address))
        return int(core.add_secure_port(address, core_credentials(credentials)))

    def _core_server(self) -> Any:
        """Return grpcio's server, made when it is first needed."""
        if self._core is None:
            from .wire.server_core import core_server

            self._core = core_server(*self._core_arguments, aio=self._aio)
        return self._core

    def _bind_connect_addresses(self) -> None:
        """Bind what `G2C_CONNECT_ADDRESS` says, before the start."""
        for address in connect_addresses() if self._wire == GRPCIO else ():
            self.add_connect_port(address, self._tls)

    @property
    def _serves_connect(self) -> bool:
        """Whether there is anything to serve beside grpcio's server."""
        return bool(self._listeners) or self._core is None or self._has_lifespan

    @property
    def _has_lifespan(self) -> bool:
        """Whether some service is made at the start, and cleaned up after the last call on any wire."""
        return any(isinstance(app, MovedApplication) and app.has_lifespan for app in self._router.apps)

    def _fill_core(self) -> None:
        from .wire.server_core import add_all

        router = self._router
        add_all(self._core, router.apps, router.registered, router.generic, aio=self._aio)

    def _close_ports(self) -> None:
        for listener in self._listeners:
            for sock in listener.sockets:
                sock.close()
