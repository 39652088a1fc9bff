"""The declarations are compared with the protocol's table, one message and one field at a time."""

import re
import tomllib
from pathlib import Path

import pytest

from sip2gw.sip2 import REQUESTS, RESPONSES, PatronFlag, Request, Response, SummaryList, messages
from sip2gw.sip2.codes import ENUMS, EXTENSIONS
from sip2gw.sip2.fields import MAX_LENGTH, VOCABULARY, Fixed, Variable
from sip2gw.sip2.kinds import SUPPORTED_MESSAGES

TABLE = tomllib.loads((Path(__file__).parent / "sip2-messages.toml").read_text(encoding="utf-8"))
MESSAGES = {row["code"]: row for row in TABLE["message"]}
VARIABLE = {row["code"]: row for row in TABLE["field"] if "code" in row and row["delimiter"]}
FIXED = {row["name"]: row for row in TABLE["field"] if "code" not in row}
DECLARED = {**REQUESTS, **RESPONSES}


def snake_case(class_name):
    """SCStatus is sc_status, RequestACSResend is request_acs_resend."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z]+|[A-Z]+", class_name)
    return "_".join(words).lower()


def type_in_table(row):
    return f"enum:{row['enum']}" if row["type"] == "enum" else row["type"]


def variables(cls):
    return [member for member in cls.members.values() if isinstance(member.field, Variable)]


def test_all_31_messages_are_declared_and_no_others():
    assert set(DECLARED) == set(MESSAGES)
    assert len(DECLARED) == 31
    assert {getattr(messages, name) for name in messages.__all__} == set(DECLARED.values())


@pytest.mark.parametrize("code", sorted(MESSAGES))
class TestMessage:
    def test_what_it_is(self, code):
        row, cls = MESSAGES[code], DECLARED[code]
        assert cls.code == code
        assert cls.name == row["name"] == snake_case(cls.__name__)
        assert cls.since == row["since"]
        assert issubclass(cls, Request if row["direction"] == "sc_to_acs" else Response)

    def test_what_answers_it(self, code):
        row, cls = MESSAGES[code], DECLARED[code]
        if row["direction"] == "acs_to_sc":
            answers = {request.code for request in REQUESTS.values() if request.response is cls}
            assert answers == ({"97"} if row["response_to"] == ["*"] else set(row["response_to"]))
            return
        assert cls.read_only == row["read_only"]
        # A 97 is answered by the last answer again; if there is none, by 96.
        assert cls.response.code == ("96" if row["response"] == "*" else row["response"])

    def test_its_fixed_fields(self, code):
        row, cls = MESSAGES[code], DECLARED[code]
        declared, offset = [], 2
        for member in cls.members.values():
            if isinstance(member.field, Fixed):
                field = member.field
                declared.append(
                    {"name": field.name, "offset": offset, "width": field.width, "format": field.kind.name}
                )
                offset += field.width
        assert declared == row["fixed"]
        assert offset - 2 == row["fixed_width"] == cls.width
        assert cls.places == tuple(
            (f["name"], f["offset"] - 2, f["offset"] - 2 + f["width"]) for f in declared
        )

    def test_fixed_fields_come_first_and_bear_their_names(self, code):
        cls = DECLARED[code]
        kinds = [isinstance(member.field, Fixed) for member in cls.members.values()]
        assert kinds == sorted(kinds, reverse=True)
        assert [member.field.name for member in cls.members.values()] == list(cls.members)

    def test_its_variable_fields_in_the_order_of_the_document(self, code):
        row, members = MESSAGES[code], variables(DECLARED[code])
        assert [member.field.code for member in members] == row["listing_order"]
        assert [member.field.code for member in members if member.required] == row["required"]
        assert {member.field.code for member in members if not member.required} == set(row["optional"])
        assert {member.field.code for member in members if member.field.repeats} == set(row["repeatable"])
        assert list(DECLARED[code].variables) == row["listing_order"]

    def test_what_version_2_00_brought_to_it(self, code):
        row, members = MESSAGES[code], variables(DECLARED[code])
        if row["since"] == "1.00":
            assert {member.field.code for member in members if member.since == "2.00"} == set(
                row["added_in_2_00"]
            )
            assert all(
                m.since == "1.00" for m in DECLARED[code].members.values() if isinstance(m.field, Fixed)
            )


def test_all_variable_fields_are_declared_and_no_others():
    assert set(VOCABULARY) == set(VARIABLE)
    assert TABLE["framing"]["max_field_data_chars"] == MAX_LENGTH


@pytest.mark.parametrize("code", sorted(VARIABLE))
def test_variable_field(code):
    row, field = VARIABLE[code], VOCABULARY[code]
    assert (field.code, field.name, field.kind.name) == (code, row["name"], type_in_table(row))
    assert (field.since, field.repeats, field.length) == (row["since"], row["repeatable"], row.get("length"))
    assert field.doc == row["doc"]
    carried_by = {cls.code for cls in DECLARED.values() if code in cls.variables}
    assert carried_by == set(row["messages"])


@pytest.mark.parametrize("name", sorted(FIXED))
def test_fixed_field(name):
    row = FIXED[name]
    found = [
        (cls.code, member.field)
        for cls in DECLARED.values()
        for member in cls.members.values()
        if isinstance(member.field, Fixed) and member.field.name == name
    ]
    assert {code for code, _ in found} == set(row["messages"])
    assert {(field.width, field.kind.name) for _, field in found} == {(row["length"], type_in_table(row))}


def test_secrets_are_the_passwords_and_the_account():
    assert {code for code, field in VOCABULARY.items() if field.secret} == {"AC", "AD", "CN", "CO"}


@pytest.mark.parametrize("name", sorted(TABLE["enum"]))
def test_codes_and_their_meanings(name):
    assert ENUMS[name] == TABLE["enum"][name]


def test_no_other_codes():
    assert set(ENUMS) == set(TABLE["enum"])


@pytest.mark.parametrize(("name", "places"), [("patron_status", PatronFlag), ("summary", SummaryList)])
def test_flags(name, places):
    assert [place.name.lower() for place in places] == TABLE["flags"][name]["positions"]
    assert [place.value for place in places] == list(range(len(places)))


def test_supported_messages():
    assert list(SUPPORTED_MESSAGES) == TABLE["flags"]["supported_messages"]["requests"]


def test_extensions_are_those_seen_in_the_field():
    assert set(EXTENSIONS) == {row["code"] for row in TABLE["extension_field"]} - set(VOCABULARY)
