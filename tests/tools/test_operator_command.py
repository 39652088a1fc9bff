"""`sip2gw operator`: accounts are added, listed and removed; a password that can't be used is refused."""

import json

import pytest
from click.testing import CliRunner

from sip2gw.board import operators
from sip2gw.secret import Secret
from sip2gw.store.upkeep import bring_up_to_date, run_once
from sip2gw.tools.operator import operator

PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path):
    """A store with its tables."""
    bring_up_to_date(tmp_path / "store")
    return tmp_path / "store"


def run(*arguments, given=None):
    return CliRunner().invoke(operator, [str(one) for one in arguments], input=given)


def test_an_added_account_has_the_password_that_was_typed(store):
    result = run("add", "ann", "--store", store, given=f"{PASSWORD}\n{PASSWORD}\n")
    assert (result.exit_code, PASSWORD in result.output) == (0, False)
    kept = run_once(store, lambda tx: operators.kept_hash(tx, "ann"), write=False)
    assert kept.startswith("$argon2id$v=19$")
    assert operators.fits(Secret(PASSWORD), kept)
    assert not operators.fits(Secret("another password"), kept)
    assert not operators.fits(Secret(PASSWORD), None)
    audit = run_once(store, lambda tx: tx.rows("SELECT what, subject FROM audit"), write=False)
    assert [tuple(row.values()) for row in audit] == [("account kept", "ann")]


def test_a_password_from_standard_input_replaces_the_old_one(store):
    for password in ("the first password", PASSWORD):
        assert run("add", "ann", "--store", store, "--password-file", "-", given=password).exit_code == 0
    assert [one["name"] for one in json.loads(run("list", "--store", store, "--json").stdout)] == ["ann"]
    assert operators.fits(
        Secret(PASSWORD), run_once(store, lambda tx: operators.kept_hash(tx, "ann"), write=False)
    )


@pytest.mark.parametrize("name", ["", "a b", "<b>", "link 1", "x" * 65, "-ann"])
def test_a_name_that_can_not_be_one_is_refused(store, name):
    result = run("add", "--store", store, "--password-file", "-", "--", name, given=PASSWORD)
    assert result.exit_code == 1
    assert "a name has" in result.output


def test_a_short_password_is_refused(store):
    result = run("add", "ann", "--store", store, "--password-file", "-", given="short")
    assert (result.exit_code, "12 to 200 characters" in result.output) == (1, True)
    assert run("list", "--store", store).stdout == ""


def test_a_removed_account_is_gone_and_a_missing_one_reported(store):
    run("add", "ann", "--store", store, "--password-file", "-", given=PASSWORD)
    assert run("remove", "ann", "--store", store).exit_code == 0
    assert run("remove", "ann", "--store", store).exit_code == 1


def test_without_a_store_the_command_says_where_it_comes_from(tmp_path):
    assert run("list").exit_code == 2
    result = run("list", "--store", tmp_path / "none")
    assert (result.exit_code, "the gateway makes it when it starts" in result.output) == (1, True)
