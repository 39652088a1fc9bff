"""The transcripts are true: each is played against the demo, over TLS, and every answer is as it is written."""

from pathlib import Path

import pytest

from sip2gw.circulation.profiles import BUILT_IN
from sip2gw.tools.address import Address
from sip2gw.tools.connection import Connection
from sip2gw.tools.transcript import play, read

TRANSCRIPTS = sorted((Path(__file__).parent.parent / "transcripts").glob("*.txt"))


def mismatches(demo, path):
    """Where the answers are others than those in the file."""
    address = Address(host="localhost", port=demo.tls_port, ca_file=str(demo.ca_file))
    with Connection(address, timeout=20) as connection:
        return [f"{path.name}, {wrong}" for wrong in play(read(path.read_text("utf-8")), connection)]


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_each_transcript(demo, path):
    demo.reset()
    assert not mismatches(demo, path)


def test_all_of_them_one_after_the_other(demo):
    """As the manual has them played, from the demo's first moment."""
    demo.reset()
    assert not [wrong for path in TRANSCRIPTS for wrong in mismatches(demo, path)]


@pytest.mark.parametrize("profile", BUILT_IN)
def test_each_class_of_device_has_one(profile):
    text = "".join(path.read_text("utf-8") for path in TRANSCRIPTS)
    assert f"|CP{profile}|" in text
    assert f"Profile {profile}." in text
