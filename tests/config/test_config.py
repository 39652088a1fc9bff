"""Every fault of a file is told at once, with its place and the fix; a file without faults gives what it says."""

import codecs
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from sip2gw.config import load
from sip2gw.demo.selfsigned import certificate
from sip2gw.faults import ConfigFaults
from sip2gw.librarika import Librarika, Timeouts
from sip2gw.tls.clients import ClientFiles
from sip2gw.wiring.configured import timeouts, tls_files

SMALLEST = """
[[listen]]
endpoint = "tcp:6001:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:8009/{library}/api/v1"
[admin]
endpoint = "tcp:8080:interface=127.0.0.1"
"""

NOBODY = 65534

LOCAL = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'


def pem(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem_of(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


def test_the_smallest_useful_file(read):
    config = read(SMALLEST)
    assert [str(listen.endpoint) for listen in config.listen] == ["tcp:6001:interface=127.0.0.1"]
    assert config.listen[0].certificates is None
    assert config.librarika.url == "http://127.0.0.1:8009/{library}/api/v1"
    assert (config.librarika.call(30.0), config.terminals.timeout) == (20.0, 30.0)
    assert str(config.admin.endpoint) == "tcp:8080:interface=127.0.0.1"


def test_a_key_left_out_has_its_default(read):
    config = read(LOCAL)
    assert config.librarika.url == "https://{library}.librarika.com/api/v1"
    assert config.admin is None
    assert (config.terminals.retries, config.terminals.deferred_login, config.limits.strangers) == (
        3,
        True,
        512,
    )


def test_everything_that_can_be_said(read, tmp_path, key):
    (tmp_path / "tls.pem").write_bytes(pem_of(certificate(key)) + pem(key))
    (tmp_path / "ca.pem").write_bytes(pem_of(certificate(key)))
    config = read("""
        [[listen]]
        endpoint = "tcp:6009"
        certificates = "tls.pem"
        [[listen]]
        endpoint = "tcp6:6001"
        insecure = true
        [[listen]]
        endpoint = "unix:/run/sip2gw.sock:mode=660"
        [librarika]
        url = "https://api.example.org/{library}/v1"
        call_deadline = 15
        ca_file = "ca.pem"
        [admin]
        endpoint = "tcp:8080:interface=127.0.0.1"
        [terminals]
        timeout = 21
        retries = 0
        deferred_login = false
        [limits]
        strangers = 100
        idle_deadline = 0
    """)
    assert config.listen[0].certificates == tmp_path / "tls.pem"
    assert config.listen[1].insecure
    assert config.librarika.ca_file == tmp_path / "ca.pem"
    assert (config.librarika.call_deadline, config.limits.strangers) == (15.0, 100)
    assert (config.terminals.timeout, config.terminals.deferred_login) == (21.0, False)


def test_all_faults_at_once(faults):
    found = faults("""
        lisen = 1
        [[listen]]
        endpoint = "tcp:6001"
        [[listen]]
        endpoint = "tpc:6009"
        certificats = "x"
        [[listen]]
        certificates = "nowhere.pem"
        [librarika]
        url = "http://api.example.com/"
        call_deadline = "20"
        calls = 0
        [admin]
        endpoint = 8080
        [terminals]
        retries = true
        [limits]
        keepalive = 0
        strangers = 0
        login_deadline = 0
    """)
    assert set(found) == {
        "lisen",
        "listen[0].endpoint",
        "listen[1].endpoint",
        "listen[1].certificats",
        "listen[2].endpoint",
        "listen[2].certificates",
        "librarika.url",
        "librarika.call_deadline",
        "librarika.calls",
        "admin.endpoint",
        "terminals.retries",
        "limits.keepalive",
        "limits.strangers",
        "limits.login_deadline",
    }
    assert "did you mean listen?" in found["lisen"]
    assert "did you mean certificates?" in found["listen[1].certificats"]
    assert "is missing; add endpoint =" in found["listen[2].endpoint"]
    assert "which does not exist" in found["listen[2].certificates"]
    assert "{library}" in found["librarika.url"]
    assert "in the clear" in found["librarika.url"], "both that is wrong with it"


def test_the_fault_of_an_unknown_key_lists_the_known_keys(faults):
    assert (
        "known here: account, addresses, certificates, client_authorities, client_certificates, client_revoked,"
        in faults(LOCAL + "zzz = 1")["listen[0].zzz"]
    )


@pytest.mark.parametrize(
    "text", ["", "listen = []", "[librarika]", 'listen = "tcp:6001"', "[listen]\nendpoint = 1"]
)
def test_nothing_to_listen_on(faults, text):
    assert "listen" in faults(text)


@pytest.mark.parametrize(
    "text", ["listen = [1]", LOCAL + "[[librarika]]", LOCAL + "[[admin]]", "terminals = 3\n" + LOCAL]
)
def test_a_value_that_is_not_a_table_is_a_fault(faults, text):
    (problem,) = faults(text).values()
    assert re.search("must be a (table|list of tables)", problem)


def test_the_fault_of_invalid_toml_has_line_and_column(faults):
    assert "at line 2, column" in faults("[[listen]]\nendpoint = tcp:6001\n")[""]


def test_a_file_that_is_not_utf_8_is_a_fault(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigFaults, match=r"not valid UTF-8 \(byte 5\); save it as UTF-8"):
        load(tmp_path / "latin.toml")


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(ConfigFaults, match="can't be read"):
        load(tmp_path / name)


@pytest.mark.parametrize(
    "endpoint",
    ["tcp:6001", "tcp:6001:interface=0.0.0.0", "tcp:6001:interface=192.0.2.1", "tcp6:6001",
     "systemd:domain=INET6:index=0"],
)  # fmt: skip
def test_plain_sip2_for_other_machines_must_be_asked_for(read, faults, endpoint):
    listen = f'[[listen]]\nendpoint = "{endpoint}"\n'
    found = faults(listen)
    assert list(found) == ["listen[0].endpoint"]
    assert "insecure = true" in found["listen[0].endpoint"]
    assert read(listen + "insecure = true").listen[0].insecure
    assert list(faults(listen + "insecure = false")) == ["listen[0].endpoint"]


@pytest.mark.parametrize(
    "endpoint",
    ["tcp:6001:interface=127.0.0.1", "tcp:6001:interface=127.9.9.9", "tcp:6001:interface=localhost",
     r"tcp6:6001:interface=\\:\\:1", "unix:/run/sip2gw.sock"],
)  # fmt: skip
def test_plain_sip2_on_this_machine(read, endpoint):
    assert read(f'[[listen]]\nendpoint = "{endpoint}"').listen[0].endpoint.local


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("6001", '"tcp:6001"'),
        ("tcp", "port"),
        ("tcp:sip2", "sip2"),
        ("tcp:70000", "ports are 1 to 65535"),
        ("tcp:6001:iface=127.0.0.1", "iface"),
        ("ssl:6009:privateKey=x.pem", "certificates ="),
        ("haproxy:tcp:6009", "proxy_from ="),
        ("systemd:domain=INET", "index or name"),
        ("", "write for example"),
        ("tcp:6001\\n", "write for example"),
    ],
)
def test_an_invalid_endpoint_is_a_fault(faults, endpoint, says):
    found = faults(f'[[listen]]\nendpoint = "{endpoint}"')
    assert list(found) == ["listen[0].endpoint"]
    assert says in found["listen[0].endpoint"]


def test_a_place_is_listened_on_once(faults):
    found = faults(LOCAL * 2 + '[admin]\nendpoint = "tcp:port=6001:interface=127.0.0.1"')
    assert list(found) == ["listen[1].endpoint", "admin.endpoint"]
    assert "listens where the endpoint in line 2 does" in found["admin.endpoint"]


def test_any_free_port_can_be_had_twice(read):
    assert len(read('[[listen]]\nendpoint = "tcp:0:interface=127.0.0.1"\n' * 2).listen) == 2


@pytest.mark.parametrize(
    "url",
    ["https://api.example.org/", "https://{library}.{plan}.example.org", "https://{library}.example.org/{library}",
     "ftp://{library}.example.org", "{library}", "https:///{library}", "https://me:secret@example.org/{library}",
     "https://example.org/{library}?a=b", "https://example.org/{library}#a", "https://example.org:port/{library}",
     "https://[::1/{library}", "https://example.org/{library", "http://{library}.example.org/api",
     "http://192.0.2.1/{library}"],
)  # fmt: skip
def test_an_invalid_url_of_the_api_is_a_fault(faults, url):
    found = faults(LOCAL + f'[librarika]\nurl = "{url}"')
    assert list(found) == ["librarika.url"]
    assert "secret" not in found["librarika.url"]


@pytest.mark.parametrize(
    "url",
    ["https://{library}.librarika.com/api/v1", "https://{library}.example.org:8443/", "https://192.0.2.1/{library}",
     "http://127.0.0.1:8009/{library}/api/v1", "http://[::1]:8009/{library}", "http://{library}.localhost:8009/api",
     "http://[::ffff:127.0.0.1]:8009/{library}"],
)  # fmt: skip
def test_a_url_that_passes_suits_the_adapter(read, url):
    from twisted.internet.task import Clock

    assert Librarika(Clock(), read(LOCAL + f'[librarika]\nurl = "{url}"').librarika.url)


@pytest.mark.parametrize("value", ['"20"', "true", "0", "-1", "inf", "nan", "1e9", "[]", "2026-01-01"])
def test_an_invalid_deadline_is_a_fault(faults, value):
    assert list(faults(LOCAL + f"[librarika]\ncall_deadline = {value}")) == ["librarika.call_deadline"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout", "0"), ("timeout", "99.9"), ("retries", "-1"), ("retries", "999"), ("retries", "3.0"),
     ("deferred_login", "1"), ("deferred_login", '"yes"')],
)  # fmt: skip
def test_contradicting_settings_for_terminals_are_faults(faults, name, value):
    assert list(faults(LOCAL + f"[terminals]\n{name} = {value}")) == [f"terminals.{name}"]


def test_an_answer_comes_before_the_terminal_gives_up(read, faults):
    assert read(LOCAL + "[terminals]\ntimeout = 25").librarika.call(25.0) == 16.0
    assert read(LOCAL + "[terminals]\ntimeout = 90").librarika.call(90.0) == 20.0
    assert "terminals.timeout" in faults(LOCAL + "[terminals]\ntimeout = 5")
    assert "librarika.call_deadline" in faults(LOCAL + "[librarika]\ncall_deadline = 25")
    assert read(LOCAL + "[librarika]\ncall_deadline = 24.9")
    assert read(LOCAL + "[librarika]\ncall_deadline = 25\n[terminals]\ntimeout = 30.1")


def test_a_fault_in_one_deadline_adds_no_fault_of_another(faults):
    assert list(faults(LOCAL + '[librarika]\ncall_deadline = 60\n[terminals]\ntimeout = "90"')) == [
        "terminals.timeout"
    ]


def test_no_part_of_a_short_call_takes_more_than_half_of_it(read):
    assert timeouts(read(LOCAL + "[librarika]\ncall_deadline = 2")) == Timeouts(1.0, 1.0, 2.0, 1.0)
    assert timeouts(read(LOCAL + "[librarika]\ncall_deadline = 24")) == Timeouts(3.0, 10.0, 24.0, 3.0)


@pytest.mark.parametrize(
    ("table", "key"), [("limits", "line"), ("librarika", "retry_share"), ("log", "waiting")]
)
def test_a_constant_of_the_gateway_is_an_unknown_key(faults, table, key):
    assert "is an unknown key" in faults(LOCAL + f"[{table}]\n{key} = 512")[f"{table}.{key}"]


def test_certificates_as_certbot_lays_them(read, tmp_path, key):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "fullchain.pem").write_bytes(pem_of(certificate(key)))
    (tmp_path / "live" / "privkey.pem").write_bytes(pem(key))
    assert (
        read('[[listen]]\nendpoint = "tcp:6009"\ncertificates = "live"').listen[0].certificates
        == tmp_path / "live"
    )


@pytest.fixture
def lets_nobody_in():
    """A folder below which modes count: also root does without its rights in there."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        user = os.geteuid()
        codecs.lookup("utf-8-sig")  # else Python looks for it later, perhaps where only root may
        if not user:
            os.chown(folder, NOBODY, -1)
            os.seteuid(NOBODY)
        yield Path(folder)
        for place in Path(folder).iterdir():
            place.chmod(0o700)
        os.seteuid(user)


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


@pytest.mark.parametrize(
    "content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_authorities_that_can_not_be_used(faults, tmp_path, content):
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    assert list(faults(LOCAL + '[librarika]\nca_file = "ca.pem"')) == ["librarika.ca_file"]


def listen(rest: str) -> str:
    return f'[[listen]]\nendpoint = "tcp:6009"\ncertificates = "tls.pem"\n{rest}\n'


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


TOML = re.compile(r"^```(?:{code-block} )?toml\n(.*?)^```", re.M | re.S)
SNIPPETS = [
    pytest.param(snippet, id=f"{page.stem}-{number}")
    for page in sorted((Path(__file__).parents[2] / "docs").rglob("*.md"))
    for number, snippet in enumerate(
        re.findall(r"^```(?:{code-block} )?toml\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    )
]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_configurations_in_the_manual_are_valid(read, tmp_path, files, snippet):
    (tmp_path / "libraries.d").mkdir()
    (tmp_path / "libraries.d" / "riverside.toml").write_text('[[libraries]]\nnickname = "riverside"')
    (tmp_path / "live" / "sip2.example.org").mkdir(parents=True)
    both = (tmp_path / "tls.pem").read_bytes()
    for name in ("fullchain.pem", "privkey.pem"):
        (tmp_path / "live" / "sip2.example.org" / name).write_bytes(both)
    for name in ("riverside.password", "hillcrest.password", "database-password"):
        (tmp_path / name).write_text("secret")
    (tmp_path / "sip2gw.key").write_text("5a" * 32)
    (tmp_path / "sip2gw.key").chmod(0o600)
    snippet = re.sub("/etc/letsencrypt/|/etc/sip2gw/|/var/lib/sip2gw/", "", snippet)
    read(snippet if "[[listen]]" in snippet else LOCAL + snippet)


def test_a_library_s_tables_need_a_library(faults):
    found = faults(LOCAL + '[libraries.texts]\nrenewed = "Done!"')
    assert "begin each library with [[libraries]]" in found["libraries"]


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


def test_the_keys_of_the_log_are_read_and_checked(read, faults):
    config = read(LOCAL + '[log]\nlevel = "debug"\nitems = true\n')
    assert (config.log.level, config.log.items) == ("debug", True)
    found = faults(LOCAL + '[log]\nlevel = "all"\n[security]\nreadable_secrets = true')
    assert list(found) == ["log.level", "security.readable_secrets"]
