"""What the tool believes a line to be, by which facts, and why it ends as it does.

May import everything before the result: facts, plan, the rule API. Nothing here decides anything.
"""

from grpc2connect.explain.line import explain

__all__ = ["explain"]
