"""Words that occur nowhere else, in every spelling in which they could get out."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

HALF = 6
"""No shorter part of a canary is looked for: it might be there by chance."""

DIGEST = 12
"""So much of a digest, which may be cut, is looked for."""


def half(word: str) -> int:
    """How much of a word is looked for by itself."""
    return max(HALF, len(word) // 2)


@frozen
class Canary:
    """`what` it stands for, and the word."""

    what: str
    word: str

    def spellings(self) -> Iterator[str]:
        """All that is looked for, in lower case."""
        part = half(self.word)
        for word in (self.word, self.word[:part], self.word[-part:]):
            for turned in (word, word[::-1]):
                data = turned.encode()
                yield turned.lower()
                yield data.hex()
                yield "".join(f"%{byte:02x}" for byte in data)
                yield "".join(f"\\x{byte:02x}" for byte in data)
                yield "".join(f"\\u{byte:04x}" for byte in data)
                yield "".join(f"&#{byte};" for byte in data)
                for shift in range(3):
                    # Where it begins within three bytes decides on how it is spelled: only the middle is sure.
                    for spell in (base64.b64encode, base64.urlsafe_b64encode):
                        spelled = spell(bytes(shift) + data).decode().rstrip("=")
                        yield spelled[2 * (shift > 0) + 2 * (shift > 1) : -1].lower()
        # A digest without a key hides nothing: whoever has all numbers of cards finds the one.
        for name in ("md5", "sha1", "sha256", "sha512"):
            digest = hashlib.new(name, self.word.encode(), usedforsecurity=False)
            yield digest.hexdigest()[:DIGEST]
            yield base64.b64encode(digest.digest()).decode()[:DIGEST].lower()


def found(canaries: list[Canary], texts: dict[str, str]) -> list[str]:
    """Where which canary got out."""
    low = {name: text.lower() for name, text in texts.items()}
    return sorted({
        f"{canary.what} in {name} as {spelling}"
        for canary in canaries
        for spelling in canary.spellings()
        for name, text in low.items()
        if spelling in text
    })  # fmt: skip


def files_in(folder: Path, *apart_from: str) -> dict[str, str]:
    """The texts of all files below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes().decode("latin-1")
        for path in folder.rglob("*")
        if path.is_file() and path.name not in apart_from
    }
