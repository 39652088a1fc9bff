"""`[store]`, `[process]`, service accounts of libraries, and what becomes of writes while a library is down."""

import base64
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation.profile import WhenDown
from sip2gw.circulation.profiles import BUILT_IN
from sip2gw.circulation.settings import LibrarySettings, Settings
from sip2gw.config import load
from sip2gw.config.key_file import MOST_KEYS, kept_keys, keys_in
from sip2gw.faults import ConfigFaults, Wrong

BEFORE = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
URL = "postgresql://sip2gw@db.example.org/sip2gw?sslmode=verify-full"
RIVERSIDE = '[[libraries]]\nnickname = "riverside"\n'
KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def _secrets(tmp_path: Path):
    """A key and a password beside the file."""
    (tmp_path / "key").write_text(KEY.hex())
    (tmp_path / "password").write_text("open sesame\n")


@pytest.fixture
def faults(faults):
    """The faults of a text by place, none of which shows the password."""

    def checked(text: str) -> dict[str, str]:
        found = faults(text)
        assert "sesame" not in str(found)
        return found

    return checked


def test_a_file_of_the_store_is_relative_to_the_configuration(read, tmp_path):
    store = read('[store]\npath = "kept.sqlite3"').store
    assert store.file({}) == tmp_path / "kept.sqlite3"
    assert store.key({}) == tmp_path / "sip2gw.key"
    assert read('[store]\npath = "kept.sqlite3"\nkey_file = "key"').store.key({}) == tmp_path / "key"


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"STATE_DIRECTORY": "/var/lib/sip2gw", "XDG_STATE_HOME": "/x"}, "/var/lib/sip2gw"),
        ({"STATE_DIRECTORY": "/var/lib/sip2gw:/var/lib/other"}, "/var/lib/sip2gw"),
        ({"XDG_STATE_HOME": "/x"}, "/x/sip2gw"),
        ({"XDG_STATE_HOME": "x"}, str(Path.home() / ".local/state/sip2gw")),
    ],
)
def test_a_store_without_keys_is_in_the_state_folder(read, environment, folder):
    store = read("").store
    assert str(store.file(environment)) == f"{folder}/sip2gw.sqlite3"
    assert str(store.key(environment)) == f"{folder}/sip2gw.key"


def test_a_database_of_postgresql_has_no_file(read, tmp_path):
    store = read(f'[store]\nurl = "{URL}"\nkey_file = "key"\npassword_file = "password"').store
    assert (store.url, store.file({}), store.key({})) == (URL, None, tmp_path / "key")
    assert store.password_file == tmp_path / "password"


@pytest.mark.parametrize(
    "url",
    ["postgresql:///sip2gw", "postgresql://localhost/sip2gw", "postgres://me@127.0.0.1:5432/sip2gw",
     "postgresql://[::1]:5432/sip2gw", "postgresql:///sip2gw?host=/run/postgresql",
     "postgresql://%2Frun%2Fpostgresql/sip2gw", "postgresql://127.0.0.1:1,localhost:2/sip2gw",
     "postgresql://db.example.org/?dbname=sip2gw&sslmode=require"],
)  # fmt: skip
def test_a_url_of_this_machine_or_with_sslmode_is_accepted(read, url):
    assert read(f'[store]\nurl = "{url}"\nkey_file = "key"').store.url == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://localhost/sip2gw", "begins with postgresql://"),
        ("localhost/sip2gw", "begins with postgresql://"),
        ("postgresql://me:sesame@localhost/sip2gw", "has a password"),
        ("postgresql://localhost/sip2gw?password=sesame", "has a password"),
        ("postgresql://me:sesame@[::1/sip2gw", "is not a URL;"),
        ("postgresql://localhost", "names no database"),
        ("postgresql://db.example.org/sip2gw", "without TLS"),
        ("postgresql://192.0.2.1:5432/sip2gw", "without TLS"),
        ("postgresql://[2001:db8::1]/sip2gw", "without TLS"),
        ("postgresql://localhost,db.example.org/sip2gw", "without TLS"),
        ("postgresql:///sip2gw?host=db.example.org", "without TLS"),
        ("", "must be text"),
    ],
)
def test_an_invalid_url_of_the_store_is_a_fault(faults, url, says):
    found = faults(f'[store]\nurl = "{url}"\nkey_file = "key"')
    assert list(found) == ["store.url"]
    assert says in found["store.url"]


@pytest.mark.parametrize(
    ("keys", "place", "says"),
    [
        (f'path = "a"\nurl = "{URL}"\nkey_file = "key"', "store.url", "means nothing with path"),
        (f'url = "{URL}"', "store.url", "needs a key_file"),
        ('password_file = "password"', "store.password_file", "means nothing without url"),
        ('path = "."', "store.path", 'a folder; name a file in it, such as "'),
        ('path = "missing/kept.sqlite3"', "store.path", "in a folder that does not exist"),
        ("path = 1", "store.path", "must be text"),
        ('key_file = "missing"', "store.key_file", "can't be read: No such file"),
        ('key_file = "password"', "store.key_file", "has no 32 bytes in hexadecimal or base64"),
        ('key_fil = "key"', "store.key_fil", "did you mean key_file?"),
    ],
)
def test_keys_of_the_store_that_do_not_fit_are_faults(faults, keys, place, says):
    found = faults(f"[store]\n{keys}")
    assert list(found) == [place]
    assert says in found[place]


@pytest.mark.parametrize("secret", ["store.key_file", "store.password_file", "admin.token_file"])
def test_a_secret_that_the_user_may_not_read_is_not_to_be_made_again(lets_nobody_in, secret):
    """A new key in place of the old one would make what is stored unreadable."""
    for name in ("key", "password", "token"):
        (lets_nobody_in / name).write_text("5a" * 32)
        (lets_nobody_in / name).chmod(0 if name in secret else 0o600)
    file = lets_nobody_in / "sip2gw.toml"
    file.write_text(
        '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
        '[admin]\nendpoint = "tcp:8080:interface=127.0.0.1"\ntoken_file = "token"\n'
        f'[store]\nurl = "{URL}"\nkey_file = "key"\npassword_file = "password"\n'
    )
    with pytest.raises(
        ConfigFaults, match="can't be read: Permission denied; let the user with the number "
    ) as found:
        load(file)
    assert secret in str(found.value)


@pytest.mark.parametrize("name", ["key", "password"])
def test_a_secret_of_the_store_that_all_can_read_is_a_fault(faults, tmp_path, name):
    (tmp_path / name).chmod(0o644)
    found = faults(f'[store]\nurl = "{URL}"\nkey_file = "key"\npassword_file = "password"')
    assert list(found) == [f"store.{name}_file"]
    assert "every user of this machine can read" in found[f"store.{name}_file"]


def test_a_key_beside_the_store_that_all_can_read_is_a_fault(faults, tmp_path):
    (tmp_path / "sip2gw.key").write_text(KEY.hex())
    (tmp_path / "sip2gw.key").chmod(0o644)
    assert list(faults('[store]\npath = "kept.sqlite3"')) == ["store.key_file"]


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_read_from_hexadecimal_and_base64(tmp_path_factory, key):
    path = tmp_path_factory.getbasetemp() / "a.key"
    for written in (key.hex(), key.hex().upper(), base64.b64encode(key).decode() + "\n"):
        path.write_text(written)
        assert [one.reveal() for one in keys_in(path)] == [key.hex()]


@given(st.binary(max_size=100))
def test_any_file_is_a_key_or_a_fault_that_does_not_show_it(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.key"
    path.write_bytes(content)
    faults = set()
    try:
        assert all(len(bytes.fromhex(key.reveal())) == 32 for key in keys_in(path))
    except Wrong as wrong:
        faults.add(re.sub(r", line \d+,", ",", wrong.problem))
    assert faults <= {
        f"is {path}, which is not ASCII text",
        f"is {path}, which is empty",
        f"is {path}, which has no 32 bytes in hexadecimal or base64",
    }


def test_keys_that_were_replaced_follow_the_newest(tmp_path):
    path = tmp_path / "a.key"
    path.write_text(f"{'ab' * 32}\n\n{base64.b64encode(KEY).decode()}\n")
    assert [key.reveal() for key in keys_in(path)] == ["ab" * 32, KEY.hex()]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["ab" * 32, "cd" * 31], "keys, line 2, which has no 32 bytes in hexadecimal or base64"),
        (["ab" * 32, "AB" * 32], "has one key twice"),
        ([f"{number:064x}" for number in range(MOST_KEYS + 1)], "has more than 8 keys"),
        ([""], "which is empty"),
    ],
)
def test_several_keys_that_can_not_be_used_are_a_fault(faults, tmp_path, lines, says):
    (tmp_path / "keys").write_text("\n".join(lines))
    found = faults('[store]\nkey_file = "keys"')
    assert list(found) == ["store.key_file"]
    assert says in found["store.key_file"]
    assert "ab" * 8 not in found["store.key_file"].lower()


def test_a_key_that_is_missing_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "state" / "sip2gw.key"
    path.parent.mkdir()
    with ThreadPoolExecutor(8) as pool:
        made = {key.reveal() for (key,) in pool.map(kept_keys, [path] * 8)}
    assert len(made) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["sip2gw.key"]
    assert kept_keys(path) == keys_in(path)


def test_a_damaged_key_is_never_replaced(tmp_path):
    path = tmp_path / "sip2gw.key"
    path.write_text("damaged")
    with pytest.raises(Wrong, match="has no 32 bytes"):
        kept_keys(path)
    assert path.read_text() == "damaged"


def test_workers_are_one_a_number_or_one_for_each_core(read):
    assert read("").process.workers == 1
    assert read("[process]\nworkers = 64").process.workers == 64
    assert 1 <= read('[process]\nworkers = "auto"').process.workers <= 64


@pytest.mark.parametrize("value", ["0", "65", "-1", "1.5", "true", '"2"', '"all"', "[]"])
def test_an_invalid_number_of_workers_is_a_fault(faults, value):
    assert list(faults(f"[process]\nworkers = {value}")) == ["process.workers"]


def test_a_service_account_belongs_to_its_library(read, tmp_path):
    text = RIVERSIDE + 'account = "gateway@riverside.example"\npassword_file = "password"\n'
    (account,) = read(text + '[[libraries]]\nnickname = "hillcrest"').service_accounts
    assert (account.library, account.account) == ("riverside", "gateway@riverside.example")
    assert account.password_file == tmp_path / "password"


@pytest.mark.parametrize(
    ("keys", "place", "says"),
    [
        ('account = "x"', "account", "means nothing without password_file"),
        ('password_file = "password"', "password_file", "means nothing without account"),
        ('account = ""\npassword_file = "password"', "account", "must be text"),
        ('account = "x"\npassword_file = "missing"', "password_file", "can't be read"),
    ],
)
def test_half_a_service_account_is_a_fault(faults, keys, place, says):
    found = faults(RIVERSIDE + keys)
    assert list(found) == [f"libraries[0].{place}"]
    assert says in found[f"libraries[0].{place}"]


def test_a_service_account_s_password_that_all_can_read_is_a_fault(faults, tmp_path):
    (tmp_path / "password").chmod(0o644)
    assert list(faults(RIVERSIDE + 'account = "x"\npassword_file = "password"')) == [
        "libraries[0].password_file"
    ]


def test_machines_that_have_the_item_accept_returns_while_down():
    accepting = {
        name for name in BUILT_IN if _profile(Settings(), name).checkin_when_down is WhenDown.JOURNAL
    }
    assert accepting == {"return-station", "book-drop", "sorter-cl", "sorter-cv"}
    assert all(_profile(Settings(), name).fee_when_down is WhenDown.JOURNAL for name in BUILT_IN)


def test_what_becomes_of_writes_while_down_is_set_in_a_profile(read, faults):
    own = '[profiles.own]\ncheckin_when_down = "journal"\nfee_when_down = "refuse"'
    profile = _profile(read(own).settings, "own")
    assert (profile.checkin_when_down, profile.fee_when_down) == (WhenDown.JOURNAL, WhenDown.REFUSE)
    assert (
        'did you mean "journal"?'
        in faults(own.replace('"journal"', '"jurnal"'))["profiles.own.checkin_when_down"]
    )
    drop = '[profiles.own]\nlike = "book-drop"\nfee_when_down = "refuse"'
    assert "is for 37" in faults(drop)["profiles.own.fee_when_down"]


def _profile(settings: Settings, name: str):
    libraries = {"x": LibrarySettings("x", name)}
    return Settings(settings.profiles, libraries).effective("x", "", "").profile


def test_a_database_needs_its_package(faults, read, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    found = faults(f'[store]\nurl = "{URL}"\nkey_file = "key"')
    assert list(found) == ["store.url"]
    assert "psycopg" in found["store.url"]
    assert read('[store]\npath = "kept.sqlite3"').store.url is None
