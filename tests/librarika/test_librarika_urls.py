"""No nickname and no identifier changes where a request goes."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.librarika.http.urls import ReadyURL, Template, checked_nickname
from sip2gw.library import Refused

EVIL = [
    "",
    "evil.com/x",
    "evil.com#",
    "x@evil.com",
    "..",
    "a.b",
    "A",
    "é",
    "a_b",
    "-a",
    "a-",
    "a" * 64,
    "a\n",
    "a/../b",
    "%2e",
]


@pytest.mark.parametrize("text", EVIL)
def test_F72_what_is_no_nickname(text: str) -> None:
    with pytest.raises(Refused) as caught:
        checked_nickname(text)
    assert caught.value.code == "library_not_found"
    with pytest.raises(Refused):
        Template("https://{library}.librarika.com/api/v1").base(text)


@given(st.text())
def test_F72_any_nickname_is_one_label_or_refused(text: str) -> None:
    try:
        base = Template("https://{library}.librarika.com/api/v1").base(text)
    except Refused:
        return
    assert base == f"https://{text}.librarika.com/api/v1"
    assert urlsplit(base).hostname == f"{text}.librarika.com"


@pytest.mark.parametrize(
    ("template", "base"),
    [
        ("https://{library}.librarika.com/api/v1", "https://riverside.librarika.com/api/v1"),
        ("https://{library}.librarika.com/", "https://riverside.librarika.com"),
        ("https://api.example:8443/{library}/api/v1/", "https://api.example:8443/riverside/api/v1"),
        ("http://127.0.0.1:8009/{library}/api/v1", "http://127.0.0.1:8009/riverside/api/v1"),
        ("http://[::1]:8009/{library}", "http://[::1]:8009/riverside"),
        ("http://localhost/{library}", "http://localhost/riverside"),
        ("http://{library}.localhost:81", "http://riverside.localhost:81"),
    ],
)
def test_bases(template: str, base: str) -> None:
    assert Template(template).base("riverside") == base


@pytest.mark.parametrize(
    ("template", "fix"),
    [
        ("https://librarika.com/api/v1", "exactly once"),
        ("https://{library}.librarika.com/{library}", "exactly once"),
        ("http://{library}.librarika.com/api/v1", "write https"),
        ("http://10.0.0.1/{library}", "write https"),
        ("http://127.0.0.1.evil.com/{library}", "write https"),
        ("ftp://{library}.librarika.com/", "write https"),
        ("{library}.librarika.com/", "write https"),
        ("https:///{library}", "write https"),
        ("https://user:word@librarika.com/{library}", "user name"),
        ("https://user@librarika.com/{library}", "user name"),
        ("https://librarika.com/?{library}", "query"),
        ("https://librarika.com/#{library}", "fragment"),
        ("https://librarika.com:{library}/", "not a URL"),
        ("{library}://librarika.com/", "host or the path"),
        ("https://bücher.example/{library}", "ASCII"),
        ("https://librarika.com/a b/{library}", "ASCII"),
        ("", "ASCII"),
    ],
)
def test_templates_that_are_refused(template: str, fix: str) -> None:
    with pytest.raises(ValueError, match=fix):
        Template(template)


class TreqTakesIt(SynchronousTestCase):
    """`ReadyURL` relies on how treq uses a URL."""

    def test_text_goes_out_as_it_is(self) -> None:
        asked = []

        class Agent:
            def request(
                self, method: bytes, uri: bytes, headers: object = None, bodyProducer: object = None
            ) -> object:
                asked.append((method, uri))
                return Deferred()

        text = "https://riverside.librarika.com/api/v1/members?member_no=a%2Fb%3F%20c"
        HTTPClient(Agent()).request("GET", ReadyURL(text), allow_redirects=False, unbuffered=True)
        self.assertEqual(asked, [(b"GET", text.encode())])
