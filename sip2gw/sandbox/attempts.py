"""Throttle guessing of a member's password: after five wrong ones in a row, a pause."""

from __future__ import annotations

from attrs import Factory, define

from sip2gw.sandbox.problem import Problem

WRONG_IN_A_ROW = 5
PAUSE = 60.0
"""Seconds, from the first of the wrong ones."""


@define
class Attempts:
    """Wrong passwords in a row, by library and member: how many, and when the first was. In memory only."""

    wrong: dict[tuple[str, int], tuple[int, float]] = Factory(dict)

    def check(self, who: tuple[str, int], seconds: float) -> None:
        """Check that there is no pause. Raises `Problem` (`rate_limited`)."""
        count, first = self.wrong.get(who, (0, seconds))
        rest = first + PAUSE - seconds
        if rest <= 0:
            self.wrong.pop(who, None)
        elif count >= WRONG_IN_A_ROW:
            raise Problem(
                "rate_limited",
                "too many wrong passwords",
                headers={"Retry-After": str(int(rest) + 1)},
            )

    def note(self, who: tuple[str, int], right: bool, seconds: float) -> None:
        """Count a wrong password; a right one ends the row."""
        if right:
            self.wrong.pop(who, None)
        else:
            count, first = self.wrong.get(who, (0, seconds))
            self.wrong[who] = (count + 1, first)
