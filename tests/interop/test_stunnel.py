"""stunnel, from Debian, carries a client that knows no TLS to the gateway's TLS port, as the manual sets it up."""

import shutil
import socket
import subprocess
from contextlib import suppress

import pytest
from e2e.processes import free_ports

from .clients import effects, heard
from .test_public_client import ACCOUNT, VISIT

STUNNEL = shutil.which("stunnel4") or shutil.which("stunnel")

pytestmark = pytest.mark.skipif(STUNNEL is None, reason="stunnel is not installed: apt-get install stunnel4")

CONFIGURATION = """\
foreground = yes
pid =
[sip2]
client = yes
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{gateway}
CAfile = {ca_file}
verifyChain = yes
checkHost = {host}
"""


class Tunnel:
    """A stunnel in the foreground. Its `port` takes connections once `wait` has returned."""

    def __init__(self, folder, demo, host="localhost"):
        (self.port,) = free_ports(1)
        file = folder / "stunnel.conf"
        file.write_text(
            CONFIGURATION.format(port=self.port, gateway=demo.tls_port, ca_file=demo.ca_file, host=host)
        )
        self._process = subprocess.Popen([STUNNEL, file], stderr=subprocess.PIPE, text=True)

    def wait(self):
        """Read its log until it listens; what it said otherwise."""
        said = []
        for line in self._process.stderr:
            said.append(line)
            if "Configuration successful" in line:
                return
        raise AssertionError("stunnel did not start:\n" + "".join(said))

    def stop(self):
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def tunnel(fresh, tmp_path):
    made = []

    def dig(**options):
        made.append(Tunnel(tmp_path, fresh, **options))
        made[-1].wait()
        return made[-1]

    yield dig
    for one in made:
        one.stop()


def test_a_client_without_tls_visits_through_stunnel(fresh, tunnel):
    options = ["--port", str(tunnel().port), "--library", "riverside", *ACCOUNT, "--location", "riverside"]
    login, status, patron, lent, taken_back = heard("kiosk.py", VISIT, *options)
    assert (login["fixed"]["Ok"], status["fixed"]["OnlineStatus"]) == ("1", "Y")
    assert patron["variable"]["AE"] == ["Amina Rahman"]
    assert (lent["fixed"]["Ok"], taken_back["fixed"]["Ok"]) == ("1", "1")
    assert effects(fresh) == ["loan", "return"]


def test_stunnel_refuses_a_gateway_of_another_name(tunnel):
    """With the manual's last three lines stunnel talks to nobody else: nothing reaches a stranger."""
    with socket.create_connection(("127.0.0.1", tunnel(host="elsewhere.example").port), timeout=20) as client:
        heard_back = b""
        with suppress(ConnectionError):
            client.sendall(b"9300CNkiosk@riverside.example|COkiosk-secret|CPriverside|\r")
            heard_back = client.recv(1000)
    assert heard_back == b""
