"""Work on files that need not know of each other, spread over forked processes; what comes out is the same as without.

`team` says how many processes, `processes` runs and watches them, `carried` brings what they find back into the program
that both sides have.
"""

from grpc2connect.spread.team import ALONE, Team, usable

__all__ = ["ALONE", "Team", "usable"]
