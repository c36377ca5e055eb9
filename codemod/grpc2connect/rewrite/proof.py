"""Proof after the edit: what must hold of every changed file before it may be written."""

from __future__ import annotations

import re
from collections import Counter

from grpc2connect.facts.scopes import bindings
from grpc2connect.syntax import Module, SyntaxProblem, parse

DIRECTIVE = re.compile(
    r"#\s*(noqa|type:\s*ignore|pylint:|pyright:|isort:|fmt:|nosec|ruff:|pragma:|pytype:|mypy:)", re.I
)
"""Comments for tools about the statement they stand behind; they go with it."""


class ProofFailed(Exception):
    """An edited file that does not hold; says what failed."""


def _compile(module: Module, text: str) -> None:
    try:
        compile(module.tree, str(module.path), "exec", dont_inherit=True)
    except RecursionError:  # Python 3.12 takes a text that is nested more deeply than a tree may be
        compile(text.removeprefix("\ufeff"), str(module.path), "exec", dont_inherit=True)


def prove(before: Module, text: str, introduced: frozenset[str]) -> Module:
    """Check an edited file and return it parsed.

    Raises `ProofFailed` if it does not parse or compile, if a comment was lost, or if an introduced name is unbound.
    """
    try:
        after = parse(before.path, text, before.name)
        if before.cells is None:  # those are compiled one by one, where they are put back
            _compile(after, text)
    except SyntaxProblem as problem:
        raise ProofFailed(f"the result does not parse (line {problem.line}: {problem.message})") from None
    except (SyntaxError, ValueError) as problem:
        raise ProofFailed(f"the result does not compile ({problem})") from None
    lost = Counter(comment.text for comment in before.comments) - Counter(comment.text for comment in after.comments)
    if speech := [text for text in lost if not DIRECTIVE.match(text)]:
        raise ProofFailed(f"a comment would be lost: {speech[0]}")
    bound = {name for node in after.nodes for name in bindings(node)}
    if unbound := introduced - bound:
        raise ProofFailed(f"a name would be unbound: {sorted(unbound)[0]}")
    return after
