"""Find the line of each table and key in a TOML text, because tomllib keeps none.

tomllib has accepted the text before, so this scan only has to tell strings from brackets; a place is written as in
`listen[1].endpoint`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r'''(?P<blank>[ \t\r\ufeff]+|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<text>"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}
        |"(?:[^"\\\n]|\\.)*"|'[^'\n]*')
    |(?P<sign>[\[\]{}=,.])
    |(?P<word>[^\s\[\]{}=,."'#]+)''',
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def lines_of(text: str, first: int = 0) -> dict[str, int]:
    """Return the line of each place. `first` is the number of the first library in this file."""
    return _Scan(text, first).lines


class _Scan:
    def __init__(self, text: str, first: int) -> None:
        self.lines: dict[str, int] = {}
        self._first = {"libraries": first}
        self._next = dict(self._first)
        """By place of an array of tables: the number of the next table."""
        self._tokens = list(_tokens(text))
        self._at = 0
        self._document()

    def _document(self) -> None:
        base = ""
        while self._skip_newlines():
            if self._peek("["):
                base = self._header()
            else:
                self._pair(base)

    def _header(self) -> str:
        line = self._take().line
        several = self._peek("[")
        if several:
            self._take()
        *keys, last = self._keys()
        place = ""
        for key in keys:
            place = _join(place, key)
            self.lines.setdefault(place, line)
            if place in self._next:
                place = f"{place}[{self._next[place] - 1}]"
        place = _join(place, last)
        self.lines.setdefault(place, line)
        if several:
            number = self._next.get(place, 0)
            self._next[place] = number + 1
            place = f"{place}[{number}]"
            self.lines[place] = line
        while self._peek("]"):
            self._take()
        return place

    def _pair(self, base: str) -> None:
        line = self._tokens[self._at].line
        place = base
        for key in self._keys():
            place = _join(place, key)
            self.lines.setdefault(place, line)
        self._take()  # the equals sign
        self._value(place)

    def _keys(self) -> list[str]:
        keys = [_key(self._take())]
        while self._peek("."):
            self._take()
            keys.append(_key(self._take()))
        return keys

    def _value(self, place: str) -> None:
        if self._peek("["):
            self._take()
            number = self._first.get(place, 0)
            while self._skip_newlines(",") and not self._peek("]"):
                self.lines[f"{place}[{number}]"] = self._tokens[self._at].line
                self._value(f"{place}[{number}]")
                number += 1
            self._take()
        elif self._peek("{"):
            self._take()
            while self._skip_newlines(",") and not self._peek("}"):
                self._pair(place)
            self._take()
        else:
            while self._at < len(self._tokens) and self._tokens[self._at].text not in ("\n", ",", "]", "}"):
                self._at += 1

    def _peek(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][:2] == ("sign", sign)

    def _take(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip_newlines(self, also: str = "") -> bool:
        """Skip line ends, and return whether a token follows."""
        while self._at < len(self._tokens) and self._tokens[self._at].text in ("\n", also):
            self._at += 1
        return self._at < len(self._tokens)


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "blank":
            yield _Token(kind, match.group(), line)
        line += match.group().count("\n")


def _key(token: _Token) -> str:
    return str(tomllib.loads(f"key = {token.text}")["key"]) if token.kind == "text" else token.text


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
