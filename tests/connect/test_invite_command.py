"""`sip2gw invite` draws the QR code of its link in a terminal window, and nowhere else."""

import json
import os
import pty
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import segno

from sip2gw.connect.qr import blocks

CODE = "c0de" * 8
PUBLIC = "https://sip2.example.org"
LINK = f"{PUBLIC}/connect/#{CODE}"
DARK = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}
"""What a sign shows: the upper and the lower module of the code."""
COMMAND = [sys.executable, "-m", "sip2gw.tools.cli", "invite", "riverside"]


class Inviting(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.dumps({"code": CODE, "seconds": 28_800}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def gateway():
    server = HTTPServer(("127.0.0.1", 0), Inviting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def in_a_window(*arguments, charset="utf-8"):
    """What the command shows in a terminal window, and what on its second stream."""
    near, far = pty.openpty()
    environment = {**os.environ, "PYTHONIOENCODING": charset}
    with subprocess.Popen([*COMMAND, *arguments], stdout=far, stderr=subprocess.PIPE, env=environment) as run:
        os.close(far)
        shown = b""
        while piece := _read(near):
            shown += piece
        told = run.stderr.read().decode()
    os.close(near)
    assert run.returncode == 0, told
    return shown.decode(charset).split("\r\n"), told


def _read(near):
    try:
        return os.read(near, 4096)
    except OSError:  # Linux: the other side is closed
        return b""


def modules(lines):
    """The modules of a code that is drawn in half blocks, without the quiet zone."""
    rows = [[DARK[sign][half] for sign in line] for line in lines for half in (0, 1)]
    return [row[4:-4] for row in rows[4 : len(rows[0]) - 4]]


def test_a_window_shows_the_link_and_its_qr_code_in_white_on_black(gateway):
    (link, *drawn), told = in_a_window("--admin", gateway, "--public-url", PUBLIC)
    assert link == LINK
    assert drawn.pop() == told == ""
    assert all(line.startswith("\x1b[97m\x1b[40m") and line.endswith("\x1b[0m") for line in drawn)
    signs = [line.removeprefix("\x1b[97m\x1b[40m").removesuffix("\x1b[0m") for line in drawn]
    wanted = segno.make(LINK, error="m", micro=False).matrix
    assert modules(signs) == [list(row) for row in wanted]


def test_a_link_of_this_machine_alone_is_no_use_to_a_phone(gateway):
    (link, *drawn), told = in_a_window("--admin", gateway)
    assert link == f"{gateway}/connect/#{CODE}"
    assert drawn
    assert told == "Only this machine can open the link: for a phone, give --public-url.\n"


def test_a_window_that_cannot_show_half_blocks_shows_the_link_alone(gateway):
    assert in_a_window("--admin", gateway, "--public-url", PUBLIC, charset="ascii") == ([LINK, ""], "")


def test_json_has_no_qr_code_in_a_window_either(gateway):
    lines, _ = in_a_window("--admin", gateway, "--public-url", PUBLIC, "--json")
    assert json.loads("\n".join(lines))["link"] == LINK


def test_a_pipe_gets_the_link_alone(gateway):
    command = [*COMMAND, "--admin", gateway, "--public-url", PUBLIC]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (f"{LINK}\n", "")


def test_a_link_that_leads_elsewhere_has_no_qr_code():
    assert blocks("https://evil.example/") == []
