"""Who may log in, and what stands for them at the API, show themselves nowhere, and are compared in one time."""

import pickle

import pytest

from sip2gw.librarika.http.structuring import structured
from sip2gw.librarika.records import Tokens
from sip2gw.library import Credentials
from sip2gw.secret import Secret

CANARY = "qX7zK9wVj2Hp"

HOLDERS = [
    Credentials(CANARY, CANARY),
    structured({"access_token": CANARY, "expires_in": 60, "refresh_token": CANARY}, Tokens),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_a_holder_of_a_secret_is_not_shown_and_not_pickled(holder):
    for shown in (repr(holder), str(holder), f"{holder}", f"{holder!r:>200}"):
        assert CANARY not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(holder)


def test_credentials_are_equal_as_what_is_in_them_is():
    assert Credentials("kiosk", "one") == Credentials("kiosk", Secret("one"))
    assert Credentials("kiosk", "one") != Credentials("kiosk", "two")
    assert hash(Credentials("kiosk", "one")) == hash(Credentials("kiosk", "one"))
    assert Secret("one") != "one"
