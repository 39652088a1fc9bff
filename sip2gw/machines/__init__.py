"""The machines: each gateway's row in a shared store, and what the others say there, for the board.

`table` has the SQL. `Rounds` writes the row of this gateway and reads the others every few seconds, in the background.
"""

from sip2gw.machines.rounds import Rounds

__all__ = ["Rounds"]
