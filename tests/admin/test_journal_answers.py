"""Any question about the journal, however odd, gets one of the declared answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.direct import Direct, direct
from twisted.internet.defer import Deferred

from sip2gw.admin.health import Content
from sip2gw.admin.journal import Question
from sip2gw.admin.journal_answers import answer
from sip2gw.journal.people import ACTIONS


class Accounts:
    """No account is open."""

    def waits_for(self, _: str) -> str:
        return "waits for a login"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Direct]:
    with direct(Path(tmp_path_factory.mktemp("store") / "kept")) as made:
        yield made


QUESTIONS = st.builds(
    Question,
    page=st.sampled_from(["journal", "audit"]),
    method=st.sampled_from(["GET", "HEAD", "POST"]) | st.text(max_size=8),
    path=st.lists(st.sampled_from(["1", "0", *ACTIONS]) | st.text(max_size=30), max_size=3).map(tuple),
    query=st.dictionaries(
        st.sampled_from(["library", "terminal", "state", "older", "after", "before"]) | st.text(max_size=5),
        st.sampled_from(["1", "9" * 15, "dead", "done,dead"]) | st.text(max_size=30),
        max_size=3,
    ),
    who=st.text(max_size=600),
    body=st.binary(max_size=50)
    | st.text(max_size=600).map(lambda why: json.dumps({"why": why}).encode())
    | st.just(b'{"why": "x"}'),
)


def answered(store: Direct, question: Question) -> Content:
    done: list[Any] = []
    Deferred.fromCoroutine(answer(store, Accounts(), question)).addBoth(done.append)
    assert isinstance(done[0], tuple), done
    return done[0]


@given(QUESTIONS)
def test_every_question_gets_a_declared_answer_in_json(store, question):
    status, content = answered(store, question)
    assert status in (200, 400, 404, 405, 409)
    assert json.loads(json.dumps(content)) == content
    assert ("error" in content) == (status != 200)
