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
    page: tuple[str, ...] = ()
    """What the installer's page says of the latest attempt."""

    @property
    def explained(self) -> bool:
        return self.seconds is not None

    def row(self, *, all_lines: bool = False) -> str:
        """A line of the table, with the line of the log that says most, and what the page says."""
        time = "  never" if self.seconds is None else f"{self.seconds:5.1f} s"
        row = f"{self.mistake.number:>4}  {self.mistake.what:42} {time}"
        shown = self.lines if all_lines else self.lines[-1:]
        said = [*(f"log   {line.strip()}" for line in shown), *(f"page  {line}" for line in self.page)]
        return "\n".join([row, *(f"              {line[:220]}" for line in said)])


def played(mistake: Mistake, place: Place) -> Result:
    """Make the mistake, and wait for the words, while an installer's page is open."""
    place.begin()
    try:
        place.installer.latest(mistake.library)
        mistake.play(place)
        patterns = [pattern for pattern in (mistake.seen, mistake.fix) if pattern]
        seconds = place.said(*patterns) if patterns else 0.0
        if mistake.page and seconds is not None:
            seconds = place.shown(mistake.library, mistake.page)
        telling = [line for line in place.lines() if mistake.seen]
        return Result(mistake, seconds, tuple(telling), tuple(place.installer.troubles(mistake.library)))
    except AssertionError as wrong:
        return Result(mistake, None, (*place.lines(), f"not as it should be: {wrong}"))
    finally:
        place.clear()
