"""What the sync and the aio server share: services, ports and the composed application."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from .aio_context import AioServicerContext
from .applications import moved_application
from .binding import bind
from .context import ServicerContext
from .credentials import ServerCredentials
from .dispatcher import Dispatcher
from .interceptor import HandlerInterceptor
from .limits import ConcurrencyLimit
from .method_handlers import HandlerCallDetails, RpcMethodHandler
from .reflection import reflection_services
from .router import Router
from .server_interceptors import server_interceptors
from .server_options import refuse_xds, server_options
from .serving import Listener
from .unmoved import adopt

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
        xds: bool = False,
    ) -> None:
        refuse_xds(xds)
        self._started = False
        self._options = server_options(options)
        runs_handlers = HandlerInterceptor(thread_pool, aio=self._aio)
        limits = [] if maximum_concurrent_rpcs is None else [ConcurrencyLimit(maximum_concurrent_rpcs)]
        self._interceptors: list[Any] = [*limits, runs_handlers]
        self._router = Router(
            runs_handlers,
            limits,
            self._options.read_max_bytes,
            server_interceptors(interceptors, aio=self._aio),
            aio=self._aio,
        )
        self._dispatcher = Dispatcher(self._router)
        adopt(type(self), "Server", aio=self._aio)
        self._adopt_contexts()
        self.add_generic_rpc_handlers(handlers or ())
        self._listeners: list[Listener] = []

    @property
    def app(self) -> Any:
        """The composed ASGI application, for an ASGI server of your choice; usable without `start()`.

        Native form: the generated `XASGIApplication`, or several under `starlette.routing.Mount`.
        """
        return self._dispatcher

    def add_service(self, application_class: Callable[..., Any], servicer: Any) -> None:
        """Serve a servicer.

        Args:
            application_class: the generated `XASGIApplication`.
            servicer: an object whose handlers are sync, async or some of both.

        Raises:
            RuntimeError: the server has been started.

        Native form: `app = XASGIApplication(servicer)`.

        Source: `add_XServicer_to_server` of grpcio-tools 1.85.
        """
        if self._started:
            raise RuntimeError("services must be added before the server is started")
        settings = {"interceptors": self._interceptors, "read_max_bytes": self._options.read_max_bytes}
        self._router.mount(moved_application(application_class, servicer, **settings))

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
        self._router.add_generic(generic_rpc_handlers)

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
            service_names: full names of services; those of reflection itself may be among them.
            pool: the protobuf descriptor pool that knows them; by default protobuf's own.

        Raises:
            ImportError: `connectrpc-grpcreflect` is not installed (the extra `reflection`).
            KeyError: a service is not in the pool.
            RuntimeError: the server has been started.

        Native form: see `reflection.reflection_services`.

        Source: `grpc_reflection.v1alpha.reflection.enable_server_reflection`, grpcio-reflection 1.85.
        """
        if self._started:
            raise RuntimeError("services must be added before the server is started")
        for application_class, service in reflection_services(service_names, pool):
            self._router.mount(moved_application(application_class, service))

    def add_insecure_port(self, address: str) -> int:
        """Bind a plaintext port for gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2.

        Args:
            address: `host:port` (port 0 for any), `[::]:port`, `unix:path`.

        Returns:
            The port (1 for a unix socket).

        Raises:
            RuntimeError: the address cannot be bound, or the server has been started.

        Native form: `--bind` of the ASGI server.

        Source: `grpc.Server.add_insecure_port`, grpcio 1.85, which also lets servers share a port by default.
        """
        return self._add_port(address, None)

    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int:
        """Bind a TLS port; like `add_insecure_port`.

        Args:
            address: as for `add_insecure_port`.
            server_credentials: from `ssl_server_credentials`.

        Raises:
            RuntimeError: the address cannot be bound, or the server has been started.
            NotImplementedError: the credentials are grpcio's own.

        Native form: `--certfile` and `--keyfile` of the ASGI server.

        Source: `grpc.Server.add_secure_port`, grpcio 1.85.
        """
        if not isinstance(server_credentials, ServerCredentials):
            raise NotImplementedError(
                "only credentials from ssl_server_credentials() of this package are supported, not "
                f"{type(server_credentials).__name__}"
            )
        server_credentials.context()
        return self._add_port(address, server_credentials)

    def _add_port(self, address: str, credentials: ServerCredentials | None) -> int:
        if self._started:
            raise RuntimeError("ports must be added before the server is started")
        sockets, port = bind(address, reuse_port=self._options.reuse_port)
        self._listeners.append(Listener(sockets, credentials))
        return port

    def _close_ports(self) -> None:
        for listener in self._listeners:
            for sock in listener.sockets:
                sock.close()
