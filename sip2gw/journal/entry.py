"""A write as a row: its keyed digests and its encrypted call."""

from __future__ import annotations

from functools import cached_property

from attrs import define, frozen

from sip2gw.journal.codec import Call
from sip2gw.journal.content import same_patron, sealed_call
from sip2gw.journal.crypto import Keys
from sip2gw.library.terminals import DATED, UNDATED


@frozen(repr=False)
class Tags:
    """The keyed digests of one write under one key. `patron` is None if it names none, `line` empty as in `Entry`."""

    item: bytes
    patron: bytes | None
    line: bytes


@frozen(repr=False)
class Entry:
    """A write that is about to begin. `line` is empty if it can't be a repeat; `account_wide` if it names no item.

    `older` has its digests under keys that were replaced: rows from before have those.
    """

    library: str
    terminal: str
    method: str
    key: str
    item_tag: bytes
    patron_tag: bytes | None
    line: bytes
    key_id: str
    arguments: bytes
    joins: bool = False
    account_wide: bool = False
    life: float = DATED
    older: tuple[Tags, ...] = ()

    @property
    def items(self) -> tuple[bytes, ...]:
        """The item under each key."""
        return (self.item_tag, *(one.item for one in self.older))

    @property
    def patrons(self) -> tuple[bytes | None, ...]:
        """The patron under each key."""
        return (self.patron_tag, *(one.patron for one in self.older))

    @property
    def lines(self) -> tuple[bytes, ...]:
        """The line under each key."""
        return (self.line, *(one.line for one in self.older))


@define(eq=False, repr=False)
class Write:
    """A call of a library that is about to begin. `account` is the name with which the terminal has logged in.

    Its row is made when it is first needed, which is in the store's thread.
    """

    library: str
    call: Call
    keys: Keys
    account: str = ""

    @property
    def key(self) -> str:
        """The key under which the library does it at most once."""
        return self.call.occasion.key

    @cached_property
    def entry(self) -> Entry:
        """Its row."""
        library, call, tags = self.library, self.call, self.keys.tags
        method, occasion = call.method, call.occasion
        patron = same_patron(str(call.arguments.get("patron_id") or ""))
        items = tags(library, method.subject(call.arguments))
        patrons = tags(library, "patron", patron) if patron else [None] * len(items)
        lines = tags(library, "line", occasion.line) if occasion.line else [b""] * len(items)
        return Entry(
            library=library,
            terminal=self._terminal(),
            method=method.name,
            key=occasion.key,
            item_tag=items[0],
            patron_tag=patrons[0],
            line=lines[0],
            older=tuple(map(Tags, items[1:], patrons[1:], lines[1:])),
            key_id=self.keys.newest,
            arguments=sealed_call(self.keys, library, call),
            joins=method.joins and not occasion.no_block,
            account_wide=not method.on_item,
            life=DATED if occasion.dated else UNDATED,
        )

    def _terminal(self) -> str:
        """Return the terminal's name. The account is never shown: a digest stands for it."""
        terminal = self.call.occasion.terminal
        if terminal and terminal != self.account:
            return terminal
        return f"t:{self.keys.tag(self.library, 'terminal', terminal).hex()[:8]}"
