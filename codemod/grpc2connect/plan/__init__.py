"""Picks one consistent set of outcomes: units move whole, and every reference ends in exactly one state.

May import `facts` and `rules_api`; knows nothing of text or files.
"""

from grpc2connect.plan.failures import Failures
from grpc2connect.plan.plan import Decision, Offer, Plan, make, offer
from grpc2connect.plan.sides import SIDES, Side
from grpc2connect.plan.units import Units

__all__ = ["SIDES", "Decision", "Failures", "Offer", "Plan", "Side", "Units", "make", "offer"]
