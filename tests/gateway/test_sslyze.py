"""What a scanner that knows the attacks finds: nothing. sslyze judges a listener by Mozilla's intermediate profile."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from twisted.internet.threads import deferToThread

from sip2gw.tls.contexts import TLSFiles

from .servers import AServer

HERE = Path(__file__).parents[2] / ".venv-tls" / "bin" / "sslyze"
SSLYZE = shutil.which(os.environ.get("SIP2GW_SSLYZE") or HERE)

FINDINGS = {
    "Deflate Compression": "OK - Compression disabled",
    "OpenSSL Heartbleed": "OK - Not vulnerable",
    "OpenSSL CCS Injection": "OK - Not vulnerable",
    "ROBOT Attack": "OK - Not vulnerable",
    "Client Renegotiation DoS Attack": "OK - Not vulnerable",
    "Secure Renegotiation": "OK - Supported",
    "TLS_FALLBACK_SCSV": "OK - Supported",
    "TLS 1.0 Cipher Suites": "the server rejected all cipher suites",
    "TLS 1.1 Cipher Suites": "the server rejected all cipher suites",
    "SSL 2.0 Cipher Suites": "the server rejected all cipher suites",
    "SSL 3.0 Cipher Suites": "the server rejected all cipher suites",
}
"""What stands in its report after each of these."""


@pytest.mark.skipif(SSLYZE is None, reason="no sslyze: name one in SIP2GW_SSLYZE (`make unit` installs one)")
class SslyzeTests(AServer):
    async def test_F13_F15_sslyze_accepts_the_intermediate_profile_of_mozilla(self) -> None:
        self.authority.write_pair(self.folder / "tls.pem", "localhost")
        (self.folder / "ca.pem").write_bytes(self.authority.pem)
        self.serve(TLSFiles(self.folder / "tls.pem"))
        command = [
            str(SSLYZE),
            "--mozilla_config=intermediate",
            f"--certinfo_ca_file={self.folder / 'ca.pem'}",
            f"localhost:{self.port}",
        ]
        found = await deferToThread(subprocess.run, command, capture_output=True, text=True, timeout=120)
        assert "OK - Compliant." in found.stdout, found.stdout + found.stderr
        assert found.returncode == 0
        report = " ".join(found.stdout.split())
        for what, finding in FINDINGS.items():
            assert finding in report.partition(f"{what}:")[2][:200], what
        assert self.handshakes("ok") > 3
        assert not any("log_failure" in event for event in self.told)
        assert len(self.said()) < 60, "four hundred failed handshakes are not worth four hundred lines"
