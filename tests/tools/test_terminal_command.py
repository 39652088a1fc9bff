"""`sip2gw terminal` against a responder on a real socket: the sent lines, the output, and the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sip2gw.sip2 import lay_out
from sip2gw.tools.cli import main

from .responder import PASSWORD, Certificate, Responder, with_sequence

ACCOUNT = ["--library", "riverside", "--account", "kiosk", "--timeout", "5"]


def run(
    responder: Responder,
    *arguments: str,
    options: list[str] | None = None,
    stdin: str = "",
    password: str = PASSWORD,
) -> Result:
    given = ["--plain", "--port", str(responder.port), *ACCOUNT] if options is None else options
    return CliRunner().invoke(
        main, ["terminal", *given, *arguments], input=stdin, env={"SIP2GW_PASSWORD": password}
    )


def codes(responder: Responder) -> list[bytes]:
    return [line[:2] for line in responder.received]


def fields(line: bytes) -> dict[str, str]:
    return dict(lay_out(line).fields)


def test_status_logs_in_and_shows_both_lines_without_secrets(responder: Responder) -> None:
    result = run(responder, "status")
    assert result.exit_code == 0, result.output
    assert codes(responder) == [b"93", b"99"]
    assert "> 9300CN***|CO***|AO***" not in result.stdout
    assert "> 9300CN***|CO***|AOriverside|AC***|AY0AZ" in result.stdout
    assert "< 98YNYNNN300003" in result.stdout
    assert "online_status" in result.stdout
    assert "kiosk-secret" not in result.output


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("ao", {"CN": "", "CO": "", "CP": "Door", "AO": "riverside", "AC": "kiosk:kiosk-secret"}),
        ("nickname", {"CN": "riverside", "CO": "kiosk:kiosk-secret", "CP": "Door"}),
        ("slash", {"CN": "riverside/kiosk", "CO": "kiosk-secret", "CP": "Door"}),
        ("cp", {"CN": "kiosk", "CO": "kiosk-secret", "CP": "riverside:Door"}),
        ("plain", {"CN": "kiosk", "CO": "kiosk-secret", "CP": "Door"}),
    ],
)
def test_each_form_of_login_sends_its_fields(responder: Responder, form: str, said: dict[str, str]) -> None:
    options = ["--plain", "--port", str(responder.port), *ACCOUNT, "--login-form", form, "--location", "Door"]
    assert run(responder, "login", options=options).exit_code == 0
    assert fields(responder.received[0]) == said


def test_form_none_sends_the_account_in_each_request(responder: Responder) -> None:
    options = ["--plain", "--port", str(responder.port), *ACCOUNT, "--login-form", "none"]
    assert run(responder, "patron", "M-1001", options=options).exit_code == 0
    assert codes(responder) == [b"23"]
    assert fields(responder.received[0])["AC"] == "kiosk:kiosk-secret"
    assert run(responder, "login", options=options).exit_code == 2
    without_account = ["--plain", "--port", str(responder.port)]
    assert run(responder, "status", options=without_account).exit_code == 0
    assert codes(responder) == [b"23", b"99"]


def test_a_refused_login_ends_the_command_with_1(responder: Responder) -> None:
    result = run(responder, "status", password="CANARY")
    assert result.exit_code == 1
    assert codes(responder) == [b"93"]
    assert "CANARY" not in result.output


def test_patron_exits_with_1_for_a_wrong_pin_or_an_unknown_patron(responder: Responder) -> None:
    good = run(responder, "patron", "M-1001", "--pin", "1234")
    assert good.exit_code == 0
    assert "1234" not in good.output
    assert run(responder, "patron", "M-1001", "--pin", "9999").exit_code == 1
    assert run(responder, "patron", "X").exit_code == 1


def test_a_refused_item_does_not_stop_the_items_after_it(responder: Responder) -> None:
    assert run(responder, "checkout", "M-1001", "10001", "10002").exit_code == 0
    assert responder.on_loan == {"10001": "M-1001", "10002": "M-1001"}
    refused = run(responder, "checkout", "M-1002", "10001", "10003")
    assert refused.exit_code == 1
    assert responder.on_loan["10003"] == "M-1002", "the item after a refused one is sent too"
    assert run(responder, "checkin", "10001").exit_code == 0
    assert run(responder, "checkin", "10001").exit_code == 1


def test_resend_compares_the_bytes_with_the_last_answer(responder: Responder) -> None:
    result = run(responder, "resend")
    assert result.exit_code == 0
    assert "the same bytes again" in result.stdout
    assert responder.received[-1] == b"97AZFEF5"


def test_raw_sends_the_line_and_send_names_the_fields(responder: Responder) -> None:
    assert run(responder, "raw", "9900302.00AY2AZFCA4").exit_code == 0
    assert responder.received[-1] == b"9900302.00AY2AZFCA4"
    assert run(responder, "send", "item_information", "AB=10001").exit_code == 0
    assert fields(responder.received[-1]) == {"AO": "riverside", "AB": "10001"}
    unknown = run(responder, "send", "item_information", "nonsense=1")
    assert unknown.exit_code == 2
    assert "item_identifier" in unknown.stderr


def test_requests_without_error_detection_have_no_checksum(responder: Responder) -> None:
    options = [
        "--plain",
        "--port",
        str(responder.port),
        *ACCOUNT,
        "--no-error-detection",
        "--terminator",
        "crlf",
    ]
    result = run(responder, "status", options=options)
    assert result.exit_code == 0
    assert all(lay_out(line).checksum is None for line in responder.received)


def test_the_same_line_is_sent_again_after_96() -> None:
    def once(number: int, line: bytes, answer: bytes) -> bytes:
        return b"96AZFEF6\r" if number == 1 else answer

    with Responder(once) as responder:
        result = run(responder, "status")
    assert result.exit_code == 0
    assert codes(responder) == [b"93", b"99", b"99"]
    assert responder.received[1] == responder.received[2]
    assert "answered with 96: sent again" in result.stdout


def test_a_damaged_answer_is_asked_for_again() -> None:
    def damaged(number: int, line: bytes, answer: bytes) -> bytes:
        return answer.replace(b"riverside", b"Riverside") if number == 1 else answer

    with Responder(damaged) as responder:
        result = run(responder, "status")
    assert result.exit_code == 0
    assert codes(responder) == [b"93", b"99", b"97"]


def test_another_sequence_number_is_dropped() -> None:
    def doubled(number: int, line: bytes, answer: bytes) -> bytes:
        return with_sequence(answer, "7") + b"\n" + b"noise\r" + answer if number == 1 else answer

    with Responder(doubled) as responder:
        result = run(responder, "status")
    assert result.exit_code == 0
    assert "dropped an answer with sequence number 7 instead of 1" in result.stdout
    assert "dropped a line that is not a SIP2 message" in result.stdout


def test_a_request_without_an_answer_is_sent_four_times_then_given_up() -> None:
    with Responder(lambda number, _line, answer: answer if number == 0 else b"") as responder:
        options = ["--plain", "--port", str(responder.port), *ACCOUNT, "--timeout", "0.1"]
        result = run(responder, "status", options=options)
    assert result.exit_code == 2
    assert len(set(responder.received[1:])) == 1
    assert len(responder.received) == 5
    assert "no answer in time" in result.stderr


def test_a_closed_port_is_reported_without_a_traceback(responder: Responder) -> None:
    with Responder() as gone:
        pass
    result = run(gone, "status")
    assert result.exit_code == 2
    assert result.stderr.startswith("no connection to 127.0.0.1:")
    assert "Traceback" not in result.output


def test_commands_from_standard_input_are_followed_one_by_one(responder: Responder) -> None:
    script = "status\npatron M-1001 --pin 1234\n# a comment\n\nsend\n"
    script += "checkout M-1001\nitem_information AB=1\nnonsense\nquit\n"
    result = run(responder, stdin=script)
    assert codes(responder) == [b"93", b"99", b"23", b"17"]
    assert "Usage: checkout [OPTIONS] AA AB..." in result.stdout
    assert "unknown request 'nonsense'" in result.stdout
    assert result.exit_code == 1, "some lines were not valid commands"
    assert run(responder, stdin="help\nlogin\nstatus\nresend\nraw 9900402.00\ncheckin 5\n").exit_code == 1


def test_commands_after_a_lost_connection_log_in_again() -> None:
    with Responder(lambda number, _line, answer: answer if number != 1 else b"x" * 70000) as responder:
        result = run(responder, stdin="status\nstatus\n")
    assert result.exit_code == 2
    assert "does not end its lines" in result.stdout
    assert codes(responder) == [b"93", b"99", b"93", b"99"]
    assert responder.connections == 2


def test_tls_checks_authority_name_or_fingerprint_of_the_certificate(
    tls_responder: Responder, certificate: Certificate
) -> None:
    port = ["--port", str(tls_responder.port), *ACCOUNT]

    def tls(*options: str) -> Result:
        return run(tls_responder, "status", options=[*port, *options])

    refused = tls()
    assert refused.exit_code == 2
    assert "is not trusted" in refused.stderr
    assert "(use --ca-file, " in refused.stderr
    assert tls_responder.received == []
    assert tls("--ca-file", str(certificate.path)).exit_code == 0
    other = tls("--ca-file", str(certificate.path), "--server-name", "another.example")
    assert other.exit_code == 2
    assert "--server-name with a name that it has" in other.stderr
    colons = ":".join(certificate.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
    assert tls("--fingerprint", colons).exit_code == 0
    heard = len(tls_responder.received)
    other = tls("--fingerprint", "0" * 64)
    assert other.exit_code == 2
    assert certificate.fingerprint in other.stderr
    assert len(tls_responder.received) == heard, "nothing was sent to the wrong gateway"
    insecure = tls("--insecure")
    assert insecure.exit_code == 0
    assert "not checked" in insecure.stderr
    assert "64 hex digits" in tls("--fingerprint", "12").stderr
    assert "can't be used" in tls("--ca-file", __file__).stderr


def test_a_client_certificate_is_sent_if_it_has_its_key(certificate: Certificate, tmp_path: Path) -> None:
    both = tmp_path / "kiosk.pem"
    both.write_bytes(certificate.path.read_bytes() + certificate.key.read_bytes())
    with Responder(tls=certificate.asking()) as responder:
        trusted = ["--port", str(responder.port), *ACCOUNT, "--ca-file", str(certificate.path)]

        def shown(*options: str) -> Result:
            return run(responder, "status", options=[*trusted, *options])

        assert shown().exit_code == 2
        own = ["--client-cert", str(certificate.path)]
        assert "can't be used with its key" in shown(*own).stderr
        assert "--client-cert" in shown("--client-key", str(certificate.key)).stderr
        assert responder.received == []
        assert shown(*own, "--client-key", str(certificate.key)).exit_code == 0
        assert shown("--client-cert", str(both)).exit_code == 0


def test_tls_with_a_plain_gateway_is_reported(responder: Responder) -> None:
    options = ["--port", str(responder.port), *ACCOUNT, "--insecure", "--timeout", "0.5"]
    result = run(responder, "status", options=options)
    assert result.exit_code == 2
    assert "no TLS with" in result.stderr


def test_play_reports_each_answer_that_differs(responder: Responder, tmp_path: Path) -> None:
    good = tmp_path / "good.txt"
    good.write_text("# error detection: on\n> 9900402.00\n< 98Y{*}AOriverside|{*}\n", "utf-8")
    bad = tmp_path / "bad.txt"
    bad.write_text("> 9900402.00\n< 98N{*}\n> 9300CNx|COCANARY|\n< 941\n", "utf-8")
    assert run(responder, "play", str(good)).exit_code == 0
    result = run(responder, "play", str(good), str(bad))
    assert result.exit_code == 1
    assert "line 2: expected 98N{*}" in result.stdout
    assert "bad.txt: 2 of its answers differ" in result.stdout
    assert "CANARY" not in result.output
    broken = tmp_path / "broken.txt"
    broken.write_text("what?\n", "utf-8")
    assert run(responder, "play", str(broken)).exit_code == 2
