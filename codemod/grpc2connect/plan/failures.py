"""What could not be edited or generated, and what is left because of it: no more than hangs on it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grpc2connect.schema import GrpcModule


@dataclass
class Failures:
    """What stays as it is, in plans that leave more and more until nothing fails any more.

    A file is left in two steps: first the services in it stay on gRPC, and what is left to do in it is tried again;
    if that fails too, it is closed: it is not edited, and what would need that stays as well. A service of which
    nothing can be generated stays; if something still asks for it, that file is closed.

    `stay` and `closed` are those of `plan.make`, `files` those that an edit failed of, with the reasons.
    """

    stay: dict[str, str]
    closed: dict[Path, str]
    files: dict[Path, str] = field(default_factory=dict)

    def note(
        self, failed: Mapping[str, str], needed: Mapping[Path, Iterable[GrpcModule]], shown: Mapping[Path, str]
    ) -> None:
        """Leave more because of what `failed`: files (paths as text) and services (full names), with the reasons.

        `needed` are the generated modules that each edited file needs; `shown` are all files with references, each as
        messages name it.
        """
        before = (len(self.stay), len(self.closed))
        for name, reason in failed.items():
            if os.path.isabs(name):
                self._leave(Path(name), reason, shown)
            elif name not in self.stay:
                self.stay[name] = reason
            else:
                for path, modules in needed.items():
                    if any(service.full_name == name for module in modules for service in module.services):
                        self.closed.setdefault(path, reason)
        if (len(self.stay), len(self.closed)) == before:  # nothing says what else could be left: all that there is
            self.closed.update({path: "no edit of it could be proved" for path in shown if path not in self.closed})

    def _leave(self, path: Path, reason: str, shown: Mapping[Path, str]) -> None:
        said = f"an edit of {shown.get(path, path.name)} failed ({reason})"
        self.files.setdefault(path, reason)
        if str(path) in self.stay:
            self.closed.setdefault(path, said)
        else:
            self.stay[str(path)] = said

    def because_of(self, path: Path) -> frozenset[str]:
        """The reasons that something has to stay where an edit of a file failed."""
        return frozenset(filter(None, (self.stay.get(str(path)), self.closed.get(path))))

    @property
    def reasons(self) -> frozenset[str]:
        """Why something stays."""
        return frozenset((*self.stay.values(), *self.closed.values()))
