"""Check whether a configured value can be sent to a terminal unchanged."""

from __future__ import annotations

from sip2gw.circulation.profile import Profile
from sip2gw.config.scalars import say
from sip2gw.faults import Wrong
from sip2gw.sip2.dialects import Dialect
from sip2gw.sip2.text import to_wire


def check_sent(value: str, profile: Profile) -> None:
    """Check that a value can be sent to a terminal of this profile. Raises `Wrong`."""
    check_delimiter(value, profile)
    try:
        encoded = value.encode(profile.charset)
    except UnicodeEncodeError as error:
        character = value[error.start]
        raise Wrong(
            f"is {say(value)}, but {profile.charset} of the profile {profile.name} has no {character}",
            "write it in ASCII, or give the profile another charset",
        ) from None
    dialect = Dialect(charset=profile.charset, delimiter=profile.delimiter, max_length=profile.max_length)
    if to_wire(value, dialect) != encoded:
        raise Wrong(
            f"is {say(value)}, which is longer than max_length of the profile {profile.name}",
            f"write at most {profile.max_length} bytes",
        )


def check_delimiter(value: str, profile: Profile) -> None:
    """Check that the delimiter of this profile is not in a value. Raises `Wrong`."""
    if profile.delimiter in value:
        raise Wrong(
            f"is {say(value)}, with {profile.delimiter}, the delimiter of the profile {profile.name}",
            "write it without that sign",
        )
