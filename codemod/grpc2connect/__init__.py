"""grpc2connect: moves Python code from grpc-python to Connect for Python."""

__version__ = "0.1.0"
