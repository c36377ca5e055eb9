"""How the files are called that generators write for a proto file."""

from __future__ import annotations

GRPC_SUFFIX = "_pb2_grpc.py"
"""grpcio-tools: stubs and servicers."""
MESSAGES_SUFFIX = "_pb2.py"
"""protoc: messages."""
CONNECT_SUFFIX = "_connect.py"
"""protoc-gen-connectrpc: clients and applications."""
GENERATED = (MESSAGES_SUFFIX, GRPC_SUFFIX, CONNECT_SUFFIX)
