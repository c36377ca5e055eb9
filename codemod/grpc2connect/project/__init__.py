"""The project's own files around its code, and what a migration changes in them.

May import `options`, `results`, `vendor`; knows nothing of rules or facts.
"""

from grpc2connect.project.requirements import complete, require

__all__ = ["complete", "require"]
