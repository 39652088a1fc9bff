"""Configurations are written to files with secrets, and loaded."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from config_pems import pem, pem_of
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from sip2gw.config import Config, load
from sip2gw.demo.selfsigned import certificate
from sip2gw.faults import ConfigFaults


@pytest.fixture(autouse=True)
def _private():
    """Keys are written for their owner alone."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def read(tmp_path: Path, request):
    """Load a text as a file, with the module's `BEFORE` before it, unless it has a listener of its own."""
    before = getattr(request.module, "BEFORE", "")

    def read(text: str) -> Config:
        path = tmp_path / "sip2gw.toml"
        path.write_text(text if "[[listen]]" in text else before + text, encoding="utf-8")
        return load(path)

    return read


@pytest.fixture
def faults(read):
    """The faults of a text: what is wrong and the fix, by place."""

    def faults(text: str) -> dict[str, str]:
        with pytest.raises(ConfigFaults) as raised:
            read(text)
        found = raised.value.faults
        assert len({fault.place for fault in found}) == len(found), found
        assert all(fault.fix for fault in found)
        for fault, line in zip(found, str(raised.value).splitlines(), strict=True):
            where = f"sip2gw.toml:{fault.line}" if fault.line else "sip2gw.toml"
            assert line.endswith(f"{where}: {fault}")
        return {fault.place: f"{fault.problem}; {fault.fix}" for fault in found}

    return faults


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def files(tmp_path, key):
    """A pair, a folder of two, authorities, and a revocation list."""
    both = pem(key) + pem_of(certificate(key))
    (tmp_path / "tls.pem").write_bytes(both)
    (tmp_path / "several").mkdir()
    for name in ("north.pem", "south.pem"):
        (tmp_path / "several" / name).write_bytes(both)
    (tmp_path / "empty").mkdir()
    (tmp_path / "ca.pem").write_bytes(pem_of(certificate(key)))
    now = datetime.now(UTC)
    for name, signer in (("crl.pem", key), ("foreign.pem", ec.generate_private_key(ec.SECP256R1()))):
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(certificate(key).subject)
            .last_update(now)
            .next_update(now + timedelta(days=30))
            .sign(signer, SHA256())
        )
        (tmp_path / name).write_bytes(crl.public_bytes(Encoding.PEM))
