"""What a terminal was told of one write, and whether that is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field

from .writes import Write, is_unsure, said_yes


@define
class Told:
    """One write: the answers that its terminal got, with an empty one for a connection that broke."""

    write: Write
    answers: list[bytes] = field(factory=list)

    @property
    def cut(self) -> bool:
        """Whether the first try had no answer."""
        return self.answers[:1] == [b""]

    @property
    def last(self) -> str:
        """What the terminal believes in the end: `yes`, `no`, `unsure` or `nothing`."""
        answer = self.answers[-1] if self.answers else b""
        if not answer:
            return "nothing"
        if said_yes(self.write, answer):
            return "yes"
        return "unsure" if is_unsure(answer) else "no"

    def verdict(self, ledger: Iterable[Mapping[str, Any]]) -> str:
        """`true`, `lost` (a yes, not done), `denied` (done, a no), `doubled`, or `unsure`."""
        done, wanted = self.write.effects(ledger), self.write.kind.expected(self.write)
        if self.write.kind.state:
            done = Counter(dict.fromkeys(done, 1))
        if done - wanted:
            return "doubled"
        said_once = any(answer and said_yes(self.write, answer) for answer in self.answers)
        if wanted - done:
            return "lost" if said_once else "true"
        return {"yes": "true", "no": "denied"}.get(self.last, "unsure")
