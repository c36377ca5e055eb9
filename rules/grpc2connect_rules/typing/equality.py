"""Members of gRPC's enumerations that are compared as they stand, beside services that stay on gRPC.

The runtime's members equal gRPC's and are others, so `is` becomes `==`. The code of an error is gRPC's own there: that
of a stub that stays as it is, and that of a client by `rpc_error(error, grpc.StatusCode)`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from grpc2connect.rules_api import Span, edits
from grpc2connect.rules_api.edits import Edit
from grpc2connect.rules_api.references import ApiUse, StatusMember

_SAME = {"assertIs": "assertEqual", "assertIsNot": "assertNotEqual"}
_EQUAL = frozenset({"assertEqual", "assertNotEqual", "assertIn", "assertNotIn"})
_IS = re.compile(r"[)\s]*(is(?:\s+not)?)[(\s]*$")


def compared(use: ApiUse | StatusMember, *, asks: Collection[str] = ()) -> list[Edit] | None:
    """What makes a comparison of a member one of equality; None where it is not compared as it stands.

    `asks` are methods that ask no more of an argument than which member it is.
    """
    module, node = use.module, use.node
    above = module.parents[node]
    if isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute) and node in above.args:
        if above.func.attr in _SAME:
            if any(map(use.facts.is_code_of_error, above.args)):
                return []
            return [edits.rename_attribute(module, above.func, _SAME[above.func.attr])]
        return [] if above.func.attr in _EQUAL or above.func.attr in asks else None
    if not isinstance(above, ast.Compare) or len(above.ops) > 1:
        return None
    if isinstance(above.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
        return []
    if not isinstance(above.ops[0], ast.Is | ast.IsNot):
        return None
    if any(map(use.facts.is_code_of_error, (above.left, *above.comparators))):
        return []
    start = module.span(above.left).end
    between = _IS.match(module.text[start : module.span(above.comparators[0]).start])
    if between is None:
        return None
    operator = "==" if isinstance(above.ops[0], ast.Is) else "!="
    return [edits.Edit(Span(start + between.start(1), start + between.end(1)), (operator,))]
