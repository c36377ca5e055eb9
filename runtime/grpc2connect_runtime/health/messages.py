"""The messages of `grpc.health.v1`, made from their descriptors when this is imported.

They live in a descriptor pool of their own: what generated code of the same proto registers in protobuf's pool, under
whatever file name and in whatever version (`List` is from 2025), cannot clash with them.

Source: `grpc/health/v1/health.proto` of grpc/grpc-proto.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

__all__ = [
    "POOL",
    "SERVICE_NAME",
    "HealthCheckRequest",
    "HealthCheckResponse",
    "HealthListRequest",
    "HealthListResponse",
]

_PACKAGE = "grpc.health.v1"
SERVICE_NAME = f"{_PACKAGE}.Health"
"""The full name of the service; native form: `DESCRIPTOR.services_by_name["Health"].full_name` of generated code."""

_ONE, _MANY = "LABEL_OPTIONAL", "LABEL_REPEATED"


def _field(name: str, number: int, of: str, label: str = _ONE) -> dict[str, Any]:
    known = {"string": "TYPE_STRING"}.get(of)
    kind = {"type": known} if known else {"typeName": f".{_PACKAGE}.{of}"}
    if of.endswith("ServingStatus"):
        kind["type"] = "TYPE_ENUM"
    elif not known:
        kind["type"] = "TYPE_MESSAGE"
    return {"name": name, "number": number, "label": label, **kind}


def _method(name: str, takes: str, returns: str, streaming: bool = False) -> dict[str, Any]:
    types = {"inputType": f".{_PACKAGE}.{takes}", "outputType": f".{_PACKAGE}.{returns}"}
    return {"name": name, **types, **({"serverStreaming": True} if streaming else {})}


_FILE = {
    "name": "grpc/health/v1/health.proto",
    "package": _PACKAGE,
    "syntax": "proto3",
    "messageType": [
        {"name": "HealthCheckRequest", "field": [_field("service", 1, "string")]},
        {
            "name": "HealthCheckResponse",
            "field": [_field("status", 1, "HealthCheckResponse.ServingStatus")],
            "enumType": [
                {
                    "name": "ServingStatus",
                    "value": [
                        {"name": name, "number": number}
                        for number, name in enumerate(("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"))
                    ],
                }
            ],
        },
        {"name": "HealthListRequest"},
        {
            "name": "HealthListResponse",
            "field": [_field("statuses", 1, "HealthListResponse.StatusesEntry", _MANY)],
            "nestedType": [
                {
                    "name": "StatusesEntry",
                    "field": [_field("key", 1, "string"), _field("value", 2, "HealthCheckResponse")],
                    "options": {"mapEntry": True},
                }
            ],
        },
    ],
    "service": [
        {
            "name": "Health",
            "method": [
                _method("Check", "HealthCheckRequest", "HealthCheckResponse"),
                _method("List", "HealthListRequest", "HealthListResponse"),
                _method("Watch", "HealthCheckRequest", "HealthCheckResponse", streaming=True),
            ],
        }
    ],
}

POOL = descriptor_pool.DescriptorPool()
"""The pool that knows the service."""

POOL.AddSerializedFile(json_format.ParseDict(_FILE, descriptor_pb2.FileDescriptorProto()).SerializeToString())


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


HealthCheckRequest = _message("HealthCheckRequest")
HealthCheckResponse = _message("HealthCheckResponse")
HealthListRequest = _message("HealthListRequest")
HealthListResponse = _message("HealthListResponse")
