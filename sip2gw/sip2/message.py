"""How messages are declared: one class per message, one line per field. All else is derived from the declarations.

Declaration order is wire order: first the fixed fields, then the variable ones in the order of the 3M document. The
defaults of every response say no, so that nothing says yes by accident.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self, TypeVar, cast, dataclass_transform

import attrs
from attrs import frozen

from sip2gw.sip2.fields import Fixed, Variable
from sip2gw.sip2.kinds import YN, Timestamp

T = TypeVar("T")
V = TypeVar("V")
M = TypeVar("M", bound="Message")
_UNSET: Any = attrs.NOTHING


@frozen(eq=False)
class Member:
    """A field as one message carries it."""

    field: Fixed[Any] | Variable[Any]
    required: bool = True
    since: str = "2.00"
    """The protocol version that brought this field to this message."""


def fixed(field: Fixed[T], *, default: T = _UNSET) -> T:
    """Declare a field by place. It is as old as its message."""
    return _member(Member(field, since="1.00"), default)


def required(field: Variable[T], *, default: T = _UNSET) -> T:
    """Declare a variable field that is always sent, if need be empty."""
    return _member(Member(field, since=field.since), default)


def optional(field: Variable[T], *, default: None, since: str = "") -> T | None:
    """Declare a variable field that is left out when its value is None. `since` is the version that brought it."""
    return _member(Member(field, required=False, since=since or field.since), cast(T | None, default))


def repeated(field: Variable[T], *, default: tuple[T, ...]) -> tuple[T, ...]:
    """Declare a variable field that may stand any number of times."""
    return _member(Member(field, required=False, since=field.since), default)


def _member(member: Member, default: V) -> V:
    return attrs.field(default=default, metadata={"sip2": member})


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(fixed, required, optional, repeated)
)
def _declaration(cls: type[M]) -> type[M]:
    return attrs.frozen(kw_only=True, repr=False, slots=False)(cls)


@_declaration
class Message:
    """A message of SIP2, with what all messages have.

    Its repr names the fields that are there. It shows fixed ones only, and no characters of those either: in a line
    that was built wrongly they may be the beginning of a password.
    """

    code: ClassVar[str] = ""
    name: ClassVar[str] = ""
    """The name in the protocol table, for instance `patron_status_request`."""
    since: ClassVar[str] = "1.00"
    members: ClassVar[Mapping[str, Member]] = MappingProxyType({})
    """Attribute name to field, in wire order."""
    places: ClassVar[tuple[tuple[str, int, int], ...]] = ()
    """Name, start and end of each fixed field, counted after the code."""
    width: ClassVar[int] = 0
    """The width of the fixed part, without the code."""
    flags: ClassVar[frozenset[str]] = frozenset()
    """The names of the fixed fields that say yes or no."""
    variables: ClassVar[Mapping[str, Variable[Any]]] = MappingProxyType({})
    """Code to variable field."""

    extensions: tuple[tuple[str, str], ...] = attrs.field(default=(), kw_only=True)
    """Variable fields that SIP 2.00 does not list for this message, as they came: kept, never dropped silently."""

    def but(self, **changes: Any) -> Self:
        """Return the same message with these fields changed."""
        return cast(Self, attrs.evolve(cast(Any, self), **changes))

    def __repr__(self) -> str:
        shown = []
        for name, member in self.members.items():
            value = getattr(self, name)
            if isinstance(member.field, Variable):
                shown += [member.field.code] if value not in (None, ()) else []
            elif not isinstance(value, str):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join([*shown, *(code for code, _ in self.extensions)])})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a message is not pickled: it may hold a secret")


@_declaration
class Response(Message):
    """A message of the ACS, which is the library's side. Without arguments it is a refusal."""


@_declaration
class Request(Message):
    """A message of the SC, which is the terminal.

    `response` is the class of its answer; `read_only` says that it changes nothing in the library.
    """

    response: ClassVar[type[Response]] = Response
    read_only: ClassVar[bool] = False


REQUESTS: dict[str, type[Request]] = {}
RESPONSES: dict[str, type[Response]] = {}


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(fixed, required, optional, repeated)
)
def message(
    code: str, *, since: str = "2.00", response: type[Response] = Response, read_only: bool = False
) -> Callable[[type[M]], type[M]]:
    """Declare a message: the class becomes frozen, and lines that begin with `code` are read as it."""

    def declare(cls: type[M]) -> type[M]:
        cls = _declaration(cls)
        cls.code, cls.name, cls.since = code, _table_name(cls.__name__), since
        cls.members = MappingProxyType(
            {
                field.name: field.metadata["sip2"]
                for field in attrs.fields(cast(Any, cls))
                if "sip2" in field.metadata
            }
        )
        fields = [member.field for member in cls.members.values()]
        cls.variables = MappingProxyType(
            {field.code: field for field in fields if isinstance(field, Variable)}
        )
        for name, field in zip(cls.members, fields, strict=True):
            if isinstance(field, Fixed):
                cls.places += ((name, cls.width, cls.width + field.width),)
                cls.width += field.width
                if field.kind is YN:
                    cls.flags |= {name}
        if issubclass(cls, Request):
            cls.response, cls.read_only = response, read_only
            REQUESTS[code] = cls
        else:
            RESPONSES[code] = cast(type[Response], cls)
        return cls

    return declare


def _table_name(class_name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()


_ECHOED = (
    "language",
    "institution_id",
    "patron_identifier",
    "item_identifier",
    "title_identifier",
    "transaction_id",
)


def refusal(request: Request, now: Timestamp, why: Iterable[str] = ()) -> Response:
    """Make the answer no to any request: it echoes values of the request; all other fields keep their defaults.

    `now` is the library's local time. `why` are lines for the screen; they are left out where the response has no
    field for them (94).
    """
    kind = request.response
    echo: dict[str, Any] = {
        name: getattr(request, name) for name in _ECHOED if name in kind.members and name in request.members
    }
    echo = {name: value for name, value in echo.items() if value is not None}
    if getattr(request, "patron_password", None) is not None:
        # Some clients take an absent CQ for a right password; in doubt it must not be.
        echo["valid_patron_password"] = False
    echo.update(transaction_date=now, screen_message=tuple(why))
    return kind(**{name: value for name, value in echo.items() if name in kind.members})


def local(moment: datetime) -> datetime:
    """Return a moment of the library's zone as the protocol writes it: local time without a zone, whole seconds."""
    return moment.replace(tzinfo=None, microsecond=0)
