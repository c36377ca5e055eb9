"""Which files need be parsed: those that import gRPC, and, step by step, those that import what turned out to hold it.

A file that is only imported by a relevant one is parsed, but its own imports are followed only once something of gRPC
flows into it (`Program.activate`), so that one service does not pull in a whole monorepo. May import `facts`.
"""

from grpc2connect.relevance.holders import held
from grpc2connect.relevance.loud import loud
from grpc2connect.relevance.names import as_imported
from grpc2connect.relevance.relevance import Names, Relevance, imports_at, reach

__all__ = ["Names", "Relevance", "as_imported", "held", "imports_at", "loud", "reach"]
