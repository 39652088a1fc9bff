"""Files with secrets: none of them may be readable for every user of the machine."""

from pathlib import Path

import pytest
from config_pems import pem, pem_of
from cryptography.hazmat.primitives.asymmetric import ec

from sip2gw.demo.selfsigned import certificate

LOCAL = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'


@pytest.fixture
def secrets(tmp_path: Path) -> str:
    """A configuration whose key and token everybody can read."""
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "fullchain.pem").write_bytes(pem_of(certificate(key)))
    (tmp_path / "live" / "privkey.pem").write_bytes(pem(key))
    (tmp_path / "token").write_text("0123456789abcdef" * 2 + "\n")
    for name in ("live/fullchain.pem", "live/privkey.pem", "token"):
        (tmp_path / name).chmod(0o644)
    return """
        [[listen]]
        endpoint = "tcp:6009"
        certificates = "live"
        [admin]
        endpoint = "tcp:8080"
        token_file = "token"
    """


def test_F100_secrets_that_everybody_can_read_are_refused(tmp_path, read, faults, secrets):
    found = faults(secrets)
    assert list(found) == ["listen[0].certificates", "admin.token_file"]
    for path, problem in zip(("live/privkey.pem", "token"), found.values(), strict=True):
        assert f"{tmp_path / path}, which every user of this machine can read; chmod o= " in problem
        assert 'readable_secrets = "warn"' in problem
        (tmp_path / path).chmod(0o602)
    assert list(faults(secrets)) == list(found), "who may write there may put another one there"
    for path in ("live/privkey.pem", "token"):
        (tmp_path / path).chmod(0o640)
    assert read(secrets).warnings == ()


def test_F100_or_warned_of_by_setting(tmp_path, read, secrets):
    config = read(secrets + '[security]\nreadable_secrets = "warn"')
    assert [warning.partition(" ")[0] for warning in config.warnings] == [
        "listen[0].certificates",
        "admin.token_file",
    ]
    assert all("every user of this machine can read" in warning for warning in config.warnings)


def test_the_admin_endpoint_is_for_this_machine_or_has_a_token(tmp_path, faults):
    found = faults(LOCAL + '[admin]\nendpoint = "tcp:8080"')
    assert "other machines" in found["admin.endpoint"]
    (tmp_path / "token").write_text("0123456789abcdef")
    for name, wrong in (("token", "no token of 32 characters"), ("missing", "No such file")):
        found = faults(LOCAL + f'[admin]\nendpoint = "tcp:8080"\ntoken_file = "{name}"')
        assert list(found) == ["admin.token_file"]
        assert wrong in found["admin.token_file"]
        assert "0123456789abcdef" not in found["admin.token_file"]
