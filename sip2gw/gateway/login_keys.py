"""The keys that a login is counted under: the login, its account, and the networks that it comes from."""

from __future__ import annotations

from attrs import frozen

from sip2gw.addresses import counted_network, network_around
from sip2gw.gateway.stored_logins import Subjects
from sip2gw.library import Credentials
from sip2gw.secret import Digests


@frozen(repr=False)
class LoginKeys:
    """The keys of one login. `pair` is its account from its network, `wide_pair` its account from its /48."""

    login: bytes
    account: bytes
    pair: bytes
    place: str
    """Its address; of IPv6 its /64."""
    around: str
    """The /48 of an address of IPv6; empty for others."""
    wide_pair: bytes
    """Empty unless there is a /48."""
    stored: dict[bytes | str, bytes]
    """The digest that the store has of each key of a throttle: addresses are not in it as they are."""

    @property
    def subjects(self) -> Subjects:
        """The digests by which the store knows this login."""
        return Subjects(self.login, self.pair, self.account, tuple(self.stored.values()))

    @classmethod
    def of(cls, digests: Digests, library: str, credentials: Credentials, address: str) -> LoginKeys:
        """Return the keys of a login to this library, from this address."""
        user, network = credentials.user, network_around(address, 24, 64)
        around = network_around(address, 32, 48) if ":" in network else ""
        account, pair = digests.of(library, user), digests.of(library, user, network)
        wide_pair = digests.of(library, user, around) if around else b""
        place = counted_network(address)
        stored: dict[bytes | str, bytes] = {one: one for one in (account, pair, wide_pair) if one}
        stored |= {one: digests.of("address", one) for one in (place, around) if one}
        return cls(
            login=digests.of(library, credentials.username, network, credentials.password.reveal()),
            account=account,
            pair=pair,
            place=place,
            around=around,
            wide_pair=wide_pair,
            stored=stored,
        )
