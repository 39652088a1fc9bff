"""Several processes answer as one."""

from __future__ import annotations

from sip2gw.events import Events, Exchange, LinesSeen, LoggedIn, LoginRefused, Opened
from sip2gw.log.tags import Tags
from sip2gw.record import API, Facts, GatewayAccess, Record, join, split_conn

START = 1_800_000_000.0


class Process:
    """One process, whose clock is set."""

    def __init__(self, facts: Facts) -> None:
        self.at = START
        self.events = Events(lambda: self.at)
        self.record = Record(self.events, Tags(), GatewayAccess(facts=lambda: facts))

    def log_in(self, conn: str, terminal: str, network: str = "10.0.0.0/24") -> None:
        self.events.publish(Opened(self.at, conn, "plain port 1", "10.0.0.1", network))
        self.events.publish(LoggedIn(self.at, conn, "riverside", terminal))

    def exchange(self, conn: str, ref: str, after: float, outcome: str = "answered", code: str = "") -> None:
        self.at = START + after
        self.events.publish(
            Exchange(
                self.at,
                conn,
                1,
                "riverside",
                "Desk",
                message="11",
                ref=ref,
                ms=10 * after,
                outcome=outcome,
                code=code,
            )
        )

    def line(self, conn: str, after: float, line: bytes, answer: bytes) -> None:
        take = self.events.lines
        assert take is not None, "no trace runs"
        take(LinesSeen(START + after, conn, 1, "riverside", "Desk", "", "utf-8", "|", line, answer))


def two() -> tuple[Process, Process]:
    down = API("riverside", False, "open", START, "refused")
    up = API("riverside", True, "closed", START)
    one = Process(Facts(apis=(up,), seats={"riverside": (1, 3)}, journal={"DEAD": 2}))
    other = Process(Facts(apis=(down,), seats={"riverside": (2, 3)}, journal={"DEAD": 2}))
    one.log_in("aaaaa", "Desk")
    other.log_in("aaaaa", "Hall")
    other.log_in("bbbbb", "Bay")
    for place in range(4):
        one.exchange("aaaaa", f"A{place}", 2 * place, "refused" if place == 3 else "answered", "loan_limit")
        other.exchange("aaaaa", f"B{place}", 2 * place + 1)
    return one, other


def ask(processes: tuple[Process, Process], what: str, **about: str):
    parts = [(str(number), one.record.part(what, about)) for number, one in enumerate(processes, 1)]
    return join(what, about, parts)


def test_exchanges_of_all_are_in_one_order_and_pages():
    both = two()
    first = ask(both, "exchanges", limit="3")
    assert [row["ref"] for row in first["rows"]] == ["B3", "A3", "B2"]
    second = ask(both, "exchanges", limit="3", after=first["next"])
    third = ask(both, "exchanges", limit="3", after=second["next"])
    assert [row["ref"] for row in second["rows"] + third["rows"]] == ["A2", "B1", "A1", "B0", "A0"]
    assert third["next"] is None


def test_connections_are_named_by_their_worker():
    both = two()
    rows = ask(both, "terminals")["rows"]
    assert [(row["conn"], row["terminal"]) for row in rows] == [
        ("2-bbbbb", "Bay"),
        ("1-aaaaa", "Desk"),
        ("2-aaaaa", "Hall"),
    ]
    assert split_conn("2-aaaaa") == ("2", "aaaaa")
    assert split_conn("aaaaa") == ("", "aaaaa")
    assert ask(both, "exchange", ref="B1")["conn"] == "2-aaaaa"


def test_a_library_is_the_sum_of_what_each_knows_and_the_worst_of_its_api():
    both = two()
    [row] = ask(both, "libraries")["rows"]
    assert (row["state"], row["breaker"]) == ("offline", "open")
    assert (row["terminals"], row["used"], row["licensed"], row["requests"]) == (3, 3, 3, 8)
    assert row["refused"] == 12.5
    one = ask(both, "library", library="riverside")
    assert {seat["conn"] for seat in one["seats"]} == {"1-aaaaa", "2-aaaaa", "2-bbbbb"}
    assert one["codes"][0]["code"] == "loan_limit"
    assert ask(both, "library", library="nowhere") is None


def test_what_all_see_needs_a_person_once():
    both = two()
    needs = {need["kind"]: need for need in ask(both, "now")["needs"]}
    assert needs["journal"]["count"] == 2
    assert needs["offline"]["count"] == 1


def test_attempts_at_several_are_summed():
    both = two()
    for process in both:
        process.events.publish(
            LoginRefused(process.at, "aaaaa", "riverside", "invalid_credentials", "fix it", "account")
        )
    [row] = ask(both, "door")["rows"]
    assert (row["count"], row["last"]) == (2, START + 7)


def test_a_login_that_is_good_at_one_process_ends_refusals_at_another():
    both = two()
    for process in both:
        process.events.publish(
            LoginRefused(process.at, "aaaaa", "riverside", "invalid_credentials", "", "account")
        )
        process.at += 1_000
    assert all(part.record.part("library", {"library": "riverside"})["refused_since"] for part in both)
    both[0].log_in("ccccc", "Desk")
    assert ask(both, "libraries")["rows"][0]["refused_since"] == 0.0
    assert ask(both, "library", library="riverside")["refused_since"] == 0.0


def test_no_part_is_no_answer():
    assert join("terminal", {}, [("1", None), ("2", None)]) is None
    assert join("now", {}, []) is None


def test_a_trace_in_all_processes_is_one_with_the_lines_of_each():
    both = two()
    begun = [one.record.part("trace", {"library": "riverside", "trace": "t1"}) for one in both]
    assert begun[0]["trace"] == begun[1]["trace"]
    for process, after in zip(both, (8.5, 8.25), strict=True):
        process.line("aaaaa", after, b"9900802.00", b"98YYYNNN")
    [row] = ask(both, "traces")["rows"]
    assert (row["trace"], row["lines"], row["runs"]) == (begun[0]["trace"], 4, True)
    lines = ask(both, "trace_lines", trace=row["trace"])["text"].splitlines()
    assert [line.split(" ", 1)[1][:15] for line in lines] == [
        "2-aaaaa#1 > 990",
        "2-aaaaa#1 < 98Y",
        "1-aaaaa#1 > 990",
        "1-aaaaa#1 < 98Y",
    ]
