"""What public clients send by their source, byte for byte in form, and what they can read of an answer.

None of them is run here: they are not in a registry that the tests install from. The manual's page "Clients known to
work" says so.
"""

import socket

import pytest

DATE = "20260301    101500"
LOGIN = "9300CNkiosk@riverside.example|COkiosk-secret|CPriverside|"
PATRON = "AOriverside|AAM-1001|AC|"


def one_piece(connection):
    """An answer as a client reads it that takes the first piece of data for the whole."""
    return connection.recv(65536).decode()


@pytest.fixture
def plain(fresh):
    with socket.create_connection(("127.0.0.1", fresh.plain_port), timeout=25) as connection:
        yield connection


def asked(connection, line, end="\r"):
    connection.sendall((line + end).encode())
    return one_piece(connection)


def checked(message, sequence):
    """A line of a client that puts a delimiter before AY, and ends it with its checksum."""
    line = f"{message}|AY{sequence}AZ"
    return f"{line}{-sum(line.encode()) & 0xFFFF:04X}"


@pytest.mark.parametrize("end", ["\r", "\r\n"], ids=["CR", "CRLF"])
def test_sip2_async_gets_each_answer_in_one_piece_with_its_number(plain, end):
    for line, code in (
        (LOGIN, "94"),
        ("9900302.00", "98"),
        (f"23001{DATE}{PATRON}AD1234", "24"),
        (f"63001{DATE}          {PATRON}AD1234|BP1|BQ5", "64"),
    ):
        answer = asked(plain, checked(line.removesuffix("|"), 0), end)
        assert answer[:2] == code
        assert answer.endswith("\r")
        assert "|AY0AZ" in answer or answer.startswith("941AY0AZ")


def test_ruby_sip2_gets_numbers_beyond_nine_back(plain):
    assert asked(plain, checked(LOGIN.removesuffix("|"), 1)).startswith("941AY1AZ")
    for number in range(2, 13):
        answer = asked(plain, checked(f"63001{DATE}          {PATRON}AD1234", number)).strip()
        body, _, trailer = answer.rpartition("AY")
        assert trailer.startswith(f"{number}AZ")
        assert -sum(f"{body}AY{number}AZ".encode()) & 0xFFFF == int(trailer[-4:], 16)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("65AOriverside|AAM-1001|AD1234|AC|BON|", "661"),
        ("35AOriverside|AAM-1001|AC|AD1234|", "36Y"),
        ("1700AOriverside|AB10001|AC|", "18"),
    ],
    ids=["65", "35", "17"],
)
def test_php_sip2_and_node_sip2_may_leave_the_date_out(plain, line, answer):
    assert asked(plain, LOGIN).startswith("941")
    assert asked(plain, line).startswith(answer)


def test_a_patron_lookup_for_palace_has_all_that_it_reads(plain):
    assert asked(plain, LOGIN).startswith("941")
    answer = asked(plain, f"63000{DATE}          {PATRON}AD1234|")
    assert answer.startswith("64")
    assert {"BLY", "CQY", "AEAmina Rahman"} <= set(answer.split("|"))
