"""Certificates of terminals' endpoints and their clients: what the configuration takes, and what it refuses."""

from datetime import UTC, datetime, timedelta

import pytest
from config_pems import pem, pem_of
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from sip2gw.config import load
from sip2gw.demo.selfsigned import certificate
from sip2gw.faults import ConfigFaults
from sip2gw.tls.clients import ClientFiles
from sip2gw.wiring.configured import tls_files

LOCAL = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'


def listen(rest: str) -> str:
    return f'[[listen]]\nendpoint = "tcp:6009"\ncertificates = "tls.pem"\n{rest}\n'


def test_certificates_as_certbot_lays_them(read, tmp_path, key):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "fullchain.pem").write_bytes(pem_of(certificate(key)))
    (tmp_path / "live" / "privkey.pem").write_bytes(pem(key))
    assert (
        read('[[listen]]\nendpoint = "tcp:6009"\ncertificates = "live"').listen[0].certificates
        == tmp_path / "live"
    )


@pytest.mark.parametrize("shut", ["live", "archive"])
@pytest.mark.parametrize("called", ["live", "live/sip2.example.org"])
def test_certificates_where_the_gateway_s_user_may_not_look(lets_nobody_in, key, shut, called):
    """As certbot leaves them: both folders are root's alone."""
    live, archive = lets_nobody_in / "live" / "sip2.example.org", lets_nobody_in / "archive"
    live.mkdir(parents=True)
    archive.mkdir()
    for name, content in (("fullchain.pem", pem_of(certificate(key))), ("privkey.pem", pem(key))):
        (archive / name).write_bytes(content)
        (live / name).symlink_to(archive / name)
    file = lets_nobody_in / "sip2gw.toml"
    file.write_text(f'[[listen]]\nendpoint = "tcp:6009"\ncertificates = "{called}"')
    load(file)
    (lets_nobody_in / shut).chmod(0)
    with pytest.raises(ConfigFaults, match="can't be read: Permission denied; let the "):
        load(file)


def locked(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"locked"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda _: b"", "no private key"),
        (lambda key: pem_of(certificate(key)), "no private key"),
        (lambda key: pem(key), "no certificate"),
        (
            lambda key: pem(key) + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "no certificate",
        ),
        (
            lambda key: pem_of(certificate(key)) + pem(ec.generate_private_key(ec.SECP256R1())),
            "belongs to none",
        ),
        (lambda key: pem_of(certificate(key)) + locked(key), "password"),
        (lambda key: pem_of(certificate(key)) + pem(key).replace(b"M", b"N"), "damaged"),
        (lambda key: pem_of(certificate(key)) + pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505 (it is what must be refused)
        (lambda key: pem_of(certificate(key)) + pem(x25519.X25519PrivateKey.generate()), "does not use"),
    ],
)
def test_certificates_that_can_not_be_used(faults, tmp_path, key, content, says):
    (tmp_path / "tls.pem").write_bytes(content(key))
    found = faults('[[listen]]\nendpoint = "tcp:6009"\ncertificates = "tls.pem"')
    assert list(found) == ["listen[0].certificates"], "and no word of plain SIP2, which was not asked for"
    assert says in found["listen[0].certificates"]
    assert "PRIVATE" not in found["listen[0].certificates"]


def test_the_folder_lacks_the_key(faults, tmp_path, key):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "fullchain.pem").write_bytes(pem_of(certificate(key)))
    found = faults('[[listen]]\nendpoint = "tcp:6009"\ncertificates = "live"')
    assert "privkey.pem, which does not exist" in found["listen[0].certificates"]


def test_an_expired_certificate_still_serves(read, tmp_path, key):
    old = certificate(key, datetime.now(UTC) - timedelta(days=3000))
    (tmp_path / "tls.pem").write_bytes(pem(key) + pem_of(old))
    assert read('[[listen]]\nendpoint = "tcp:6009"\ncertificates = "tls.pem"')


def test_everything_that_can_be_said_of_tls(read, tmp_path, files):
    config = read("""
        [[listen]]
        endpoint = "tcp:6009"
        certificates = "several"
        default_certificate = "south"
        client_authorities = "ca.pem"
        client_certificates = "optional"
        client_revoked = "crl.pem"
        proxy_from = ["10.0.0.0/8", "2001:db8::17"]
    """)
    [one] = config.listen
    assert one.client_certificates == "optional"
    assert [str(network) for network in one.proxy_from] == ["10.0.0.0/8", "2001:db8::17/128"]
    made = tls_files(one)
    assert made.default == "south"
    assert made.clients == ClientFiles(tmp_path / "ca.pem", False, tmp_path / "crl.pem")


def test_a_client_certificate_is_required_unless_it_is_said_otherwise(read, files):
    assert tls_files(read(listen('client_authorities = "ca.pem"')).listen[0]).clients.required
    assert tls_files(read(listen("")).listen[0]).clients is None
    assert tls_files(read(LOCAL).listen[0]) is None


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        (listen('default_certificate = "south"'), "default_certificate", "called tls; name one"),
        (listen("").replace("tls.pem", "several"), "default_certificate", "name one of them: north, south"),
        (listen("").replace("tls.pem", "empty"), "certificates", "a folder without a certificate"),
        (LOCAL + 'default_certificate = "tls"', "default_certificate", "nothing without certificates"),
        (LOCAL + 'client_authorities = "ca.pem"', "client_authorities", "nothing without certificates"),
        (listen('client_certificates = "optional"'), "client_certificates", "without client_authorities"),
        (listen("client_certificates = true"), "client_certificates", '"required" or "optional"'),
        (listen('client_revoked = "crl.pem"'), "client_revoked", "without client_authorities"),
        (listen('client_authorities = "crl.pem"'), "client_authorities", "no certificate in PEM form"),
        (
            listen('client_authorities = "ca.pem"\nclient_revoked = "ca.pem"'),
            "client_revoked",
            "no revocation list in PEM form",
        ),
        (
            listen('client_authorities = "ca.pem"\nclient_revoked = "foreign.pem"'),
            "client_revoked",
            "none of client_authorities has signed",
        ),
        (
            listen('client_authorities = "ca.pem"\nclient_revoked = "gone.pem"'),
            "client_revoked",
            "does not exist",
        ),
        (listen('proxy_from = "10.0.0.0/8"'), "proxy_from", "must be a list of networks"),
        (listen("proxy_from = []"), "proxy_from", "must be a list of networks"),
        (listen('proxy_from = ["10.0.0.1/8"]'), "proxy_from", "host bits set"),
        (listen('proxy_from = ["balancer.example.org"]'), "proxy_from", "write for example"),
        (listen("proxy_from = [10]"), "proxy_from", "must be text, not 10"),
    ],
)
def test_invalid_keys_of_tls_are_faults(faults, files, text, place, says):
    found = faults(text)
    assert list(found) == [f"listen[0].{place}"]
    assert says in found[f"listen[0].{place}"]


def test_two_certificates_of_one_name(faults, tmp_path, files):
    folder = tmp_path / "several" / "north"
    folder.mkdir()
    (folder / "privkey.pem").write_bytes(b"")
    found = faults(listen("").replace("tls.pem", "several"))
    assert "two pairs that are both called north" in found["listen[0].certificates"]
