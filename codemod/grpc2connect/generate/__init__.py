"""Makes the `*_connect.py` modules, beside the stubs that they stand in for."""

from grpc2connect.generate.generate import generate, why_not
from grpc2connect.generate.place import connect_module, is_beside, is_built

__all__ = ["connect_module", "generate", "is_beside", "is_built", "why_not"]
