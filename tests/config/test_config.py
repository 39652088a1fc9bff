"""Every fault of a file is told at once, with its place and the fix; a file without faults gives what it says."""

import re
from pathlib import Path

import pytest
from config_pems import pem, pem_of

from sip2gw.config import load
from sip2gw.demo.selfsigned import certificate
from sip2gw.faults import ConfigFaults
from sip2gw.librarika import Librarika, Timeouts
from sip2gw.wiring.configured import timeouts

SMALLEST = """
[[listen]]
endpoint = "tcp:6001:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:8009/{library}/api/v1"
[admin]
endpoint = "tcp:8080:interface=127.0.0.1"
"""

LOCAL = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'


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


@pytest.mark.parametrize(
    "content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_authorities_that_can_not_be_used(faults, tmp_path, content):
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    assert list(faults(LOCAL + '[librarika]\nca_file = "ca.pem"')) == ["librarika.ca_file"]


def test_a_library_s_tables_need_a_library(faults):
    found = faults(LOCAL + '[libraries.texts]\nrenewed = "Done!"')
    assert "begin each library with [[libraries]]" in found["libraries"]


def test_the_keys_of_the_log_are_read_and_checked(read, faults):
    config = read(LOCAL + '[log]\nlevel = "debug"\nitems = true\n')
    assert (config.log.level, config.log.items) == ("debug", True)
    found = faults(LOCAL + '[log]\nlevel = "all"\n[security]\nreadable_secrets = true')
    assert list(found) == ["log.level", "security.readable_secrets"]
