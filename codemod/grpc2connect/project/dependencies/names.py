"""Names of distributions: those of gRPC's family, and what each is imported as.

Source: PyPI's metadata of grpcio's distributions, 1.85.
"""

from __future__ import annotations

import re

from grpc2connect.sources.required import normal

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")

GRPCIO = "grpcio"
TOOLS = "grpcio-tools"
REFLECTION = "grpcio-reflection"
IMPORTED_AS = {
    "grpcio": ("grpc",),
    "grpcio-tools": ("grpc_tools",),
    "grpcio-admin": ("grpc_admin",),
    "grpcio-channelz": ("grpc_channelz",),
    "grpcio-csds": ("grpc_csds",),
    "grpcio-csm-observability": ("grpc_csm_observability",),
    "grpcio-health-checking": ("grpc_health",),
    "grpcio-observability": ("grpc_observability",),
    "grpcio-reflection": ("grpc_reflection",),
    "grpcio-status": ("grpc_status",),
    "grpcio-testing": ("grpc_testing",),
}
"""The distributions of grpc-python, and the packages in them."""
TYPES = frozenset({"grpc-stubs", "types-grpcio", "types-grpcio-health-checking", "types-grpcio-reflection",
                   "types-grpcio-status", "types-grpcio-channelz"})  # fmt: skip
"""Distributions of types for grpcio, which go with it."""
ADD_ONS = frozenset(IMPORTED_AS) - {GRPCIO, TOOLS}


def name_of(requirement: str) -> str:
    """The normal name of a requirement; empty if it begins with none."""
    found = _NAME.match(requirement)
    return normal(found[1]) if found else ""


def after_name(requirement: str) -> str:
    """What stands behind the name: extras, versions, markers."""
    found = _NAME.match(requirement)
    return requirement[found.end() :] if found else requirement


def is_family(name: str) -> bool:
    """Whether a normal name is that of a distribution of grpc-python."""
    return name in IMPORTED_AS
