"""The schema: gRPC services and the generated modules that hold them, read statically from protos and generated code.

Knows nobody but `results`. Heavy imports (google.protobuf) happen when there is something to read.
"""

from grpc2connect.schema.clashes import clashes, module_clashes
from grpc2connect.schema.model import GrpcModule, Kind, MessagePlace, Method, Pb2Import, Pb2Module, Service, by_name
from grpc2connect.schema.modules import dependencies_of, read_grpc_module
from grpc2connect.schema.schema import Schema, load
from grpc2connect.schema.suffixes import CONNECT_SUFFIX, GENERATED, GRPC_SUFFIX, MESSAGES_SUFFIX

__all__ = [
    "CONNECT_SUFFIX",
    "GENERATED",
    "GRPC_SUFFIX",
    "MESSAGES_SUFFIX",
    "GrpcModule",
    "Kind",
    "MessagePlace",
    "Method",
    "Pb2Import",
    "Pb2Module",
    "Schema",
    "Service",
    "by_name",
    "clashes",
    "dependencies_of",
    "load",
    "module_clashes",
    "read_grpc_module",
]
