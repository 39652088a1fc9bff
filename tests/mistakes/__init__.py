"""Mistakes that installers make at a terminal, and whether the gateway says what is wrong and what to do."""

from __future__ import annotations

from attrs import frozen

from .mistake import Mistake, all_mistakes
from .place import Place

MISTAKES = all_mistakes()


@frozen
class Result:
    """What was to be read of a mistake."""

    mistake: Mistake
    seconds: float | None
    """Until it was explained, None if it was not."""
    lines: tuple[str, ...] = ()

    @property
    def explained(self) -> bool:
        return self.seconds is not None

    def row(self, *, all_lines: bool = False) -> str:
        """A line of the table, with the line of the log that says most."""
        time = "  never" if self.seconds is None else f"{self.seconds:5.1f} s"
        row = f"{self.mistake.number:>4}  {self.mistake.what:42} {time}"
        shown = self.lines if all_lines else self.lines[-1:]
        return "\n".join([row, *(f"              {line.strip()[:200]}" for line in shown)])


def played(mistake: Mistake, place: Place) -> Result:
    """Make the mistake, and wait for the words."""
    place.begin()
    try:
        mistake.play(place)
        if mistake.page:
            return Result(mistake, None)
        patterns = [pattern for pattern in (mistake.seen, mistake.fix) if pattern]
        seconds = place.said(*patterns) if patterns else 0.0
        telling = [line for line in place.lines() if mistake.seen]
        return Result(mistake, seconds, tuple(telling))
    except AssertionError as wrong:
        return Result(mistake, None, (*place.lines(), f"not as it should be: {wrong}"))
    finally:
        place.clear()
