"""Images that the project builds, and which of its programs is in the image that a manifest names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.project.deployment.world import Program

_COMMON = frozenset(
    {
        "app",
        "api",
        "server",
        "client",
        "service",
        "src",
        "python",
        "main",
        "test",
        "web",
        "docker",
        "image",
        "grpc",
        "demo",
    }
    | {"latest", "backend", "build", "cmd", "v1", "dev", "prod", "base", "py"}
)


@dataclass(frozen=True)
class Known:
    """What is known of an image: whether the project builds it, and the program in it, if that has gRPC."""

    built: bool = False
    program: Program | None = None


@dataclass
class Images:
    """What the Dockerfiles of the project build."""

    programs: dict[Path, Program | None] = field(default_factory=dict)
    ports: dict[Path, bool] = field(default_factory=dict)
    names: dict[str, Path] = field(default_factory=dict)
    root: Path = Path()
    _known: dict[str, Path | None] = field(default_factory=dict)

    def of_dockerfile(self, path: Path | None) -> Program | None:
        """The program in the image of a Dockerfile."""
        return self.programs.get(path) if path is not None else None

    def starts_with_port(self, path: Path | None) -> bool:
        """Whether an image has a port for Connect by itself."""
        return path is not None and self.ports.get(path, False)

    def dockerfile_of(self, reference: str) -> Path | None:
        """The Dockerfile that an image's name leads to: by the name that a build gives it, or by the folder's."""
        base = base_name(reference)
        if base not in self._known:
            self._known[base] = self.names[base] if base in self.names else self._likely(base)
        return self._known[base]

    def _likely(self, base: str) -> Path | None:
        scored = sorted(((_likeness(base, path, self.root), path) for path in self.programs), reverse=True)
        if not scored or not scored[0][0]:
            return None
        best = [path for score, path in scored if score == scored[0][0]]
        return best[0] if len({id(self.programs[path]) for path in best}) == 1 or len(best) == 1 else None

    def of_name(self, reference: str) -> Known:
        """What an image's name leads to."""
        path = self.dockerfile_of(reference)
        return Known(True, self.programs[path]) if path in self.programs else Known()

    def moved_names(self) -> set[str]:
        """Names of images, and of folders with Dockerfiles, of programs that have moved."""
        moved = {path for path, program in self.programs.items() if program is not None and program.moved}
        by_folder = {path.parent.name for path in moved if path.parent != self.root}
        return {name for name, path in self.names.items() if path in moved} | by_folder


def base_name(reference: str) -> str:
    """The last part of an image's name, without registry, tag and digest."""
    return re.split(r"[:@]", reference.rsplit("/", 1)[-1], maxsplit=1)[0].strip("\"' ").lower()


def tokens(name: str) -> frozenset[str]:
    """The words of a name."""
    return frozenset(one for one in re.split(r"[^a-z0-9]+", name.lower()) if one)


def _likeness(base: str, dockerfile: Path, root: Path) -> int:
    """How surely an image of this name is built there; 0: not."""
    folder = re.sub(r"[^a-z0-9]", "", dockerfile.parent.name.lower()) if dockerfile.parent != root else ""
    flat = re.sub(r"[^a-z0-9]", "", base)
    kind = re.sub(r"[^a-z0-9]", "", re.sub(r"dockerfile|containerfile", "", dockerfile.name.lower()))
    own = {folder, kind} - {""}
    if flat in own:
        return 4
    if any(len(one) > 3 and one not in _COMMON and flat.endswith(one) for one in own):
        return 3
    asked = tokens(base) - _COMMON
    inside = dockerfile.relative_to(root) if dockerfile.is_relative_to(root) else dockerfile
    there = {token for part in inside.parts for token in tokens(part)}
    return 2 if asked and asked <= there and len(tokens(base)) > 1 else 0
