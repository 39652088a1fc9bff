"""Messages that a terminal or a library might send, drawn from the declarations: a new field is tried by itself.

`messages()`, `requests()` and `responses()` draw values that the wire can carry unchanged; with `text=hostile()` the
free text in them is what an attacker might have put into a catalogue.
"""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import cache

from hypothesis import strategies as st

from sip2gw.sip2 import REQUESTS, RESPONSES, PatronFlag, Request, Secret, SummaryList, Trailer
from sip2gw.sip2.codes import ENUMS, EXTENSIONS
from sip2gw.sip2.fields import VOCABULARY, Fixed
from sip2gw.sip2.kinds import SUPPORTED_MESSAGES

CHARSETS = ("utf-8", "cp850", "latin-1", "ascii")
CLASSES = tuple(sorted([*REQUESTS.values(), *RESPONSES.values()], key=lambda cls: cls.code))
UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that never reach a terminal."""

POISON = (
    "|", "^", "\r", "\n", "\r\n", "\0", "\t", "\x7f", "\x85", "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u2028",
    "\u202e", "\u2066", "\u200b", "\ufeff", "\ud800", "\udfff", "|AFforged", "\r941", "\uff5c", "\uff5cBLY\uff5c",
    "AY1AZFFFF", "AZ12", "AY0AZFDFD|", "অ\u09cd\u200dক", "e\u0301" * 9, "\ufdfa", "½", "é", "ß", "৳",
)  # fmt: skip


@cache
def clean(charset="utf-8", min_size=0):
    """Text that comes out of the wire as it went in."""
    alphabet = st.characters(codec=charset, exclude_categories=UNSAFE, exclude_characters="|")
    return st.text(alphabet, min_size=min_size, max_size=60)


@cache
def hostile(min_size=0):
    """Any text at all, and more of what hurts: delimiters, line ends, escapes, bidi, lone surrogates, long values."""
    pieces = st.one_of(st.sampled_from(POISON), st.text(st.characters(), max_size=12), st.just("x" * 120))
    return st.lists(pieces, min_size=min_size, max_size=8).map("".join)


@cache
def timestamps():
    """Draw a moment in local time, one of another zone, or none."""
    moments = st.datetimes(datetime(2, 1, 2), datetime(9998, 12, 30)).map(
        lambda moment: moment.replace(microsecond=0)
    )
    zones = st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours)))
    return st.one_of(
        st.none(), moments, st.builds(lambda moment, zone: moment.replace(tzinfo=zone), moments, zones)
    )


def _fixed_width(width, field):
    optional = [st.none()] if isinstance(field, Fixed) else []
    return st.one_of(*optional, st.integers(0, 10**width - 1))


def values(field, text):
    """Values of one field. `text` draws the free text."""
    if field.kind.name.startswith("enum:"):
        return st.sampled_from(sorted(ENUMS[field.kind.name.removeprefix("enum:")]))
    if isinstance(field, Fixed):
        width = field.width
    else:
        width = field.length
        if field.secret:
            return text.map(Secret)
    return {
        "yn": lambda: st.booleans(),
        "ynu": lambda: st.sampled_from([True, False, None]),
        "01": lambda: st.booleans(),
        "timestamp": timestamps,
        "digits": lambda: _fixed_width(width, field),
        "count": lambda: _fixed_width(width, field),
        "number": lambda: st.integers(0, 10**18),
        "money": lambda: st.decimals(Decimal(-(10**9)), Decimal(10**9), places=2),
        "currency": lambda: st.sampled_from(["BDT", "EUR", "USD"]),
        "version": lambda: st.sampled_from(["1.00", "2.00", "2.0E"]),
        "char": lambda: st.sampled_from(["0", "1", "x"]),
        "summary": lambda: st.frozensets(st.sampled_from(SummaryList)),
        "patron_status": lambda: st.frozensets(st.sampled_from(PatronFlag)),
        "supported_messages": lambda: st.frozensets(st.sampled_from(SUPPORTED_MESSAGES)),
        "text": lambda: text,
        "display": lambda: text,
    }[field.kind.name]()


def _member_values(cls, member, text, said):
    field = member.field
    if isinstance(field, Fixed):
        return values(field, text)
    if field.repeats:
        return st.lists(values(field, said), max_size=3).map(tuple)
    if member.required:
        return values(field, text)
    # A response leaves out what is empty; a request may send it.
    return st.one_of(st.none(), values(field, text if issubclass(cls, Request) else said))


@cache
def of_class(cls, *, text=None, charset="utf-8", extensions=True):
    """Messages of one class."""
    text, said = (clean(charset), clean(charset, min_size=1)) if text is None else (text, text)
    foreign = sorted({*EXTENSIONS, *VOCABULARY} - set(cls.variables))
    further = st.lists(st.tuples(st.sampled_from(foreign), text), max_size=2).map(tuple)
    return st.builds(
        cls,
        extensions=further if extensions else st.just(()),
        **{name: _member_values(cls, member, text, said) for name, member in cls.members.items()},
    )


@cache
def requests(**options):
    """Any request; `options` as in `of_class`."""
    return st.sampled_from([cls for cls in CLASSES if cls.code in REQUESTS]).flatmap(
        lambda cls: of_class(cls, **options)
    )


@cache
def responses(**options):
    """Any response; `options` as in `of_class`."""
    return st.sampled_from([cls for cls in CLASSES if cls.code in RESPONSES]).flatmap(
        lambda cls: of_class(cls, **options)
    )


def messages(**options):
    """Any message; `options` as in `of_class`."""
    return st.one_of(requests(**options), responses(**options))


def trailers():
    """Without error detection, with a checksum alone, or with number and checksum."""
    numbered = st.sampled_from("0123456789").map(lambda digit: Trailer(digit, True))
    return st.one_of(st.just(Trailer()), st.just(Trailer(None, True)), numbered)
