"""What terminals get while a store fails: no write is acknowledged that may get lost, reads go on, and it recovers."""

import os
import resource
import signal

import pytest
from store.postgresql_server import programs

from sip2gw.sip2 import Trailer, format, messages

from .kinds import BY_NAME
from .places import FILE
from .postgres import Postgres
from .scene import Scene, Stage
from .writes import BEGAN, Write, said_yes, stocked

EACH = 6
LIBRARIES = [f"store-{n}" for n in range(12)]


def writes_of(library):
    """A few loans."""
    return [Write(BY_NAME["checkout"], library, n) for n in range(EACH)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    libraries = [stocked(name, writes_of(name)) for name in LIBRARIES]
    with Stage(tmp_path_factory.mktemp("stage"), libraries) as stage:
        yield stage


@pytest.fixture
def scene(stage):
    with Scene(stage) as scene:
        yield scene


@pytest.fixture(scope="module")
def postgres():
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = Postgres.make()
    yield server
    server.remove()


@pytest.fixture
def shared(stage, postgres):
    """A gateway whose store is a database."""
    (stage.folder / "shared.key").write_text("5a" * 32)
    (stage.folder / "shared.key").chmod(0o600)
    store = f'[store]\nurl = "{postgres.url}"\nkey_file = "{stage.folder}/shared.key"\n'
    with Scene(stage, store=store) as scene:
        yield scene


def reads(scene, terminal):
    """Whether the terminal gets an answer about a reader."""
    reader = Write(BY_NAME["checkout"], scene.library, 0).patron
    asked = messages.PatronInformation(transaction_date=BEGAN, institution_id="", patron_identifier=reader)
    answer = scene.ask(terminal, format(asked, Trailer()))
    return answer.startswith(b"64") and b"|BLY|" in answer


def lends(scene, terminal, number):
    """Whether the terminal is told that this loan was made."""
    write = writes_of(scene.library)[number]
    return said_yes(write, scene.ask(terminal, write.line()))


def lends_again(scene, terminal, number):
    """Whether a loan is made once the store works again, which the gateway finds out by itself."""
    for _ in range(100):
        if lends(scene, terminal, number):
            return True
        scene.front.hand.move(1.0)
    return False


def loans(scene):
    """The loans that were made."""
    return [row["accession_no"] for row in scene.ledger() if row["kind"] == "loan"]


def failures_at_start(scene):
    """What a gateway says that does not start."""
    with pytest.raises(AssertionError, match="it did not start") as failure:
        scene.start()
    return str(failure.value)


def test_F80_F83_a_disk_that_stores_nothing_ends_writes_and_no_reads(scene):
    terminal = scene.connect("K1")
    assert lends(scene, terminal, 0)
    pid = scene.front.child.pid
    whole = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (64, whole[1]))
    assert not lends(scene, terminal, 1)
    assert not lends(scene, terminal, 2)
    assert reads(scene, terminal)
    assert scene.ask(terminal, b"9900802.00\r").startswith((b"98YN", b"98NN"))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, whole)
    assert lends_again(scene, terminal, 3)
    assert loans(scene) == ["100000", "100003"]


def test_F81_a_damaged_journal_is_not_used_and_the_reason_says_what_to_do(scene):
    assert scene.send(writes_of(scene.library)[0].line()).startswith(b"121")
    scene.stage.run(scene.front.kill())
    store = scene.front.folder / FILE
    damaged = b"not a database, " * 1024
    store.write_bytes(damaged)
    for beside in ("-wal", "-shm"):
        store.with_name(FILE + beside).unlink(missing_ok=True)
    assert "restore a backup" in failures_at_start(scene)
    assert store.read_bytes() == damaged


def test_F82_a_second_gateway_on_a_journal_does_not_start(stage, scene):
    with pytest.raises(AssertionError, match="another gateway"):
        Scene(stage, store=f'[store]\npath = "{scene.front.folder / FILE}"\n')
    assert scene.send(writes_of(scene.library)[0].line()).startswith(b"121")


def test_F84_a_database_that_is_down_ends_writes_and_no_reads(shared, postgres):
    terminal = shared.connect("K1")
    assert lends(shared, terminal, 0)
    postgres.stop("immediate")
    try:
        assert not lends(shared, terminal, 1)
        assert not lends(shared, terminal, 2)
        assert reads(shared, terminal)
    finally:
        postgres.start()
    assert lends_again(shared, terminal, 3)
    assert loans(shared) == ["100000", "100003"]


def test_F86_a_database_that_hangs_holds_no_terminal_up(shared, postgres):
    terminal = shared.connect("K1")
    assert lends(shared, terminal, 0)
    for pid in postgres.pids():
        os.kill(pid, signal.SIGSTOP)
    try:
        assert not lends(shared, terminal, 1)
        assert reads(shared, terminal)
        assert reads(shared, shared.connect("K2")), "a terminal is let in without the store"
    finally:
        for pid in postgres.pids():
            os.kill(pid, signal.SIGCONT)
    assert lends_again(shared, terminal, 2)


def test_F87_lost_seats_and_wrong_logins_cost_no_terminal_its_work(shared, postgres):
    terminal = shared.connect("K1")
    assert lends(shared, terminal, 0)
    postgres.rows("DELETE FROM seats; DELETE FROM login_tries; DELETE FROM login_marks")
    assert reads(shared, shared.connect("K1"))
    assert lends_again(shared, shared.connect("K1"), 1)
    assert loans(shared) == ["100000", "100001"]


def test_F85_a_database_that_lost_moments_leaves_the_keys_to_compare(shared, postgres):
    """The library knows each write by its key; the journal does not know the keys that were lost."""
    terminal = shared.connect("K1")
    assert lends(shared, terminal, 0)
    assert lends(shared, terminal, 1)
    lost = shared.ledger()[-1]["idempotency_key"]
    postgres.rows(f"DELETE FROM journal WHERE key = '{lost}'")  # noqa: S608  # a key of ours
    known = set(postgres.rows("SELECT key FROM journal"))
    missing = [row["accession_no"] for row in shared.ledger() if row["idempotency_key"] not in known]
    assert missing == ["100001"]
    assert lends(shared, terminal, 1), "the same line again finds the loan as it is"
    assert loans(shared) == ["100000", "100001"]
