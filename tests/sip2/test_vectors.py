"""Messages seen in public, of many makes: each is read as people who know the protocol read it.

`sip2-vectors.jsonl` holds one message a line, with what it says (`decoded`) and whether its checksum fits.
"""

import json
from pathlib import Path

import pytest

from sip2gw.sip2 import BadChecksum, Request, Response, Secret, Trailer, build, format, lay_out, parse

LINES = (Path(__file__).parent / "sip2-vectors.jsonl").read_text(encoding="utf-8").splitlines()
VECTORS = {vector["id"]: vector for vector in map(json.loads, LINES)}

OTHERWISE = {
    # A delimiter inside a value: the pieces without a field id are the rest of the value before them.
    "v096": {"fields": {"BE": "leona|rdr@|bar.com"}},
    "v403": {"fields": {"CS": "E KLINGEL | CT"}},
    # The date is too short by a blank, so that it swallows AO; what is left of AO and AA follows no field.
    "v402": {"missing": {"d_21", "104000000105"}},
    # The same, and an AY of two digits, which is the number: no field AY remains.
    "v404": {"missing": {"kcls ", "89"}, "sequence": "89"},
}
"""Where the gateway reads on purpose otherwise than the file says, and why."""


def chosen(**wanted):
    return [
        name for name, vector in VECTORS.items() if all(vector[key] == value for key, value in wanted.items())
    ]


def raw(name):
    return VECTORS[name]["raw"].encode()


def expected_fields(name):
    otherwise = OTHERWISE.get(name, {})
    fields = []
    for code, value in VECTORS[name]["decoded"]["fields"]:
        if code in otherwise.get("fields", {}):
            fields.append((code, otherwise["fields"][code]))
        elif code and value not in otherwise.get("missing", ()):
            fields.append((code, value))
    return tuple(fields)


def test_each_exception_of_the_vectors_is_needed():
    for name in VECTORS:
        as_decoded = tuple((code, value) for code, value in VECTORS[name]["decoded"]["fields"])
        assert (expected_fields(name) != as_decoded) == (name in OTHERWISE)
    assert not [name for name in OTHERWISE if VECTORS[name]["checksum_ok"]]


@pytest.mark.parametrize("name", VECTORS)
def test_a_message_is_laid_out_as_it_was_decoded(name):
    vector, layout = VECTORS[name], lay_out(raw(name))
    assert layout.code == vector["code"]
    assert layout.message.name == vector["message"]
    assert issubclass(layout.message, Request if vector["direction"] == "sc_to_acs" else Response)
    assert dict(layout.fixed) == vector["decoded"]["fixed"]
    assert layout.fields == expected_fields(name)
    assert layout.sequence == OTHERWISE.get(name, {}).get("sequence", vector["sequence"])
    assert layout.checksum == vector["checksum"]


@pytest.mark.parametrize("name", chosen(checksum_ok=True))
def test_a_vector_with_a_good_checksum_is_accepted(name):
    assert lay_out(raw(name)).checksum_ok is True
    vector = VECTORS[name]
    assert parse(raw(name))[1] == Trailer(vector["sequence"], True)


@pytest.mark.parametrize(
    "name", [name for name in chosen(checksum_ok=True) if VECTORS[name]["code"] not in "96 97"]
)
def test_a_vector_with_one_changed_bit_is_rejected(name):
    # The byte before AZ: a sequence number or a delimiter becomes another.
    line = bytearray(raw(name))
    line[line.rindex(b"AZ") - 1] ^= 1
    with pytest.raises(BadChecksum):
        parse(bytes(line))


@pytest.mark.parametrize("name", chosen(checksum_ok=False))
def test_a_vector_with_a_bad_checksum_is_rejected(name):
    with pytest.raises(BadChecksum):
        parse(raw(name))


@pytest.mark.parametrize("name", chosen(checksum_ok=None))
def test_a_vector_without_checksum_is_read(name):
    message, trailer = parse(raw(name))
    assert message.code == VECTORS[name]["code"]
    assert not trailer.checked


@pytest.mark.parametrize("name", VECTORS)
def test_a_message_that_was_read_can_be_written(name):
    message = build(lay_out(raw(name)))
    again, trailer = parse(format(message, Trailer("3", True)).removesuffix(b"\r"))
    assert trailer == Trailer(None if message.code in ("96", "97") else "3", True)
    assert again == as_said(name, message)


def as_said(name, message):
    """Return `message` as it is read after it was written.

    A required field is empty rather than absent, a response leaves out empty fields, and delimiters are blanks.
    """
    changed = {}
    for attribute, member in message.members.items():
        value = getattr(message, attribute)
        if value is None and member.required and getattr(member.field, "secret", False):
            changed[attribute] = Secret("")
        elif value == "" and not member.required and isinstance(message, Response):
            changed[attribute] = None
        elif isinstance(value, tuple):
            changed[attribute] = tuple(text for text in value if text)
        elif isinstance(value, str) and name in OTHERWISE:
            changed[attribute] = value.replace("|", " ")
    extensions = tuple((code, value.replace("|", " ")) for code, value in message.extensions)
    return message.but(**changed, extensions=extensions)
