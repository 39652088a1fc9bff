"""Certificate, settings, account, API and the gateway itself change or fail: the kiosk goes on, and all is booked."""

import signal
import ssl

import pytest

from sip2gw.demo.selfsigned import kept_pair

from .processes import Process, Sandbox, free_ports
from .terminal import Terminal
from .tireless import PATIENCE, TirelessKiosk

CONFIG = """
[[listen]]
endpoint = "tcp:{tls}:interface=127.0.0.1"
certificates = "{certificates}"
[librarika]
url = "http://127.0.0.1:{sandbox}/{{library}}/api/v1"
call_deadline = 3
[limits]
account_check = 1
login_floor = 0.05
drain_spread = 0
[[libraries]]
nickname = "riverside"
language = "{language}"
"""
ACCOUNT = {"library": "riverside", "username": "kiosk@riverside.example"}


class Place:
    """A sandbox with a database, a gateway before it, and what a kiosk needs to trust it."""

    def __init__(self, folder):
        self.folder = folder
        self.tls, sandbox = free_ports(2)
        self.certificates = folder / "tls"
        self.trusted = folder / "trusted.pem"
        self.file = folder / "sip2gw.toml"
        self.sandbox = Sandbox(sandbox)
        self.renew()
        self.configure("en")
        self.library = Process(
            f"librarika-sandbox --port tcp:{sandbox}:interface=127.0.0.1 --database {folder}/db".split(),
            folder,
            ready=f"starting on {sandbox}",
        )
        self.gateway = Process(["sip2gw", "--config", str(self.file)], folder, ready="listening on")

    def renew(self):
        """A new certificate, in place of the old one; the kiosk trusts both."""
        fresh = self.folder / "fresh"
        kept_pair(fresh)
        with self.trusted.open("ab") as trusted:
            trusted.write((fresh / "fullchain.pem").read_bytes())
        self.certificates.mkdir(exist_ok=True)
        for file in list(fresh.iterdir()):
            file.rename(self.certificates / file.name)

    def configure(self, language):
        self.file.write_text(
            CONFIG.format(
                tls=self.tls, sandbox=self.sandbox.port, certificates=self.certificates, language=language
            )
        )

    def connect(self):
        return Terminal.connect(self.tls, ca_file=str(self.trusted))

    def shown(self):
        return ssl.get_server_certificate(("127.0.0.1", self.tls), timeout=PATIENCE)

    def logged(self, text):
        """Wait until the gateway has logged that."""
        assert self.gateway.waited(1, text), f"never logged: {text}\n" + "".join(self.gateway.printed[-30:])


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    place.library.start()
    place.gateway.start()
    yield place
    place.gateway.stop()
    place.library.kill()


def test_a_kiosk_keeps_working(place):
    with TirelessKiosk(place.connect, "M-1001", "10001") as kiosk:
        kiosk.goes_on_to("returned", 2)
        before, at_first = place.shown(), len(kiosk.said)

        place.renew()
        place.logged("renewed")
        assert place.shown() != before, "whoever comes now gets the new certificate"
        place.configure("fr")
        place.gateway.tell(signal.SIGHUP)
        place.logged("reloaded")
        kiosk.goes_on_to("returned", 2)
        assert {"lost", "refused", "off-line"}.isdisjoint(kiosk.said[at_first:]), "it has noticed nothing"

        place.sandbox.user(**ACCOUNT, status="Inactive")
        kiosk.goes_on_to("turned away")
        place.logged("account_inactive")
        place.sandbox.user(**ACCOUNT, status="Active")
        kiosk.goes_on_to("returned", 2)

        doubtful = kiosk.count("refused")
        place.library.kill()
        kiosk.goes_on_to("off-line")
        place.library.start()
        kiosk.goes_on_to("returned", 2)
        doubtful = kiosk.count("refused") - doubtful

        place.gateway.stop()
        place.gateway.start()
        kiosk.goes_on_to("returned", 2)

    kinds = [entry["kind"] for entry in place.sandbox.ledger("riverside")]
    told, answers = kiosk.loans, kiosk.count("lent")
    assert told <= kinds.count("loan") <= answers + doubtful, "no loan is lost, and none is doubled"
    assert kinds.count("return") in (kinds.count("loan"), kinds.count("loan") - 1)
