"""Encryption of rows and keyed digests, each under keys of the library's own.

The master keys come from one file. The first one encrypts; all of them decrypt, so that a key can be replaced while
rows are open. The store without that file shows no patron, no item and no amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from itertools import count
from secrets import token_bytes

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sip2gw.secret import joined

LENGTH = 32
"""Bytes of a key."""
_ID, _NONCE, _NUMBER = 4, 12, 5
_BEGIN = _ID + _NONCE
_TAG = 16
_LIBRARIES = 2048
"""Libraries whose keys are kept ready."""


class Unreadable(Exception):
    """A row can't be decrypted. The text is for the operator and has no data."""


@frozen
class _OfLibrary:
    """The keys of one library under one master key."""

    id: str
    cipher: AESGCM = field(repr=False)
    digests: bytes = field(repr=False)


class Keys:
    """The keys of all libraries. `masters` are of 32 bytes each, the one for new rows first; `ValueError` if not."""

    def __init__(self, masters: Sequence[bytes]) -> None:
        if not masters or any(len(one) != LENGTH for one in masters):
            raise ValueError(f"the journal needs a key of {LENGTH} bytes")
        self._masters = {_derived(one, "id")[:_ID].hex(): one for one in masters}
        self._newest = next(iter(self._masters))
        # A number in a process, after what no other process has: random bytes for each row cost as much as the cipher.
        self._nonces, self._numbers = token_bytes(_NONCE - _NUMBER), count()
        self._of = lru_cache(_LIBRARIES)(self._made)

    def __repr__(self) -> str:
        return f"<Keys {self._newest}>"

    @property
    def newest(self) -> str:
        """The id of the key for new rows."""
        return self._newest

    def seal(self, library: str, about: str, content: bytes) -> bytes:
        """Encrypt `content` of a row of this library. `about` must be the same to decrypt it."""
        keys = self._of(library, self._newest)
        nonce = self._nonces + next(self._numbers).to_bytes(_NUMBER, "big")
        return bytes.fromhex(keys.id) + nonce + keys.cipher.encrypt(nonce, content, _bound(library, about))

    def open(self, library: str, about: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` has made. Raises `Unreadable`."""
        key_id, nonce, content = sealed[:_ID].hex(), sealed[_ID:_BEGIN], sealed[_BEGIN:]
        if key_id not in self._masters:
            raise Unreadable(f"the key {key_id} is not in the key file")
        cipher = self._of(library, key_id).cipher
        try:
            return cipher.decrypt(nonce, content, _bound(library, about))
        except (InvalidTag, ValueError):
            raise Unreadable("the row was changed, or belongs to another library") from None

    def tag(self, library: str, *said: str | bytes) -> bytes:
        """Return the keyed digest of these texts, for comparisons within this library alone."""
        return self._tag(self._newest, library, said)

    def tags(self, library: str, *said: str | bytes) -> list[bytes]:
        """Return the digest of these texts under each key, the one for new rows first."""
        return [self._tag(key_id, library, said) for key_id in self._masters]

    def _tag(self, key_id: str, library: str, said: tuple[str | bytes, ...]) -> bytes:
        return blake2b(joined(*said), key=self._of(library, key_id).digests, digest_size=_TAG).digest()

    def _made(self, library: str, key_id: str) -> _OfLibrary:
        master = self._masters[key_id]
        rows, digests = _derived(master, "rows", library), _derived(master, "digests", library)
        return _OfLibrary(key_id, AESGCM(rows), digests)


def _derived(master: bytes, *use: str) -> bytes:
    info = b"sip2gw journal 1\0" + "\0".join(use).encode()
    return HKDF(SHA256(), LENGTH, salt=sha256(b"sip2gw").digest(), info=info).derive(master)


def _bound(library: str, about: str) -> bytes:
    return f"{library}\0{about}".encode()
