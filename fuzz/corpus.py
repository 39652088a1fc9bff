"""The inputs with which fuzzing begins, made from the test vectors and the transcripts, so that they stay up to date.

Each input that once broke a target is a file in `fuzz/found/TARGET/`, and is tried first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
DATE = "20260301    101500"
EVERY = 37
"""The first byte of the framer's input: how the stream is cut."""


def seeds(target: str) -> list[bytes]:
    """Return the corpus of one target; the inputs that once broke it come first."""
    made = {
        "framer": _streams,
        "codec": _lines,
        "proxy": _headers,
        "adapter": _bodies,
        "login": _logins,
        "decoder": _pasted,
    }[target]
    found = [file.read_bytes() for file in sorted((HERE / "found" / target).glob("*"))]
    return list(dict.fromkeys([*found, *made()]))


def write(target: str, folder: Path) -> None:
    """Write the corpus as files, for the fuzzer."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (folder / f"seed-{number:04d}").write_bytes(seed)


def vectors() -> list[bytes]:
    """Read real messages of many makes of terminals."""
    text = (TESTS / "sip2/sip2-vectors.jsonl").read_text(encoding="utf-8")
    return [json.loads(line)["raw"].encode() for line in text.splitlines()]


def transcripts() -> list[list[bytes]]:
    """Read the lines of terminals in the transcripts, one list for each conversation."""
    return [
        [
            line[1:].strip().encode()
            for line in re.sub("{date[^}]*}", DATE, file.read_text(encoding="utf-8")).splitlines()
            if line[:1] == ">"
        ]
        for file in sorted((TESTS / "transcripts").glob("*.txt"))
    ]


def _lines() -> Iterator[bytes]:
    yield from vectors()
    for lines in transcripts():
        yield from lines
    yield b"9300CN" + b"|".join(b"X%dv" % (number % 10) for number in range(200))


def _streams() -> Iterator[bytes]:
    for number, lines in enumerate(transcripts()):
        yield bytes([number * EVERY % 256]) + (b"\r", b"\r\n", b"\n", b"\r\0")[number % 4].join([*lines, b""])
    from_terminals = iter(
        [line for line in vectors() if line[:2] in b"11 09 23 63 17 29 15 35 37 93 97 99".split()]
    )
    login = b"9300CNkiosk|COsecret|AOriverside|\r"
    while lines := list(islice(from_terminals, 8)):
        yield b"\0" + login + b"\r".join([*lines, b"97", b""])
    yield b"\x05" + b"x" * 4095 + b"\r99\r"
    yield b"\xff" + b"x" * 5000


def _headers() -> Iterator[bytes]:
    yield b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 6443\r\n"
    yield b"PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 1 65535\r\n9900302.00\r"
    yield b"PROXY UNKNOWN\r\n"
    yield b"PROXY UNKNOWN and more\r\n"
    yield b"PROXY TCP4 192.0.2.1 " + b"1" * 107
    signature = b"\r\n\r\n\0\r\nQUIT\n"
    four, six = bytes(range(12)), bytes(range(36))
    extension = b"\x03\x00\x04abcd"
    for command in (b"\x20", b"\x21", b"\x22"):
        for family, addresses in ((b"\x00", b""), (b"\x11", four), (b"\x21", six), (b"\x31", bytes(216))):
            for more in (b"", extension, extension[:-1]):
                rest = addresses + more
                yield signature + command + family + len(rest).to_bytes(2) + rest


def _bodies() -> Iterator[bytes]:
    member = {
        "id": 1, "member_no": "M-1", "name": "A", "status": "Active", "suspended": False, "balance": "1.25",
        "self_service_allowed": True, "counts": {"issued": 1}, "quota": None, "language": "bn",
    }  # fmt: skip
    media = {"id": 3, "title": "A title \u202e|", "borrowing_fee": "0.50"}
    booking = {
        "id": 9, "status": "Issued", "return_date": "2026-03-15", "media": media, "member": member,
        "copy": {"id": 4, "accession_no": "10001"}, "fee": {"id": 1, "amount": "1", "currency": "EUR"},
    }  # fmt: skip
    copy = {"id": 4, "accession_no": "10001", "media": media, "current_booking": booking}
    zone = {"nickname": "riverside", "name": "Riverside", "timezone": "Europe/Berlin", "branches": ["Main"]}
    tokens = {"access_token": "t", "expires_in": 3600, "refresh_token": None}
    problem = {"code": "quota_exceeded", "quota": 5, "amount": "1.00", "available_from": "2026-01-01"}
    for document in (
        member, booking, copy, zone, tokens, problem, {"items": [copy]}, {"items": [media]}, {"valid": True},
        {**member, "balance": "NaN", "name": "\ud800"}, {**zone, "timezone": "../../etc/passwd"},
    ):  # fmt: skip
        text = json.dumps(document).encode()
        for status in (b"\0", b"\x03"):
            yield status + text
    for later in (
        b"5",
        b"-1",
        b"1e9",
        b"Wed, 21 Oct 2026 07:28:00 GMT",
        b"Wed, 99 Oct 99999 07:28:00 XYZ",
        b"9" * 30,
    ):
        for status in (b"\5", b"\7"):
            yield status + later + b"\n{}"
    yield b'\0{"a": NaN}'
    yield b'\0{"a": 1, "a": 2}'
    yield b"\0" + b"[" * 3000
    yield b'\0{"id": ' + b"9" * 5000 + b"}"
    yield b"\0\xff\xfe{\0}\0"


def _logins() -> Iterator[bytes]:
    for lines in transcripts():
        yield from (line[2:] for line in lines if line.startswith(b"93"))
    yield from (line[2:] for line in vectors() if line.startswith(b"93"))
    for account in (b"a:b", b":b", b"a:", b"a:b:c", b"", b"::", b"x" * 4000, b"a\0:b"):
        yield b"00CN|CO|AOriverside|AC" + account + b"|"
        yield b"00CNriverside|CO" + account + b"|CPriverside:North|"


def _pasted() -> Iterator[bytes]:
    around = (
        (b"", b""),
        (b"2026-02-24 11:54:46  send:", b""),
        (b'[12:01:02.123] RX <- "', b'\\r"'),
        (b"DEBUG b'", b"\\x0d'"),
        (b"\xe2\x86\x92 ", b"<CR><LF>"),
        (b'{"line": "', b'\\u000d", "peer": "192.0.2.7"}'),
    )
    for number, line in enumerate(vectors()):
        before, behind = around[number % len(around)]
        yield before + (line.replace(b"|", b"^") if number % 4 == 3 else line) + behind
    for line in vectors()[:20]:
        yield line.decode().encode("utf-16")
        yield line.hex(" ").encode()
        yield line.replace(b"    ", b" ")
    yield b"9900302.00AY2AZFCA4\\r"
    yield b"9900302.00AY2AZ^ADsecret^"
    yield b"11 " * 200
