"""The settings of a run, from the command line and `[tool.grpc2connect]`; plain data, read by every stage."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from grpc2connect.results import Place, State


class RuntimeMode(enum.Enum):
    """How migrated code gets the runtime: written into the repository, or required as a package."""

    VENDOR = "vendor"
    PACKAGE = "package"


class ClientProtocol(enum.Enum):
    """The protocol that migrated clients speak; gRPC talks to moved and unmoved servers alike."""

    GRPC = "grpc"
    CONNECT = "connect"


class Serve(enum.Enum):
    """What serves a migrated server's ports: grpcio, with Connect on ports of its own, or one server for all."""

    DUAL = "dual"
    SINGLE = "single"


class PublicApi(enum.Enum):
    """What becomes of services that the public API of a library shows.

    They move behind a bridge, so that callers see gRPC's own; or they move and it is said what changes; or they stay.
    """

    KEEP = "keep"
    REPORT = "report"
    HOLD = "hold"


class Stage(enum.Enum):
    """Which step of a migration a run takes: all that moves code, or one step.

    `GENERATE` adds generated modules and has them generated from now on; `SERVER` moves what serves, `CLIENT` what
    asks; `CLEANUP` takes away what nothing needs.
    """

    MOVE = "move"
    GENERATE = "generate"
    SERVER = "server"
    CLIENT = "client"
    CLEANUP = "cleanup"

    @property
    def moves(self) -> bool:
        """Whether it is a step that moves code."""
        return self in (Stage.MOVE, Stage.SERVER, Stage.CLIENT)


@dataclass(frozen=True)
class GeneratedPlace:
    """Where `*_connect.py` go when the stubs are not in the repository: folder `out`, import prefix `package`."""

    out: Path
    package: str = ""


@dataclass(frozen=True)
class Refusal:
    """A state that the reference at a place, claimed by the rule `code`, is not to end in."""

    place: Place
    code: str
    state: State


@dataclass(frozen=True)
class Choices:
    """What a person decided against: services that stay on gRPC (full names), and ends of single references.

    A refused reference ends in the next best state that its rule offers; if there is none, all of its service stays.
    """

    stay: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Override:
    """Settings of their own for files (patterns as in `.gitignore`, from the root) or services (`shop.v1.*`).

    `hold` keeps on gRPC what it is about, with that reason; `ignore` switches off rules there, `serve` is for servers.
    With both `path` and `service` it is about the service's references in these files.
    """

    path: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    hold: str = ""
    ignore: tuple[str, ...] = ()
    serve: Serve | None = None


@dataclass(frozen=True)
class Options:
    """The settings of one run.

    `paths` are the files and folders to process, `root` the folder that findings are printed against. `project`, if it
    is known, is the folder of the whole project: what lies there beside `paths` is read where it matters, and never
    edited; a service that is used there by code that belongs together with that in `paths` stays on gRPC.
    `python` names a virtual environment whose files are read, never run, for installed stubs. `explain` is a file and
    a line (from 1; 0 for all of them) of which the result is to say how it came about; such a run takes longer.
    `rules` are rule packs beside the built-in rules; `public` are the dotted names of modules and packages that code
    elsewhere imports, and `public_api` says what becomes of what they show of gRPC. `unsafe` lets rules offer what
    changes what a program does today, `native` what gives up things that the runtime does (docs/native.md). `keep`
    says whether the result may be kept for later runs.
    `connect_port` is the port on which servers are to take Connect, put in where they are deployed; None: suggested.
    `jobs` is how many processes may work at once, None for as many as are worth it; the result is the same.
    """

    root: Path
    paths: tuple[Path, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    runtime: RuntimeMode = RuntimeMode.VENDOR
    client_protocol: ClientProtocol = ClientProtocol.GRPC
    serve: Serve = Serve.DUAL
    python: Path | None = None
    generated: GeneratedPlace | None = None
    project: Path | None = None
    explain: tuple[Path, int] | None = None
    choices: Choices = Choices()
    overrides: tuple[Override, ...] = ()
    public: tuple[str, ...] = ()
    public_api: PublicApi = PublicApi.KEEP
    rules: tuple[str, ...] = ()
    unsafe: bool = False
    native: bool = False
    keep: bool = True
    stage: Stage = Stage.MOVE
    connect_port: int | None = None
    jobs: int | None = None
