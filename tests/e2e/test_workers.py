"""Two workers under one process id: their terminals, their end, their reload and their stop."""

import json
import os
import re
import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from .processes import Gateway
from .terminal import Terminal, checkout, login, patron, status
from .waiting import wait_until

WORKERS = """
[process]
workers = 2
[limits]
strangers_per_address = 1000
connections_per_address = 1000
"""
OPEN = "kiosk@openall.example:open-secret"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("workers")


@pytest.fixture(scope="module")
def gateway(demo, folder):
    """Two workers in front of the demo's sandbox."""
    demo.reset()
    # A fixture of the module comes before the one that gives each test a state folder.
    gateway = Gateway.start(folder, demo.port, WORKERS, environment={"XDG_STATE_HOME": str(folder)})
    wait_until(lambda: health(gateway)["status"] == "ok")
    yield gateway
    gateway.process.kill()


def health(gateway: Gateway) -> dict:
    return json.loads(gateway.look("/health")[1])


def terminals(gateway: Gateway) -> list[int]:
    """How many connections each worker has."""
    return [worker["terminals"] for worker in health(gateway)["workers"]]


def processes(gateway: Gateway) -> list[int]:
    return [worker["process"] for worker in health(gateway)["workers"]]


def metric(gateway: Gateway, series: str) -> float:
    found = re.search(rf"^{re.escape(series)} (\S+)$", gateway.look("/metrics")[1], re.M)
    return float(found[1]) if found else 0.0


def at_hillcrest(kiosk: Terminal, location: str) -> bool:
    """Whether a terminal at this location gets the only seat of its library."""
    return kiosk.ask(
        login("kiosk@hillcrest.example", "hill-secret", location, extensions=(("AO", "hillcrest"),))
    ).ok


def has_a_seat(gateway: Gateway, location: str) -> bool:
    with gateway.terminal() as kiosk:
        return at_hillcrest(kiosk, location)


def test_connections_are_shared_evenly_by_workers(gateway):
    with ExitStack() as stack:
        for number in range(200):
            stack.enter_context(gateway.terminal(tls=number % 20 == 0))
        wait_until(lambda: sum(terminals(gateway)) == 200)
        assert min(terminals(gateway)) >= 90
        assert metric(gateway, 'sip2gw_connections{state="stranger"}') == 200
    wait_until(lambda: sum(terminals(gateway)) == 0)


def test_a_killed_worker_disturbs_its_own_terminals_alone(gateway, demo):
    answered = 'sip2gw_messages_total{library="openall",message="99",outcome="answered"}'
    wait_until(lambda: terminals(gateway) == [0, 0], lambda: health(gateway))
    with ExitStack() as stack:
        kiosks = [stack.enter_context(gateway.terminal()) for _ in range(40)]
        assert all(kiosk.log_in(OPEN, "openall").ok for kiosk in kiosks)
        wait_until(lambda: terminals(gateway) == [20, 20], lambda: health(gateway))
        before = processes(gateway)
        assert all(kiosk.ask(status()).online_status for kiosk in kiosks)
        counted = metric(gateway, answered)
        assert counted >= 40

        os.kill(before[0], signal.SIGKILL)
        lost = [kiosk for kiosk in kiosks if is_lost(kiosk)]
        assert len(lost) == 20
        for kiosk in kiosks:
            if kiosk not in lost:
                assert kiosk.ask(status()).online_status
        assert gateway.look("/health/ready")[0] == 200
        back = [
            stack.enter_context(gateway.terminal()) for _ in lost
        ]  # to the other worker, or its successor
        assert all(kiosk.log_in(OPEN, "openall").ok for kiosk in back)
        assert all(kiosk.ask(status()).online_status for kiosk in back)
        assert metric(gateway, answered) >= counted + 40  # the dead one's answers stay counted

        assert gateway.process.waited(1, f"worker 1 (process {before[0]}) has ended: signal 9")
        wait_until(lambda: health(gateway)["status"] == "ok")
        after = processes(gateway)
        assert (after[0] != before[0], after[1]) == (True, before[1])
        assert metric(gateway, 'sip2gw_worker_starts_total{worker="1"}') == 2
        new = stack.enter_context(gateway.terminal())
        assert new.log_in(OPEN, "openall").ok
        wait_until(lambda: sum(terminals(gateway)) == 41, lambda: health(gateway))
        page = json.loads(gateway.look("/terminals")[1])
        at = Counter(one["worker"] for one in page["terminals"])
        assert (at[1] + at[2], at[1] >= 1, at[2] >= 20) == (41, True, True)
        assert [one["used"] for one in page["libraries"]] == [41]


def is_lost(kiosk: Terminal) -> bool:
    try:
        kiosk.send(kiosk.spell(status()))
        return kiosk.receive() == b""
    except ConnectionError:
        return True


def test_a_stuck_worker_is_named_and_does_not_hold_up_the_page(gateway):
    stuck = processes(gateway)[1]
    os.kill(stuck, signal.SIGSTOP)
    try:
        first, second = health(gateway)["workers"]
        assert (first["status"], second["status"], second["process"]) == ("ok", "no answer", stuck)
        assert metric(gateway, 'sip2gw_worker_up{worker="2"}') == 0
    finally:
        os.kill(stuck, signal.SIGCONT)
    wait_until(lambda: health(gateway)["workers"][1]["status"] == "ok")


def test_a_reload_reaches_all_workers_or_none(gateway, demo):
    with ExitStack() as stack:
        kiosks = [stack.enter_context(gateway.terminal()) for _ in range(4)]
        assert all(kiosk.log_in().ok for kiosk in kiosks)
        gateway.write(WORKERS + '[terminals]\ntimeout = "x"\n')
        gateway.process.tell(signal.SIGHUP)
        assert gateway.process.waited(1, "not reloaded, the old configuration stays")
        assert "configuration was refused" in gateway.look("/api/now")[1]
        assert [kiosk.ask(status()).timeout_period for kiosk in kiosks] == [300] * 4
        gateway.write(WORKERS.replace("= 2", "= 3") + "[terminals]\ntimeout = 20\n")
        gateway.process.tell(signal.SIGHUP)
        assert gateway.process.waited(1, "info] reloaded")
        assert [kiosk.ask(status()).timeout_period for kiosk in kiosks] == [200] * 4
    needs = [line for line in gateway.process.printed if "restart the gateway" in line]
    assert [line.partition("] ")[2] for line in needs] == [
        "process.workers has changed: restart the gateway to apply it\n"
    ]
    assert metric(gateway, 'sip2gw_reloads_total{outcome="ok"}') == 1


def test_each_line_of_the_log_is_whole_and_names_its_worker(gateway):
    with ExitStack() as stack:
        kiosks = []

        def has_both() -> bool:
            """Connect one more. The parent hears of terminals that ended at a worker's next beat."""
            kiosks.append(stack.enter_context(gateway.terminal()))
            kiosks[-1].ask(status())  # its worker has it then
            return all(terminals(gateway))

        wait_until(has_both, lambda: terminals(gateway))
        one, other = kiosks[0], kiosks[-1]
        assert one.log_in().ok
        assert other.log_in().ok
        for kiosk in (one, other) * 20:
            assert not kiosk.ask(checkout("M-1001", "nothing")).ok
    assert gateway.process.waited(40, " checkout refused ")
    pattern = re.compile(
        r"\S+ \[worker ([12]), sip2gw\.\S+#info\] riverside/\S* \w{5}#\d+ checkout refused .+ \d+ ms (p:\w+) "
    )
    found = [pattern.match(line) for line in gateway.process.printed if " checkout refused " in line]
    assert all(found)
    assert {match[1] for match in found} == {"1", "2"}
    assert len({match[2] for match in found}) == 1, "one patron has one tag, at whichever worker"


def test_workers_lend_the_same_seats_and_give_a_terminal_its_own(gateway, demo):
    demo.reset()
    with ExitStack() as stack:
        others = [stack.enter_context(gateway.terminal()) for _ in range(8)]
        answers = [at_hillcrest(one, location) for one, location in zip(others, "ABCDEFGH", strict=True)]
        assert answers == [True] + [False] * 7, "one licence at both workers"
        again = [stack.enter_context(gateway.terminal()) for _ in range(4)]
        for one in again:
            assert at_hillcrest(one, "A"), "its own session gives way"


def test_the_seat_of_a_killed_worker_is_free_before_its_lease_ends(gateway, demo):
    demo.reset()
    wait_until(lambda: has_a_seat(gateway, "A"))
    wait_until(lambda: sum(terminals(gateway)) == 0)
    with gateway.terminal() as kiosk:
        assert at_hillcrest(kiosk, "A")
        assert not has_a_seat(gateway, "B")
        wait_until(lambda: sum(terminals(gateway)) == 1)
        os.kill(processes(gateway)[terminals(gateway).index(1)], signal.SIGKILL)
        # A lease lasts 45 s, more than is waited here.
        wait_until(lambda: has_a_seat(gateway, "B"))


def test_the_seats_of_a_killed_gateway_are_free_at_its_next_start(demo, tmp_path):
    demo.reset()
    gateway = Gateway.start(tmp_path, demo.port, WORKERS)
    wait_until(lambda: health(gateway)["status"] == "ok")
    with gateway.terminal() as kiosk:
        assert at_hillcrest(kiosk, "A")
        workers = processes(gateway)
        for worker in workers:  # so that none gives its seats back
            os.kill(worker, signal.SIGSTOP)
        gateway.process.kill()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
    gateway = Gateway.start(tmp_path, demo.port, WORKERS)
    try:
        # On a busy machine the workers take longer to start than a terminal waits for its answer.
        wait_until(lambda: health(gateway)["status"] == "ok")
        assert has_a_seat(gateway, "B")
    finally:
        gateway.process.kill()


def test_sigterm_ends_all_workers_and_loses_no_answer(gateway, demo):
    workers = processes(gateway)
    with ExitStack() as stack:
        kiosks = [stack.enter_context(gateway.terminal()) for _ in range(10)]
        assert all(kiosk.log_in(OPEN, "openall").ok for kiosk in kiosks)
        demo.misbehave(what="slow", endpoint="find_member", seconds=1)
        for kiosk in kiosks:
            kiosk.send(kiosk.spell(patron("O-2", library="openall")))
        wait_until(lambda: demo.requests("openall").get("find_member", 0) == 10)
        gateway.process.tell(signal.SIGTERM)
        for worker in workers:  # systemd tells all processes of a service
            os.kill(worker, signal.SIGTERM)
        assert gateway.process.waited(1, "workers finish their requests")
        assert gateway.look("/health/ready") == (503, '{"status": "stopping"}\n')
        assert [kiosk.answer().personal_name for kiosk in kiosks] == ["Tom Hale"] * 10
        assert [kiosk.receive() for kiosk in kiosks] == [b""] * 10
    assert gateway.process.ended() == -signal.SIGTERM
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    printed = "".join(gateway.process.printed)
    assert not re.search("Traceback|Unhandled|were disconnected|something of", printed)


def test_a_second_signal_disconnects_the_terminals_of_all_workers(demo, tmp_path):
    demo.reset()
    gateway = Gateway.start(tmp_path, demo.port, WORKERS)
    wait_until(lambda: health(gateway)["status"] == "ok")
    with gateway.terminal() as one, gateway.terminal() as other:
        demo.misbehave(what="hang", endpoint="find_member")
        for kiosk in (one, other):
            assert kiosk.log_in(OPEN, "openall").ok
            kiosk.send(kiosk.spell(patron("O-2", library="openall")))
        wait_until(lambda: demo.requests("openall").get("find_member", 0) == 2)
        gateway.process.tell(signal.SIGTERM)
        assert gateway.process.waited(2, "stopping: 1 terminals are connected")
        gateway.process.tell(signal.SIGTERM)
        assert gateway.process.ended() == -signal.SIGTERM
        for kiosk in (one, other):
            with pytest.raises(ConnectionResetError):
                kiosk.receive()
    demo.behave()


def test_workers_whose_parent_was_killed_end_by_themselves(demo, tmp_path):
    gateway = Gateway.start(tmp_path, demo.port, WORKERS)
    wait_until(lambda: health(gateway)["status"] == "ok")
    workers = processes(gateway)
    gateway.process.kill()
    wait_until(lambda: not any(is_running(worker) for worker in workers))


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_guesses_count_at_all_workers_together_and_after_a_restart(demo, tmp_path):
    demo.reset()
    limits = WORKERS + "logins_per_account = 3\nlogin_floor = 0.1\n"
    for _ in range(2):
        gateway = Gateway.start(tmp_path, demo.port, limits)
        wait_until(lambda gateway=gateway: health(gateway)["status"] == "ok")
        for number in range(6):
            with gateway.terminal() as kiosk:
                assert not kiosk.log_in(f"nobody@riverside.example:guess-{number}").ok
        gateway.process.stop()
    assert demo.requests("riverside")["create_token"] == 3, "the limit, at all of them together"
