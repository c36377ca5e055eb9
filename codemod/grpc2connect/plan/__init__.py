"""Picks one consistent set of outcomes: units move whole, and every reference ends in exactly one state.

May import `facts` and `rules_api`; knows nothing of text or files.
"""

from grpc2connect.plan.plan import Decision, Plan, make
from grpc2connect.plan.units import Units

__all__ = ["Decision", "Plan", "Units", "make"]
