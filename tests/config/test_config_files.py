"""Each fault names file, line, and the library by its nickname; libraries may stand in files of their own."""

import gc
import re
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cattrs.gen import make_dict_structure_fn
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation.settings import KNOBS
from sip2gw.config import LibrarikaAPI, Listen, Process, Store, Terminals, load, sources, tables
from sip2gw.config.checks import settings
from sip2gw.config.toml_lines import lines_of
from sip2gw.faults import ConfigFaults, Fault
from sip2gw.limits import Limits

LOCAL = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'

SCALARS = st.sampled_from(
    [
        "1", "1.5", "true", "1979-05-27 07:32:00", '"a = [b] # {c}"', "'[[x]]'", '"\\"]"', '""', "''",
        '"""\n[a]\nb = 1 ""\\""""""', "'''\nit's\n[[libraries]]'''", '""""""', '"""a\\\\"""',
    ]
)  # fmt: skip
KEYS = st.sampled_from(["{}", '"{}"', "'{}'", '"{} .x"', "part.{}", '"[{}]"'])


@st.composite
def documents(draw) -> str:
    """A TOML text in which no key is used twice."""
    count = iter(range(10_000))

    def key() -> str:
        return draw(KEYS).format(f"k{next(count)}").replace("part", f"part{next(count)}")

    def value(depth: int) -> str:
        kind = draw(st.integers(0, 2)) if depth else 0
        if kind == 1:
            return (
                "[" + ",".join(f"\n # ]\n {value(depth - 1)}" for _ in range(draw(st.integers(0, 2)))) + "\n]"
            )
        if kind == 2:
            return "{" + ", ".join(f"{key()} = {value(0)}" for _ in range(draw(st.integers(0, 2)))) + "}"
        return draw(SCALARS)

    def pairs() -> str:
        return "".join(f"{key()} = {value(2)} # x = [\n" for _ in range(draw(st.integers(0, 3))))

    text = pairs()
    for _ in range(draw(st.integers(0, 4))):
        header = draw(
            st.sampled_from(["[{}]", "[[libraries]]", "[[libraries]]\n[[libraries.bins]]", "[ a . {} ]"])
        )
        text += header.format(key()) + "\n" + pairs()
    return text


def places(value, place: str = "") -> list[str]:
    """Every place in a value."""
    if isinstance(value, dict):
        inner = [(f"{place}.{key}" if place else key, one) for key, one in value.items()]
    elif isinstance(value, list):
        inner = [(f"{place}[{number}]", one) for number, one in enumerate(value)]
    else:
        return []
    return [found for name, one in inner for found in (name, *places(one, name))]


@given(documents())
def test_K21_every_place_of_a_text_has_the_line_of_its_key(text):
    lines = lines_of(text)
    written = text.split("\n")
    for place in places(tomllib.loads(text)):
        names = re.findall(r"(?:k|part)\d+", place)
        assert place.endswith("]") or not names or names[-1] in written[lines[place] - 1], place


VALUES = st.sampled_from(
    ["0", "1", "-1", "1e400", "nan", "true", '""', '"x"', '"17"', '"gate"', "[]", "[1]", '["17"]', '["BD"]', "{}",
     "{a = 1}", '{AE = "AA"}', "[[1]]", "[{}]", "1979-05-27",
     '"\\u0000"', '"{name"', '["500", "1"]', '[{bin = "1"}, {bin = 1}]',
     '[{location = "|", rename = {AE = "AE"}, profile = "gate"}, {account = 1}, 1]']
)  # fmt: skip


def keys(table: type) -> list[str]:
    """The keys of a table in the file."""
    return [one.name for one in settings(table)]


TABLES = {
    "[librarika]": keys(LibrarikaAPI),
    "[limits]": keys(Limits),
    "[terminals]": keys(Terminals),
    "[log]": ["level", "form", "items"],
    "[store]": keys(Store),
    "[process]": keys(Process),
    "[admin]": ["endpoint", "token_file"],
    "[[listen]]": keys(Listen),
    "[profiles.odd]": ["like", "why", *KNOBS],
    "[[libraries]]": ["nickname", "profile", "language", "terminals", "bins", "texts", "account"],
}


@given(st.data())
def test_K21_any_value_is_accepted_or_a_fault_with_a_line(data):
    text = ""
    for table in data.draw(st.lists(st.sampled_from(sorted(TABLES)), unique=True)):
        keys = data.draw(st.lists(st.sampled_from(TABLES[table]), unique=True, max_size=6))
        text += "\n".join([table, *(f"{key} = {data.draw(VALUES)}" for key in keys), ""])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "sip2gw.toml"
        file.write_text(text + LOCAL, encoding="utf-8")
        found: tuple[Fault, ...] = ()
        try:
            load(file)
        except ConfigFaults as faults:
            found = faults.faults
    assert all(fault.line and fault.problem and fault.fix for fault in found)


@pytest.fixture
def write(tmp_path: Path):
    """Write files by name, the first of them the main one, and load them."""

    def write(**files: str):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load(tmp_path / "main.toml")

    return write


@pytest.fixture
def faults(write, tmp_path):
    """The lines that are reported, without the folder."""

    def faults(**files: str) -> list[str]:
        with pytest.raises(ConfigFaults) as raised:
            write(**files)
        return str(raised.value).replace(f"{tmp_path}/", "").replace(str(tmp_path), "HERE").splitlines()

    return faults


def test_K21_a_fault_names_file_line_library_and_terminal(faults):
    assert faults(
        main_toml=LOCAL + '[[libraries]]\nnickname = "riverside"\nterminals = [\n'
        '  { location = "Hall", profile = "gate" },\n'
        '  { location = "Attic", profile = "gaet" },\n]\n[[libraries.bins]]\nbin = "7"\nmedium = "scroll"\n'
        '[libraries.texts]\nrenewd = "x"\n[[libraries]]\nprofile = "gate"\n'
    ) == [
        'main.toml:7: library riverside, terminal at Attic, profile: names no profile: "gaet"; did you mean "gate"?',
        'main.toml:11: library riverside, bin 7, medium: is "scroll"; write "audio" or "book" or "disc" or '
        '"magazine" or "other" or "video"',
        'main.toml:13: library riverside, texts.renewd: there is no such text; did you mean renewed?',
        'main.toml:14: libraries[1], nickname: is missing; add nickname = "riverside", the part of its address before '
        ".librarika.com",
    ]  # fmt: skip


def test_K21_an_account_of_a_terminal_is_not_in_the_fault(faults):
    (fault,) = faults(
        main_toml=LOCAL
        + '[[libraries]]\nnickname = "riverside"\n[[libraries.terminals]]\naccount = "u@x.y"\noffline = 1\n'
    )
    assert fault.startswith("main.toml:7: library riverside, terminals[0], offline: must be true or false")


def test_K22_libraries_may_stand_in_files_of_their_own(write):
    config = write(
        main_toml='libraries = "libraries.d/*.toml"\n' + LOCAL + '[profiles.flex]\nlike = "gate"\n',
        libraries_d__b_toml='[[libraries]]\nnickname = "north"\nprofile = "flex"\n',
        libraries_d__a_toml='[[libraries]]\nnickname = "south"\n[[libraries]]\nnickname = "west"\n',
    )
    assert list(config.settings.libraries) == ["south", "west", "north"]
    assert config.settings.effective("north", "", "").profile.name == "flex"


def test_K22_several_patterns_name_a_file_once(write):
    config = write(
        main_toml='libraries = ["more/*.toml", "more/a.toml"]\n' + LOCAL,
        more__a_toml='[[libraries]]\nnickname = "south"\n',
    )
    assert list(config.settings.libraries) == ["south"]


def test_K22_each_fault_names_its_file_and_line(faults):
    assert faults(
        main_toml='libraries = ["more/*.toml", "nowhere/*.toml"]\n' + LOCAL,
        more__a_toml='[[libraries]]\nnickname = "south"\n[[libraries]]\nnickname = "west"\nprofil = "gate"\n',
        more__b_toml='\n[[libraries]]\nnickname = "North"\n[[libraries]]\nnickname = "South"\n[limits]\nline = 1000\n',
        more__c_toml='libraries = "x"\n',
        more__d_toml="[[libraries]\n",
        more__e_toml='[[libraries]]\nnickname = "east"\nprofile = "gaet"\n',
    ) == [
        'main.toml:1: libraries: has "nowhere/*.toml", which matches no file; write the name of a file, or a pattern '
        "such as libraries.d/*.toml, as seen from HERE",
        "more/a.toml:5: library west, profil: is an unknown key; did you mean profile?",
        'more/b.toml:5: library South, nickname: is "south", as in line 1 of more/a.toml; put all settings of a '
        "library in one table",
        "more/b.toml:6: limits: is an unknown key; write only [[libraries]] here; all else belongs in the main file",
        "more/c.toml:1: libraries: must be a list of tables here; begin each library with [[libraries]], in double "
        "brackets",
        "more/d.toml:1: is not valid TOML: Expected ']]' at the end of an array declaration (at line 1, column 12); "
        "see https://toml.io; texts stand in quotes",
        'more/e.toml:3: library east, profile: names no profile: "gaet"; did you mean "gate"?',
    ]


def test_K22_a_structuring_function_is_made_once_a_class(write, monkeypatch):
    made = []

    def counted(kind, *args, **options):
        made.append(kind)
        return make_dict_structure_fn(kind, *args, **options)

    monkeypatch.setattr(tables, "make_dict_structure_fn", counted)
    library = '[[libraries]]\nnickname = "l{}"\nterminals = [{{location = "a"}}, {{location = "b"}}]\n'
    library += 'bins = [{{bin = "1", hold = true}}, {{bin = "2"}}]\n'
    write(main_toml=LOCAL + "".join(library.format(number) for number in range(50)))
    assert len(made) == len(set(made))


def test_K22_the_garbage_collector_runs_again_after_a_fault(faults):
    assert faults(main_toml=LOCAL + "x = 1\n")
    assert gc.isenabled()


def test_K22_lines_are_not_looked_for_in_a_file_without_faults(write, monkeypatch):
    monkeypatch.setattr(sources, "lines_of", lambda *_: pytest.fail("looked for"))
    write(main_toml=LOCAL)
