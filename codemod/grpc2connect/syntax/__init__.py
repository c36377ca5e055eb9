"""A parsed Python file: its text, its `ast`, and exact character spans for every node.

Knows nothing of gRPC. Spans are what makes edits minimal: bytes outside an edited span cannot change.
"""

from grpc2connect.syntax.module import Cells, Module, Span, SyntaxProblem, parse

__all__ = ["Cells", "Module", "Span", "SyntaxProblem", "parse"]
