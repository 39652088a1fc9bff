"""What is written is what was meant to be, and writing it stops nobody."""

import ast
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from attrs import frozen
from twisted.logger import (
    Logger,
    LogPublisher,
    eventAsJSON,
    eventAsText,
    jsonFileLogObserver,
    textFileLogObserver,
)

import sip2gw
from sip2gw.addresses import Peer
from sip2gw.log import Log, LogSettings
from sip2gw.log.redaction import FIELDS

CANARY = "qX7zK9wVj2Hp"


@frozen
class Record:
    """Shows what it holds."""

    number: str


@pytest.fixture
def written():
    """Begins a log; what is written is in `written.events`."""

    class Written:
        def __init__(self) -> None:
            self.events: list[dict] = []
            self.publisher = LogPublisher(self.events.append)
            self.log = Log(self.publisher, LogSettings())
            self.log.begin()
            self.ours = Logger("sip2gw.test", observer=self.publisher)
            self.foreign = Logger("twisted.test", observer=self.publisher)

        def all(self) -> str:
            self.log.flush()
            return "\n".join(eventAsText(event) + eventAsJSON(event) for event in self.events)

    made = Written()
    yield made
    made.log.end()


def test_a_listed_field_is_logged(written):
    written.ours.info("{library} {message} {seconds:.0f} ms", library="riverside", message="11", seconds=3.4)
    assert "riverside 11 3 ms" in written.all()
    (event,) = written.events
    assert (event["library"], event["message"]) == ("riverside", "11")
    assert not written.log.lost


def test_an_unlisted_field_is_left_out_and_counted(written):
    written.ours.warn("{library} {pin} {library.pin}", library="riverside", pin=CANARY, request=CANARY)
    assert CANARY not in written.all()
    assert "riverside … …" in written.all()
    assert written.log.lost["field"] == 4
    (family,) = written.log.collect()
    assert {sample.labels["what"]: sample.value for sample in family.samples} == {
        "field": 4,
        "text": 0,
        "event": 0,
    }


def test_an_exception_is_logged_without_text_but_with_its_stack(written):
    try:
        try:
            int(CANARY)
        except ValueError as error:
            pin = CANARY  # noqa: F841 (a local that no traceback may show)
            raise KeyError(CANARY) from error
    except KeyError:
        written.ours.failure("a login hit a bug")
    text = written.all()
    assert CANARY not in text
    for told in (
        "a login hit a bug",
        "builtins.KeyError",
        "builtins.ValueError",
        "in test_an_exception_is_logged",
    ):
        assert told in text


def test_only_listed_fields_of_twisted_are_logged(written):
    written.foreign.info("{log_text}", log_text=CANARY)
    written.foreign.info("twistd {version} starting up", version="1.2")
    written.foreign.critical("Unhandled error in {what}", what=CANARY)
    text = written.all()
    assert CANARY not in text
    assert "twistd 1.2 starting up" in text
    assert "something of twisted.test" in text
    assert len(written.events) == 2


def test_a_line_can_not_be_forged(written):
    written.ours.info("{note}", note="x\r\n2026-01-01 [sip2gw] all is well\x1b[2J" + "y" * 5000)
    (line,) = written.all() and [event["log_format"] for event in written.events]
    assert line.startswith(r"x\r\n2026")
    assert r"\x1b" in line
    assert len(line) < 2100


def test_an_address_is_logged_in_full_only_where_needed(written):
    for address in ("192.0.2.77", "2001:db8:1:2::77", "::ffff:192.0.2.77"):
        written.ours.info("{peer}", peer=Peer(address))
        assert "192.0.2.77" not in written.all()
        assert "2::77" not in written.all()
    written.ours.warn("{peer:full}", peer=Peer("192.0.2.77"))
    assert "terminal at 192.0.2.77" in written.all()
    assert [event["peer"] for event in written.events] == [
        "terminal at 192.0.2.0/24", "terminal at 2001:db8:1::/48", "terminal at 192.0.2.0/24",
        "terminal at 192.0.2.0/24",
    ]  # fmt: skip


def test_only_from_the_level_that_is_asked_for(written):
    written.log.settings = LogSettings("warn")
    written.ours.info("not this")
    written.ours.warn("but this")
    written.log.settings = LogSettings("debug")
    written.ours.debug("and this")
    assert [line in written.all() for line in ("not this", "but this", "and this")] == [False, True, True]


def test_F94_a_pipe_without_a_reader_does_not_block_the_gateway():
    reading, writing = os.pipe()
    os.set_blocking(writing, True)
    file = os.fdopen(writing, "w")
    publisher = LogPublisher(textFileLogObserver(file))
    log = Log(publisher, LogSettings(waiting=10))
    log.begin()
    logger = Logger("sip2gw.test", observer=publisher)

    def speak() -> None:
        for number in range(3000):
            logger.info("{count} {note}", count=number, note="x" * 100)

    speaking = threading.Thread(target=speak, daemon=True)
    speaking.start()
    speaking.join(30)
    assert not speaking.is_alive(), "it waits for the pipe"
    assert log.lost["event"] > 1000
    lost = log.lost["event"]
    pipe = os.fdopen(reading)
    assert "0 xxx" in pipe.readline()
    reader = threading.Thread(target=pipe.read)
    reader.start()
    log.end()
    logger.info("{count} is heard again", count=1)
    assert log.lost["event"] == lost
    file.close()
    reader.join()
    pipe.close()


def test_F94_a_full_disk_does_not_stop_the_gateway():
    with open("/dev/full", "w") as full:
        publisher = LogPublisher(jsonFileLogObserver(full))
        log = Log(publisher, LogSettings())
        log.begin()
        logger = Logger("sip2gw.test", observer=publisher)
        for _ in range(3):
            logger.info("all is well")
        log.flush()
        assert log.lost["event"] == 3
        with pytest.raises(OSError, match="No space"):
            full.close()


def test_every_field_that_is_logged_anywhere_is_on_the_list():
    missing = set()
    for path in Path(sip2gw.__file__).parent.rglob("*.py"):
        if "sandbox" not in path.parts:
            missing |= {f"{path.name}: {key}" for key in _logged(ast.parse(path.read_text())) - FIELDS}
    assert not missing


def _logged(tree: ast.AST) -> set[str]:
    levels = ("debug", "info", "warn", "error", "critical", "failure", "emit")
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    named = [
        call for call in calls if call.func.attr in levels and _name(call.func.value).strip("_") == "log"
    ]
    assert all(
        isinstance(call.args[0 if call.func.attr != "emit" else 1], ast.Constant | ast.BinOp)
        for call in named
    )
    to_log = [
        call for call in calls if call.func.attr != "fault"
    ]  # of a configuration, which is not an event
    texts = {node.value for call in to_log for node in call.args if isinstance(node, ast.Constant)}
    given = {word.arg for call in named for word in call.keywords if word.arg is not None}
    return given | {field for text in texts for field in _filled_in(text)}


def _filled_in(text: object) -> list[str]:
    """Also of a text that gets to the log by way of a method of the room's own."""
    return re.findall(r"\{([a-z_]+)[!:}]", text) if isinstance(text, str) and " " in text else []


def _name(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def test_events_are_json(written):
    written.ours.info("{library}: {count}", library="riverside", count=3)
    written.log.flush()
    (event,) = map(json.loads, map(eventAsJSON, written.events))
    assert (event["library"], event["count"], event["log_format"]) == ("riverside", 3, "riverside: 3")


def test_lines_keep_their_order_across_batches(written):
    for number in range(2000):
        written.ours.info("{count}", count=number)
        if number % 700 == 0:
            written.log.flush()
    written.log.flush()
    assert [event["count"] for event in written.events] == list(range(2000))


def test_a_process_that_just_ends_has_written_all_of_its_log():
    program = (
        "import sys\n"
        "from twisted.logger import Logger, LogPublisher, textFileLogObserver\n"
        "from sip2gw.log import Log, LogSettings\n"
        "publisher = LogPublisher(textFileLogObserver(sys.stdout))\n"
        "Log(publisher, LogSettings()).begin()\n"
        "for number in range(100):\n"
        "    Logger('sip2gw.test', observer=publisher).info('line {count}', count=number)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert re.findall(r"line (\d+)", ended.stdout) == [str(number) for number in range(100)]


class Shown:
    """Counts how often it is made text."""

    times = 0

    def __str__(self) -> str:
        Shown.times += 1
        return "shown"


def test_an_event_that_is_not_written_is_not_formatted():
    reading, release = threading.Event(), threading.Event()

    def observer(_: object) -> None:
        reading.set()
        release.wait(30)

    publisher = LogPublisher(observer)
    log = Log(publisher, LogSettings(waiting=1))
    log.begin()
    logger = Logger("sip2gw.test", observer=publisher)
    logger.info("in hand")
    assert reading.wait(30)
    logger.info("waits")
    logger.debug("{note}", note=Shown())
    assert log.lost["event"] == 0
    logger.info("{note}", note=Shown())
    assert log.lost["event"] == 1
    assert Shown.times == 0
    release.set()
    log.end()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{count:>5}|{note!r:>6}|{{{library}}}", "    3|  'ab'|{riverside}"),
        ("{count:{count}}", "  3"),
        ("{note:.1f}", "ab"),
        ("{count:{note:{count}}}", "…"),
        ("{count", "…"),
        ("{} {0} {note.upper} {note[0]}", "… … … …"),
    ],
)
def test_a_format_is_filled_in_with_fields_alone(written, text, line):
    for _ in range(2):
        written.ours.info(text, count=3, note="ab", library="riverside")
    written.log.flush()
    assert [event["log_format"].replace("{{", "{").replace("}}", "}") for event in written.events] == [
        line
    ] * 2
