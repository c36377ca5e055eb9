"""Python that the readers of a project's files take up, whatever gRPC is in it: what generates stubs, what requires
packages, what says how a program is started.

What they find is told by these words and names alone, so a changed file without them is the engine's matter only.
Nothing is imported: a hook asks this before anything else is loaded.
"""

MARKS = (
    b"grpc_python_out",
    b"grpc_out",
    b"build_package_protos",
    b"BuildPackageProtos",
    b"/// script",
    b"preload_app",
)
"""What generates (`project/generation`), requires (PEP 723) or starts (gunicorn's settings)."""
NAMES = ("setup.py", "noxfile.py")
"""Files whose requirements are read by their names."""


def is_read_apart(path: str, data: bytes) -> bool:
    """Whether such a reader may find something in a file."""
    return path.replace("\\", "/").rpartition("/")[2] in NAMES or any(mark in data for mark in MARKS)
