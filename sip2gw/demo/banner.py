"""The demo's first output: addresses, accounts, and two commands to paste."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import Any

from sip2gw import __version__
from sip2gw.circulation.profiles import BUILT_IN
from sip2gw.kiosk import TrialLibrary, trial_library
from sip2gw.sandbox.data import Stock, stock
from sip2gw.sandbox.form import CopyForm, MediaForm, MemberForm, UserForm
from sip2gw.tls.certificates import Pair

STAFF = "Library Staff", "Library Assistant", "Library Administrator"


def banner(
    data: Mapping[str, Any], pair: Pair, certificate: Path, *, tls: int, plain: int, admin: int, sandbox: int
) -> str:
    """Return the whole text. The numbers are ports; `certificate` is the file for terminals to trust."""
    libraries = stock(data)
    lines = [
        "",
        f"sip2gw {__version__}, demo: a gateway and a Librarika of its own, reachable from this machine alone.",
        "",
        f"  a kiosk        http://127.0.0.1:{admin}/kiosk/  (open it in a browser)",
        f"  SIP2 over TLS  127.0.0.1:{tls}",
        f"  SIP2, plain    127.0.0.1:{plain}",
        f"  the board      http://127.0.0.1:{admin}/board/  (what the operator sees)",
        f"  health         http://127.0.0.1:{admin}/health",
        f"  Librarika      http://127.0.0.1:{sandbox}/{{library}}/api/v1",
        f"  certificate    {certificate}",
        f"  its SHA-256    {pair.fingerprint}",
    ]
    for library in libraries:
        lines += ["", *_library(library)]
    lines += ["", "  A terminal whose location (CP) is the name of a profile has that profile:"]
    lines += [f"    {line}" for line in wrap(", ".join(BUILT_IN), 76, break_on_hyphens=False)]
    for library in libraries:
        lines += _commands(library, certificate, tls)
        if lines[-1] == "":
            break
    return "\n".join([*lines, ""])


def trial_libraries(data: Mapping[str, Any]) -> list[TrialLibrary]:
    """Return what the kiosk in the browser can try: each library with an account that can log in a terminal."""
    return [found for library in stock(data) if (found := _trial_library(library)) is not None]


def _trial_library(library: Stock) -> TrialLibrary | None:
    user = next((user for user in library.users if not _obstacle(library, user)), None)
    if user is None:
        return None
    first, item = _member(library), _item(library)
    members = sorted(library.members, key=lambda member: member is not first)
    copies = [(title, copy) for title in library.media for copy in title.copies]
    if item is not None:
        copies.sort(key=lambda one: one[1] is not item[1])
    return trial_library(
        library.library.nickname,
        library.library.name,
        (user.username, user.password),
        [(member.member_no, member.password or "", member.name) for member in members],
        [(copy.accession_no, title.title) for title, copy in copies],
    )


def _library(library: Stock) -> Iterator[str]:
    """Yield one library's accounts, a patron and an item."""
    yield f"  {library.library.nickname} (AO): {library.library.name}"
    for user in library.users:
        yield f"    account  {user.username}, password {user.password}{_obstacle(library, user)}"
    if (member := _member(library)) is not None:
        password = f", password {member.password}" if member.password else ""
        yield f"    member   {member.member_no}{password}  ({member.name})"
    if (item := _item(library)) is not None:
        title, copy = item
        yield f"    item     {copy.accession_no}  ({title.title})"


def _commands(library: Stock, certificate: Path, port: int) -> list[str]:
    """Return the commands to paste, if this library has the data for them."""
    account = next((user for user in library.users if not _obstacle(library, user)), None)
    member, item = _member(library), _item(library)
    if account is None or member is None or item is None:
        return []
    nickname, item_id = library.library.nickname, item[1].accession_no
    terminal = [
        *(
            _tool(sys.argv[0]),
            "terminal",
            "--port",
            str(port),
            "--ca-file",
            str(certificate),
            "--library",
            nickname,
        ),
        *(
            "--account",
            account.username,
            "--password",
            account.password,
            "checkout",
            member.member_no,
            item_id,
        ),
    ]
    # A request that works without a login, because it has the account in it.
    request = (
        f"23000{datetime.now():%Y%m%d    %H%M%S}AO{nickname}|AA{member.member_no}"
        f"|AC{account.username}:{account.password}|AD{member.password or ''}|"
    )
    openssl = ["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", f"127.0.0.1:{port}"]
    openssl += ["-CAfile", str(certificate), "-verify_return_error"]
    return [
        "",
        "Try in another terminal (a checkout; a patron status as raw SIP2):",
        "",
        f"  {shlex.join(terminal)}",
        "",
        f"  (printf '%s\\r' {shlex.quote(request)}; sleep 1) | {shlex.join(openssl)}",
        "",
    ]


def _tool(program: str) -> str:
    """Return the command to call: its name if the shell finds this very one, else its path.

    `program` is the running twistd; the command is installed next to it.
    """
    beside = Path(program).absolute().with_name("sip2gw")
    found = shutil.which("sip2gw")
    if not beside.exists() or (found is not None and Path(found).absolute() == beside):
        return "sip2gw"
    return str(beside)


def _obstacle(library: Stock, user: UserForm) -> str:
    """Return why this account can't log in a terminal; "" if it can."""
    if not library.library.sip2.enabled:
        return "  (refused: SIP2 is not enabled for this library)"
    if user.status != "Active":
        return f"  (refused: {user.status.lower()})"
    if not set(user.groups) & set(STAFF):
        return "  (refused: lacks the Library Staff permission)"
    return "" if user.sip2_activated else "  (refused: not activated for SIP2)"


def _member(library: Stock) -> MemberForm | None:
    """Return an active member, with a password if there is one."""
    active = [member for member in library.members if member.status == "Active"]
    return next((member for member in active if member.password), active[0] if active else None)


def _item(library: Stock) -> tuple[MediaForm, CopyForm] | None:
    """Return a copy that can be lent: it circulates, is not lent or reserved, and its number is unique."""
    numbers = [copy.accession_no for title in library.media for copy in title.copies]
    booked = {booking.accession_no for booking in library.bookings}
    named = {name for booking in library.bookings for name in (booking.title, booking.isbn13) if name}
    for title in library.media:
        if not (title.active and title.circulation) or named & {title.title, title.isbn13}:
            continue
        if booked & {copy.accession_no for copy in title.copies}:
            continue
        for copy in title.copies:
            if copy.active and copy.circulation and numbers.count(copy.accession_no) == 1:
                return title, copy
    return None
