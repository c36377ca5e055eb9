"""What the settings say of a library's callers: what is kept for them, what stays, and what they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from grpc2connect.facts.facts import Facts
from grpc2connect.facts.reference import Reference
from grpc2connect.facts.shown import Shown
from grpc2connect.options import Options, PublicApi
from grpc2connect.public_api.bridge import shown
from grpc2connect.public_api.contracts import contracts, held
from grpc2connect.results import Finding


class Callers:
    """Those who call the public modules of a run."""

    def __init__(self, facts: Facts, references: Sequence[Reference], options: Options) -> None:
        """Find the contracts, and let the facts know what of them is to be kept.

        `stay` has the services (full names) and files that stay on gRPC because of them, with the reasons.
        """
        self._keeps = options.public_api is PublicApi.KEEP
        self._contracts = contracts(facts, references, options.public) if options.public else []
        self.stay = held(self._contracts) if options.public_api is PublicApi.HOLD else {}
        kept = self._keeps and bool(self._contracts)
        facts.shown = shown(facts, references, self._contracts, options.public) if kept else Shown()

    def findings(self, stays: Callable[[Reference], bool]) -> Iterator[Finding]:
        """What is said of each contract, but of those behind which everything stays."""
        for one in self._contracts:
            if not all(map(stays, one.references)):
                yield one.finding(bridged=self._keeps)
