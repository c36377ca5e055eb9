"""Files: which there are, what is in them, and how they are written back.

Knows nobody but `results` and `options`. Importing it is cheap, since a hook on files without gRPC ends here: what is
slow to import is imported where it is used.
"""

from grpc2connect.sources.commits import CommitFailed, commit
from grpc2connect.sources.commits import why_not as why_no_commit
from grpc2connect.sources.content import (
    Code,
    NotEncodable,
    Source,
    Unwritable,
    bytes_of,
    code_of,
    encode,
    is_dockerfile,
    is_notebook,
    is_python,
    python_of,
    read,
)
from grpc2connect.sources.environment import search_paths
from grpc2connect.sources.files import SKIPPED, around, find
from grpc2connect.sources.git import dirty_files, tracked_and_new
from grpc2connect.sources.git import top as repository_of
from grpc2connect.sources.sieve import calls_any, imports_grpc, is_generated, mentioned, mentions, mentions_any
from grpc2connect.sources.writing import write_all, write_atomic

__all__ = [
    "SKIPPED",
    "Code",
    "CommitFailed",
    "NotEncodable",
    "Source",
    "Unwritable",
    "around",
    "bytes_of",
    "calls_any",
    "code_of",
    "commit",
    "dirty_files",
    "encode",
    "find",
    "imports_grpc",
    "is_dockerfile",
    "is_generated",
    "is_notebook",
    "is_python",
    "mentioned",
    "mentions",
    "mentions_any",
    "python_of",
    "read",
    "repository_of",
    "search_paths",
    "tracked_and_new",
    "why_no_commit",
    "write_all",
    "write_atomic",
]
