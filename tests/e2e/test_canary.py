"""No secret gets out: canaries are put everywhere, everything is done to the gateway, and all it wrote is searched."""

import base64
import json
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from hashlib import md5, sha256
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from mistakes.installer import Installer

import sip2gw.sandbox
from sip2gw.journal.states import State
from sip2gw.tools.cli import main
from sip2gw.tools.terminals import terminals

from .canaries import Canary, files_in, found, half
from .processes import Gateway, Process, Sandbox, free_ports
from .terminal import Terminal

ACCOUNT = Canary("an account", "qXkaTb7RwM2")
PASSWORD = Canary("an account's password", "zJw5HpYv9Cn3")
WRONG_PASSWORD = Canary("a wrong password", "Vt8mKd4QxPz6")
PIN = Canary("a patron's password", "hG3nXr7WbLq")
WRONG_PIN = Canary("a wrong one", "Nf6cTz2JyKs")
CARD = Canary("a card's number", "Dw9vMq4RxHb")
NO_CARD = Canary("a number that nobody has", "Lp5kZt8CgXj")
NAME = Canary("a name", "Yb2rWn6FqVd")
MAIL = Canary("a mail address", "xM7tKc3HzQw")
ITEM = Canary("an item", "739184620517392846")
TITLE = Canary("a title", "Kz8wLd5QmYf")
FROM_API = Canary("what the API said amiss", "Tq3xHn7VrJc")
TOKEN = Canary("a token of the API", "Wd6bPy2KtXm")
GARBAGE = Canary("garbage", "Fv9jZq4NcRh")
ADMIN = Canary("the admin token", "Bx5mTw8LgKdQz3rVn7HpYc2JtX6fRb9M")

ALL = [
    ACCOUNT, PASSWORD, WRONG_PASSWORD, PIN, WRONG_PIN, CARD, NO_CARD, NAME, MAIL, ITEM, TITLE, FROM_API, TOKEN, GARBAGE,
    ADMIN,
]  # fmt: skip
PUT = {
    "kiosk@riverside.example": f"{ACCOUNT.word}@x.example", "kiosk-secret": PASSWORD.word, '"1234"': f'"{PIN.word}"',
    "M-1001": CARD.word, "Amina Rahman": NAME.word, "amina@": f"{MAIL.word}@", '"10001"': f'"{ITEM.word}"',
    '"Emma"': f'"{TITLE.word}"',
}  # fmt: skip
INSIDE = """
import logging, sys, threading, warnings
from inspect import iscoroutinefunction
from pathlib import Path

from attrs import evolve
from twisted.internet import defer
from twisted.logger import LogPublisher, jsonFileLogObserver, textFileLogObserver
from twisted.python import log

from sip2gw.circulation.desk import Place
from sip2gw.librarika.http.breaker import Breaker, Patience

def observer():
    return LogPublisher(textFileLogObserver(sys.stdout), jsonFileLogObserver(open("log.json", "w")))

# No library is left alone: else the first failures would hide the others.
Breaker.__init__.__kwdefaults__["patience"] = Patience(calls=10**9, unconnected=10**9)

class Broken:
    # Behind all that is asked about somebody there is a bug that tells what it was told, in each way that a bug can.
    def __init__(self, library):
        self._library = library

    def __getattr__(self, name):
        found = getattr(self._library, name)
        return self._fail if iscoroutinefunction(found) and name != "rules" else found

    async def _fail(self, *said, **more):
        said = f"{ {name: getattr(one, 'reveal', lambda: one)() for name, one in (*enumerate(said), *more.items())} }"
        defer.fail(RuntimeError(said))
        warnings.warn(said)
        print(said)
        print(said, file=sys.stderr)
        log.msg(said, more=said)
        log.err(RuntimeError(said), said)
        logging.getLogger("foreign").error(said)
        thread = threading.Thread(target=int, args=[said])
        thread.start()
        thread.join()
        try:
            raise KeyError(said)
        except KeyError as error:
            raise RuntimeError(said) from error

desk = Place.desk

def sometimes_broken(*of, **named):
    found = desk(*of, **named)
    return evolve(found, library=Broken(found.library)) if Path("bugs").exists() else found

Place.desk = sometimes_broken
"""
# Writes in doubt are settled until the deadline of the call: a short one, as there are many.
MORE = """
call_deadline = 3.0
[log]
level = "debug"
[limits]
login_floor = 0.001
strangers_per_address = 100
"""
EVERY_STATE = ",".join(State)
WHY = "a reader asks"
DATE = "20260301    101500"
AA, AB, AO = f"AA{CARD.word}|AD{PIN.word}|", f"AB{ITEM.word}|", "AOriverside|"
LOGIN = f"9300CN{ACCOUNT.word}@x.example|CO{PASSWORD.word}|CPdesk|{AO}"
REQUESTS = [
    "9900802.00",
    f"23000{DATE}{AO}{AA}",
    f"63000{DATE}YYYYYY    {AO}{AA}",
    f"6300000000{DATE}{AO}",
    f"11YN{DATE}{DATE}{AO}{AA}{AB}AC{ACCOUNT.word}@x.example:{PASSWORD.word}|",
    f"17{DATE}{AO}{AB}",
    f"29NN{DATE}{DATE}{AO}{AA}{AB}",
    f"65{DATE}{AO}{AA}",
    f"15+{DATE}{AO}{AA}{AB}",
    f"15-{DATE}{AO}{AA}{AB}",
    f"37{DATE}0100USDBV1.00|{AO}{AA}BKtill-1|",
    f"19{DATE}{AO}{AB}CH{GARBAGE.word}|",
    f"25{DATE}{AO}{AA}",
    f"01N{DATE}{AO}AL{NAME.word}|{AA}",
    f"09N{DATE}{DATE}APdesk|{AO}{AB}",
    f"11YY{DATE}{DATE}{AO}AA{NO_CARD.word}|{AB}",
    f"09Y{DATE}{DATE}APdesk|{AO}AB{NO_CARD.word}|",
    f"35{DATE}{AO}{AA}",
    "97",
]
AMISS = [
    f"23000{DATE}{AO}AA{CARD.word}|AD{WRONG_PIN.word}|",
    f"23000{DATE}{AO}AA{NO_CARD.word}|AD{WRONG_PIN.word}|",
    f"ZZ{GARBAGE.word}\r9900802.00",
    f"23{GARBAGE.word}|AA{CARD.word}",
    f"23000{DATE}AO{GARBAGE.word}|{AA}",
    f"{GARBAGE.word}\r9900802.00",
    f"23000{DATE}{AO}{AA}AY1AZ0000",
    f"63{GARBAGE.word}{DATE}{AO}{AA}",
    f"23000{DATE}{AO}{AA}{'XX|' * 80}",
    f"23000{DATE}{AO}{AA}{GARBAGE.word * 500}",
    f"9300CN{ACCOUNT.word}|CO{WRONG_PASSWORD.word}|{AO}",
]
LOGINS = [
    f"9300CN{ACCOUNT.word}@x.example|CO{WRONG_PASSWORD.word}|{AO}",
    f"9300CN{ACCOUNT.word}|CO{WRONG_PASSWORD.word}|{AO}",
    f"9300CNx|COy|AO../{PASSWORD.word}|",
    f"9300CN|CO{PASSWORD.word}|",
    f"23000{DATE}{AO}AA{CARD.word}|AC{PASSWORD.word}|",
    f"2300019{GARBAGE.word}",
]
FAILURES = [
    {"what": "garbage", "body": FROM_API.word},
    {"what": "wrong_type", "body": json.dumps({"member_no": [FROM_API.word]})},
    {"what": "error", "status": 500, "body": FROM_API.word},
    {"what": "cut_body"},
    {"what": "reset_before"},
    {"what": "redirect", "location": f"http://{FROM_API.word}.example/{FROM_API.word}"},
    {"what": "huge_headers"},
    {"what": "rate_limited", "retry_after": FROM_API.word},
    {"what": "unauthorized"},
    {
        "what": "error_after_commit",
        "status": 409,
        "body": json.dumps({"code": FROM_API.word, "detail": FROM_API.word}),
    },
]


ENDPOINTS = [
    "find_member", "block_member", "enable_member", "find_copy", "update_copy", "issue", "extend", "extend_all",
    "undo_loan", "return", "undo_return", "reserve", "change_reservation", "cancel_reservation", "pay", "create_token",
]  # fmt: skip


class Scene:
    """A gateway and a sandbox with canaries in them; `heard` is all that was said on the wire, by either side."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.heard = ""
        self.folder = folder / "gateway"
        self.folder.mkdir()
        text = (Path(sip2gw.sandbox.__file__).parent / "libraries.json").read_text()
        for old, new in PUT.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "data.json").write_text(text)
        where = f"tcp:{port}:interface=127.0.0.1"
        arguments = ["librarika-sandbox", "--port", where, "--data", str(folder / "data.json")]
        self.library = Process(arguments, folder, ready=f"starting on {port}").start()
        self.sandbox = Sandbox(port)
        (self.folder / "inside.py").write_text(INSIDE)
        (self.folder / "token").write_text(ADMIN.word)
        (self.folder / "token").chmod(0o600)
        try:
            self.gateway = Gateway.start(self.folder, port, MORE, "--logger", "inside.observer")
        except BaseException:
            self.library.kill()
            raise

    def say(self, terminal: Terminal, line: str) -> str:
        """Say a line, and hear what comes of it; nothing if the gateway hangs up."""
        self.heard += line
        with suppress(OSError):
            answer = terminal.exchange(line)
            self.heard += answer
            return answer
        return ""

    def each(self, lines: list[str], *, log_in: bool = True) -> None:
        """Say all of these, with a new connection whenever the gateway has hung up."""
        terminal = None
        for line in lines:
            if terminal is None:
                terminal = self.gateway.terminal(tls=True)
                terminal.socket.settimeout(5)
                if log_in:
                    self.say(terminal, LOGIN)
            if not self.say(terminal, line):
                terminal.close()
                terminal = None
        if terminal is not None:
            terminal.close()

    def fail(self) -> None:
        """Have the API fail in every way, at whatever it is asked: each request, and a login."""
        for how in FAILURES:
            for endpoint in ENDPOINTS:
                self.sandbox.misbehave(endpoint=endpoint, times=1, **how)
            self.each([*REQUESTS, LOGINS[0]])
            self.sandbox.behave()
        self.sandbox.misbehave(
            what="wrong_type",
            endpoint="create_token",
            times=2,
            body=json.dumps({"access_token": TOKEN.word, "expires_in": "60"}),
        )
        self.each(LOGINS[:1], log_in=False)
        self.sandbox.behave()
        self.heard += FROM_API.word + TOKEN.word + MAIL.word  # by the gateway, from the API

    def break_down(self) -> None:
        """Have each request meet a bug."""
        (self.folder / "bugs").touch()
        self.each([AMISS[0], *REQUESTS])
        (self.folder / "bugs").unlink()

    def knock(self) -> None:
        """Plain SIP2 at the TLS port, and HTTP, and a handshake that breaks."""
        for first in (
            LOGIN.encode() + b"\r",
            b"GET /" + GARBAGE.word.encode(),
            b"\x16\x03\x01" + GARBAGE.word.encode(),
        ):
            with socket.create_connection(("127.0.0.1", self.gateway.ports[1]), 10) as stranger:
                stranger.sendall(first)
                stranger.shutdown(socket.SHUT_WR)
                with suppress(OSError):
                    while stranger.recv(1000):
                        pass

    def reload(self) -> None:
        """A file with faults, and a sound one."""
        self.gateway.write(MORE + f'[nonsense]\nkey = "{GARBAGE.word}"\n')
        self.gateway.process.tell(signal.SIGHUP)
        assert self.gateway.process.waited(1, "not reloaded")
        self.gateway.write(
            MORE + '[admin]\nendpoint = "tcp:0:interface=127.0.0.1"\ntoken_file = "token"\n', admin=False
        )
        self.gateway.process.tell(signal.SIGHUP)
        assert self.gateway.process.waited(1, "info] reloaded")
        self.heard += ADMIN.word

    def pages(self) -> dict[str, str]:
        """What the admin endpoint says, with a token and without."""
        names = ("/health", "/health/live", "/health/ready", "/metrics", "/terminals", f"/{GARBAGE.word}")
        names += ("/journal", f"/journal?state={EVERY_STATE}", "/journal/1", "/audit", "/audit?before=1")
        tokens = {"right": ADMIN.word, "no": "", "wrong": WRONG_PASSWORD.word}
        return {
            f"{name}, {how} token": self.gateway.look(name, token)[1]
            for how, token in tokens.items()
            for name in names
        }

    def recalled(self) -> dict[str, str]:
        """What the record says of all that is done while a trace runs, and of a card."""
        trace = json.loads(self.tell("/api/traces", library="riverside", why="canaries"))["trace"]
        installer = Installer(self.gateway.ports[2], ADMIN.word)
        installer.latest("riverside")
        self.each([*REQUESTS, *AMISS])
        self.each(LOGINS, log_in=False)
        names = [
            "now",
            "libraries",
            "libraries/riverside",
            "terminals",
            "terminals?state=ended",
            "exchanges",
            "door",
        ]
        pages = {name: self.gateway.look(f"/api/{name}", ADMIN.word)[1] for name in names}
        for row in json.loads(pages["exchanges"])["rows"][:20]:
            pages[row["ref"]] = self.gateway.look(f"/api/exchanges/{row['ref']}", ADMIN.word)[1]
        for row in json.loads(pages["terminals?state=ended"])["rows"][:20]:
            pages[row["conn"]] = self.gateway.look(f"/api/terminals/{row['conn']}", ADMIN.word)[1]
        pages["search"] = self.tell(
            "/api/exchanges/search", library="riverside", kind="patron", number=CARD.word
        )
        for name in ("page", "sheet"):
            pages[f"connect/{name}"] = installer.page("riverside", name)
        pages["trace"] = self.gateway.look(f"/api/traces/{trace}", ADMIN.word)[1]
        return pages

    def tell(self, page: str, **said: str) -> str:
        """What comes of a POST."""
        headers = {"Authorization": f"Bearer {ADMIN.word}"}
        place = f"http://127.0.0.1:{self.gateway.ports[2]}{page}"
        with urlopen(Request(place, json.dumps(said).encode(), headers), timeout=10) as answer:
            return answer.read().decode()

    def asked_for_terminals(self) -> str:
        """What `sip2gw terminals` prints while one is logged in: with the token, without, and as JSON."""
        url = f"--admin=http://127.0.0.1:{self.gateway.ports[2]}"
        with self.gateway.terminal() as terminal:
            self.say(terminal, LOGIN)
            ways = ([url, f"--token-file={self.folder / 'token'}"], [url])
            return "".join(CliRunner().invoke(terminals, [*way, "--json"]).output for way in ways) + "".join(
                CliRunner().invoke(terminals, way).output for way in ways
            )

    def sip2gw(self, command: str, *more: str) -> str:
        """What a command prints that uses the store."""
        words = [*command.split(), f"--config={self.gateway.config}", *more]
        process = self.gateway.process
        environment = {**process._own_state(), **process.environment}  # where its store is
        ran = CliRunner().invoke(main, words, input=f"{CARD.word}\n", env=environment)
        assert ran.exit_code == 0, ran.output
        return ran.output

    def told_to_people(self) -> dict[str, str]:
        """What people see of the journal without asking for more, and enter in it."""
        states = [f"--state={state}" for state in EVERY_STATE.split(",")]
        first = self.sip2gw("journal list", *states).splitlines()[1].split()[0]
        revealed = self.sip2gw("journal show", first, "--reveal", f"--why={WHY}")
        assert any(canary.word in revealed for canary in (CARD, ITEM, NO_CARD)), revealed
        assert CARD.word in self.sip2gw("privacy export", "--library=riverside", f"--why={WHY}")
        erased = self.sip2gw("privacy erase", "--library=riverside", "--even-open", f"--why={WHY}")
        shown = {
            words: self.sip2gw(words, *more)
            for words in ("journal list", "journal list --json", "journal audit", "journal audit --json")
            for more in [states if "list" in words else []]
        }
        reports = {words: self.sip2gw(words) for words in ("privacy report", "privacy report --json")}
        return {**shown, **reports, "show": self.sip2gw("journal show", first), "erased": erased}

    def end(self) -> None:
        """Told to stop while something is in hand, and then told again."""
        with self.gateway.terminal() as terminal:
            self.say(terminal, LOGIN)
            self.sandbox.misbehave(what="hang", endpoint="find_member")
            terminal.send(REQUESTS[1].encode() + b"\r")
            self.gateway.process.tell(signal.SIGTERM)
            assert self.gateway.process.waited(1, "stopping: ")
            self.gateway.process.tell(signal.SIGTERM)
            assert self.gateway.process.ended() == -signal.SIGTERM


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    made.gateway.process.kill()
    made.library.kill()


def test_F97_no_secret_gets_out(scene):
    scene.each(REQUESTS + REQUESTS)
    scene.each(REQUESTS)
    scene.each(AMISS)
    scene.each(LOGINS, log_in=False)
    scene.fail()
    scene.break_down()
    scene.knock()
    scene.reload()
    recalled = scene.recalled()
    pages = scene.pages()
    shown = scene.asked_for_terminals()
    for_people = scene.told_to_people()
    pages |= {f"{name}, later": text for name, text in scene.pages().items()}
    scene.end()

    there = files_in(scene.folder, "sip2gw.toml", "privkey.pem", "token")
    written = {
        **there,
        **pages,
        **for_people,
        **recalled,
        "shown": shown,
        "printed": "".join(scene.gateway.process.printed),
    }
    assert {"log.json", "inside.py"} <= written.keys()
    for sign in (
        "p:",
        "refused",
        "speaks plain SIP2",
        "1 terminals were disconnected",
        "a line has",
        "hit a bug",
        "something of stderr",
        "librarika_call_failed: riverside return",
        "librarika_call_failed: riverside pay",
    ):
        assert sign in written["printed"], f"the log is not what was to be searched: {sign}"
    assert "sip2gw_messages_total" in pages["/metrics, right token"]
    assert "1 of 25" in shown, shown
    assert "privacy erase" in pages["/audit, right token, later"]
    assert "riverside" in pages[f"/journal?state={EVERY_STATE}, right token"]
    assert "> 11YN" in recalled["trace"]
    assert "connection " in recalled["connect/page"]
    assert '"library": "riverside"' in recalled["search"]
    silent = [canary.what for canary in ALL if canary.word.lower() not in scene.heard.lower()]
    assert not silent, "it was never there to get out"
    assert not found(ALL, written)


SPELLED: list[Callable[[str], str]] = [
    str,
    str.upper,
    lambda word: word[::-1],
    lambda word: f"...{word[: half(word)]}...",
    lambda word: f"...{word[-half(word) :]}...",
    lambda word: word.encode().hex(),
    lambda word: "".join(f"%{ord(sign):02X}" for sign in word),
    lambda word: repr(word.encode()),
    lambda word: base64.b64encode(word.encode()).decode(),
    lambda word: base64.b64encode(f"x:{word}:".encode()).decode(),
    lambda word: base64.b64encode(f"xy{word}yz".encode()).decode(),
    lambda word: base64.urlsafe_b64encode(f">{word}?".encode()).decode(),
    lambda word: "".join(f"\\u{ord(sign):04x}" for sign in word),
    lambda word: "".join(f"&#{ord(sign)};" for sign in word),
    lambda word: sha256(word.encode()).hexdigest(),
    lambda word: base64.b64encode(md5(word.encode(), usedforsecurity=False).digest()).decode(),
]


@pytest.mark.parametrize("spelled", SPELLED)
def test_F97_the_search_finds_whatever_got_out(spelled, tmp_path):
    (tmp_path / "log").write_text("all is well so far\n")
    assert not found(ALL, files_in(tmp_path))
    for canary in ALL:
        (tmp_path / "log").write_text(f"all is well {spelled(canary.word)} so far\n")
        leaks = found(ALL, files_in(tmp_path))
        assert leaks, canary
        assert all(leak.startswith(canary.what) for leak in leaks)
