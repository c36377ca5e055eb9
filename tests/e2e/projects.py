"""The fixture projects: how each is served, asked and tested."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
FIXTURES = REPOSITORY / "fixtures" / "projects"


@dataclass(frozen=True)
class Command:
    """A Python command line in a project's folder; `{backend}` and `{certs}` are filled in."""

    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ConnectCall:
    """A plain Connect call over HTTP: POST of JSON to /service/method, and what must come back."""

    procedure: str
    request: dict[str, Any]
    answer: dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer_headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """One folder of fixtures/projects."""

    name: str
    servers: dict[str, Command]
    connect_calls: tuple[ConnectCall, ...]
    # What its own imports are relative to.
    source: str = "."
    # A service that the servers call, if there is one.
    backend: Command | None = None

    @property
    def folder(self) -> Path:
        return FIXTURES / self.name


PROJECTS = (
    Project(
        "hello_flat",
        servers={"sync": Command(("server.py", "0")), "aio": Command(("aio_server.py",), {"PORT": "0"})},
        connect_calls=(
            ConnectCall("hello.flat.Greeter/SayHello", {"name": "Ada"}, {"message": "Hello, Ada!"}),
            ConnectCall(
                "hello.flat.Greeter/SayHello", {}, {"code": "invalid_argument", "message": "a name, please"}, 400
            ),
        ),
    ),
    Project(
        "routes_src",
        servers={
            "sync": Command(("-m", "parceltrack.server", "--port", "0")),
            "aio": Command(("-m", "parceltrack.aio_server", "--port", "0")),
        },
        connect_calls=(
            ConnectCall(
                "parceltrack.v1.Tracking/GetParcel",
                {"id": "P-2"},
                {"id": "P-2", "owner": "Tom", "seenAt": {"north": 20, "east": -20}},
            ),
            ConnectCall(
                "parceltrack.v1.Tracking/GetParcel",
                {"id": "P-9"},
                {"code": "not_found", "message": "no parcel 'P-9'"},
                404,
            ),
            ConnectCall("parceltrack.v1.Tracking/ping", {"value": 1}, {"value": 2}),
            ConnectCall("parceltrack.v1.Tracking/CountParcels", {}, {"value": 4}),
        ),
        source="src",
    ),
    Project(
        "accounts_aio",
        servers={"aio": Command(("-m", "accounts.server", "127.0.0.1:0"))},
        connect_calls=(
            ConnectCall(
                "bank.accounts.v2.Accounts/Open",
                {"owner": "Ada", "cents": "5"},
                {"number": "A001", "owner": "Ada", "cents": "5"},
                headers={"x-tenant": "web"},
                answer_headers={"x-tenant-seen": "web", "trailer-x-account": "A001", "trailer-x-accounts-open": "1"},
            ),
            ConnectCall(
                "bank.accounts.v2.Accounts/Open",
                {"owner": "Ada"},
                {"code": "unauthenticated", "message": "which tenant?"},
                401,
            ),
            ConnectCall(
                "bank.accounts.v2.Accounts/Balance",
                {"number": "A9"},
                {"code": "not_found", "message": "kein Konto für A9"},
                404,
            ),
        ),
    ),
    Project(
        "noprotos",
        servers={"sync": Command(("-m", "lending"), {"LENDING_PORT": "0"})},
        connect_calls=(
            ConnectCall(
                "lending.Loans/Borrow",
                {"shelfMark": "A2"},
                {
                    "reader": "ada",
                    "book": {
                        "shelfMark": "A2",
                        "title": "Knots for Children",
                        "edition": {"year": 1987, "publisher": "Hafen"},
                        "state": "LENT",
                    },
                    "days": 28,
                },
                headers={"x-reader": "ada"},
                answer_headers={"trailer-x-due": "28"},
            ),
            ConnectCall(
                "lending.Catalogue/Get",
                {"shelfMark": "Z9"},
                {"code": "not_found", "message": "no book at Z9"},
                404,
            ),
        ),
    ),
    Project(
        "gateway_downstream",
        servers={
            "sync": Command(("-m", "shop.gateway", "--port", "0", "--stock", "{backend}", "--certs", "{certs}")),
            "aio": Command(("-m", "shop.aio_gateway", "--port", "0", "--stock", "{backend}", "--certs", "{certs}")),
        },
        connect_calls=(
            ConnectCall("shop.v1.Checkout/Look", {"sku": "cup"}, {"sku": "cup", "count": 5}),
            ConnectCall(
                "shop.v1.Checkout/Look", {"sku": "hat"}, {"code": "not_found", "message": "we do not sell 'hat'"}, 404
            ),
            ConnectCall(
                "shop.v1.Checkout/Quote", {"sku": "cup"}, {"code": "invalid_argument", "message": "how many?"}, 400
            ),
        ),
        backend=Command(("-m", "shop.stock", "--port", "0", "--certs", "{certs}")),
    ),
    Project(
        "tolls_guarded",
        servers={"sync": Command(("-m", "tolls.gate", "0")), "aio": Command(("-m", "tolls.aio_gate", "0"))},
        connect_calls=(
            ConnectCall(
                "road.tolls.v1.Gate/Pass",
                {"plate": "A", "axles": 2},
                {"plate": "A", "cents": 100, "driver": "ada"},
                headers={"x-token": "t-ada"},
            ),
            ConnectCall(
                "road.tolls.v1.Gate/Pass",
                {"plate": "A", "axles": 2},
                {"code": "unauthenticated", "message": "no token for /road.tolls.v1.Gate/Pass"},
                401,
            ),
        ),
    ),
    Project(
        "signals_half",
        servers={"sync": Command(("-m", "signals.server", "0")), "aio": Command(("-m", "signals.aio_server", "0"))},
        connect_calls=(
            ConnectCall(
                "rail.signals.v1.Signals/Set",
                {"signal": "A1", "colour": "green"},
                {"signal": "A1", "colour": "green"},
                headers={"x-operator": "ada"},
                answer_headers={"trailer-x-set-by": "ada"},
            ),
            ConnectCall(
                "rail.signals.v1.Signals/Set",
                {"signal": "A1"},
                {"code": "unauthenticated", "message": "who are you?"},
                401,
            ),
        ),
    ),
)
