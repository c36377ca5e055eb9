"""The runtime's source, for `--runtime vendor`: shipped inside the tool's wheel, or beside it in a checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from grpc2connect.options import RuntimeMode

PACKAGE = "grpc2connect_runtime"
DISTRIBUTION = "grpc2connect-runtime"
REQUIREMENT = f"{DISTRIBUTION}>=0.1,<0.2"
"""What code migrated with `--runtime package` needs."""
REQUIREMENTS = ("connectrpc>=0.13,<0.14", "hypercorn>=0.18,<0.19", "protobuf>=4", "pyqwest>=0.12,<0.13")
"""What code migrated with `--runtime vendor` needs: the dependencies of the distribution."""
REQUIRED_BY_THOSE = {
    "h2>=4.3": "hypercorn",
    "opentelemetry-api>=1.39.1": "pyqwest",
    "typing-extensions>=4.16": "connectrpc",
    "wsproto>=0.14": "hypercorn",
}
"""What these require in turn that projects are known to hold back, and which of them does (their metadata)."""
ENABLES_REFLECTION = b".enable_reflection("
"""How migrated code has a server answer reflection."""
REFLECTION = "connectrpc-grpcreflect"
"""What servers need that answer reflection."""


def needed(mode: RuntimeMode) -> tuple[str, ...]:
    """The requirements of migrated code, as PEP 508 strings."""
    return REQUIREMENTS if mode is RuntimeMode.VENDOR else (REQUIREMENT,)


HEADER = b"# pyright: basic, reportMissingImports=false\n# mypy: ignore-errors\n"
"""What each vendored module begins with: the settings of a type checker are those of the project, strict or not."""


class RuntimeMissing(Exception):
    """The installation has no runtime source in it."""


def files(home: Path | None = None) -> list[tuple[PurePosixPath, bytes]]:
    """Every file of the runtime package: its path below the package's parent folder, and its bytes.

    `home` is the folder of the tool's own package. Raises `RuntimeMissing` if the runtime is not with it.
    """
    source = _source(Path(__file__).resolve().parent if home is None else home)
    return [(PurePosixPath(PACKAGE, *path.relative_to(source).parts), _vendored(path)) for path in _walk(source)]


def _vendored(path: Path) -> bytes:
    return HEADER * (path.suffix == ".py") + path.read_bytes()


def _source(home: Path) -> Path:
    for source in (home / "_vendored_runtime" / PACKAGE, home.parents[1] / "runtime" / PACKAGE):
        if (source / "__init__.py").is_file():
            return source
    raise RuntimeMissing(f"{PACKAGE} is not part of this installation; reinstall grpc2connect")


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name != "__pycache__" and not path.name.startswith("."):
                yield from _walk(path)
        elif path.suffix not in (".pyc", ".pyo") and not path.name.startswith("."):
            yield path
