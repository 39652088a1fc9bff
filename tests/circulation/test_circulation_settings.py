"""Which terminal has which profile, where each value is configured, and what a desk does with it."""

from __future__ import annotations

import pytest
from attrs import evolve, frozen
from desks import DeskCase

from sip2gw.circulation import Profile
from sip2gw.circulation.named import read_label
from sip2gw.circulation.profiles import BUILT_IN, Named
from sip2gw.circulation.settings import KNOBS, LibrarySettings, Settings, TerminalSettings

FLEX = Named("flex", {"charset": "cp850", "hide": frozenset({"AJ"})}, "sorter-cv", "", "profiles.flex")
SETTINGS = Settings(
    {**BUILT_IN, "flex": FLEX},
    {
        "riverside": LibrarySettings(
            "riverside",
            "return-station",
            (
                TerminalSettings("", "Hall", "flex", {}, "by place"),
                TerminalSettings("kiosk", "", "gate", {"terminator": "crlf", "max_length": 60}, "by account"),
                TerminalSettings(
                    "kiosk", "North", "", {"max_length": 80, "show": frozenset({"BD"})}, "by both"
                ),
            ),
            origin="libraries[0]",
        )
    },
)


@pytest.mark.parametrize(
    ("account", "location", "name"),
    [
        ("other", "", "return-station"),
        ("other", "elsewhere", "return-station"),
        ("kiosk", "", "gate"),
        ("KIOSK", "elsewhere", "gate"),
        ("other", "Hall", "flex"),
        ("kiosk", " hall ", "flex"),
        ("kiosk", "north", "gate"),
        ("other", "north", "return-station"),
    ],
)
def test_location_counts_before_account_and_account_before_library(account, location, name):
    assert SETTINGS.effective("riverside", account, location).profile.name == name


def test_a_library_without_settings_has_the_default_profile():
    found = SETTINGS.effective("elsewhere", "kiosk", "Hall")
    assert found.profile == evolve(Profile(), refs=True)
    assert {found.origins.pop("refs")} == {"built-in profile generic-kiosk"}
    assert set(found.origins.values()) == {"default"}
    assert {*found.origins, "refs"} == {"name", *KNOBS}


def test_each_value_has_the_place_where_it_is_configured():
    found = SETTINGS.effective("Riverside", "kiosk", "Hall")
    assert found.origins["name"] == "by place"
    assert found.origins["charset"] == "profiles.flex"
    assert found.origins["alert_type"] == "built-in profile sorter-cv"
    assert found.origins["terminator"] == "by account"
    assert found.origins["branch"] == "default"
    assert (found.profile.charset, found.profile.terminator, found.profile.max_length) == (
        "cp850",
        "crlf",
        60,
    )
    assert SETTINGS.effective("riverside", "kiosk", "North").profile.max_length == 80


def test_hidden_fields_stay_hidden_until_show_names_them():
    """`hide` adds to the fields that are hidden already, and the later entry counts."""
    assert SETTINGS.effective("riverside", "x", "Hall").profile.hide == Profile().hide | {"AJ"}
    shown = SETTINGS.effective("riverside", "kiosk", "North").profile
    assert (shown.show, "BD" in shown.hide) == ({"BD"}, False)
    again = Named("again", {"hide": frozenset({"BD"})}, "open", "", "")
    settings = Settings(
        {**BUILT_IN, "open": Named("open", {"show": frozenset({"BD", "AA"})}), "again": again}
    )
    library = LibrarySettings("x", "again")
    profile = evolve(settings, libraries={"x": library}).effective("x", "", "").profile
    assert (profile.show, profile.hide) == ({"AA"}, {"BD", "BE", "BF", "PB"})


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_each_built_in_profile_hides_personal_data(name):
    profile = Settings(libraries={"x": LibrarySettings("x", name)}).effective("x", "", "").profile
    assert profile.hide >= {"BD", "BE", "BF", "PB", "10.AA"}
    assert not profile.show
    assert not profile.patron_updates
    assert BUILT_IN[name].why
    assert set(BUILT_IN[name].knobs) <= set(KNOBS)


def test_the_built_in_profiles_have_the_names_of_the_manual():
    assert set(BUILT_IN) == {
        "generic-kiosk", "return-station", "book-drop", "sorter-cl", "sorter-cv", "rfid-pad", "gate", "mobile-app",
        "pc-booking", "e-content",
    }  # fmt: skip


@frozen
class Labelled:
    """A library that keeps the identifiers which it gets."""

    told: tuple[str, ...] = ()
    nickname = "riverside"

    def reading(self, identifiers: tuple[str, ...]) -> Labelled:
        return Labelled(identifiers)

    def within(self, *_: object) -> Labelled:
        return self


class Desk(DeskCase):
    def at(self, location: str = "", **knobs: object):
        return self.desk(location=location, profile=Profile(**knobs))  # type: ignore[arg-type]  # any knob

    def place(self, **settled: object):
        return evolve(self.at().place, **settled).desk()

    def test_the_branch_is_CP_else_that_of_the_profile(self) -> None:
        self.assertEqual(self.at("north", branch="Main").place.branch, "North")
        self.assertEqual(self.at("Desk 1", branch="main").place.branch, "Main")
        self.assertEqual(self.at("Desk 1", branch="Elsewhere").place.branch, "")

    def test_new_rules_change_the_branch_and_the_language(self) -> None:
        place = self.at("West").place
        self.assertEqual((place.branch, place.speaker(()).language), ("", "en"))
        place.use(evolve(place.rules, branches=("Main", "West"), language="de"))
        self.assertEqual((place.branch, place.speaker(()).language), ("West", "de"))
        self.assertIs(place.speaker(("003",)), place.speaker(()), "one speaker for each language")

    def test_the_repr_of_a_desk_has_no_patron_and_no_account(self) -> None:
        desk = self.directory.place(self.tenant, "").desk(reader="canary-M-1")
        desk.addressee = "canary-M-2"
        for shown in (repr(desk), repr(desk.place)):
            self.assertNotIn("canary", shown)
            self.assertNotIn(self.tenant.account, shown)

    def test_the_prefix_of_a_label_is_removed_in_any_case(self) -> None:
        desk = self.at(strip_prefix="rv")
        self.assertEqual(read_label(" RV10001 ", desk), "10001")
        self.assertEqual(read_label("10001", desk), "10001")
        self.assertEqual(read_label("rv", desk), "rv", "there must be something left to look for")
        self.assertEqual(read_label("rv10001", self.at()), "rv10001")

    def test_the_terminals_language_is_between_patrons_and_librarys(self) -> None:
        self.assertEqual(self.at(language="fr").speaker().language, "fr")
        self.assertEqual(self.at(language="fr").speaker("", "003").language, "de")
        self.assertEqual(self.place(language="es").speaker("xx").language, "es")
        self.assertEqual(self.at().speaker().language, "en")

    def test_the_librarys_own_text_replaces_the_shipped_one(self) -> None:
        self.assertEqual(
            self.place(texts={"renewed": "Again yours."}).speaker().say("renewed"), "Again yours."
        )

    def test_the_library_gets_the_profiles_identifiers(self) -> None:
        library = Labelled()
        desk = self.directory.place(evolve(self.tenant, library=library), "").desk()
        self.assertEqual((desk.library.told, library.told), (("accession", "barcode", "isbn"), ()))  # type: ignore[attr-defined]

    def test_the_directory_gives_the_desk_its_settings(self) -> None:
        said = LibrarySettings("riverside", "gate", texts={"renewed": "Again."}, language="bn", origin="x")
        self.directory.settings = Settings(libraries={"riverside": said})
        directory = type(self.directory)(self.directory._open, settings=self.directory.settings)
        desk = directory.place(self.tenant, "Hall").desk(print_width=40)
        self.assertEqual((desk.place.profile.name, desk.print_width, desk.place.language), ("gate", 40, "bn"))
        self.assertEqual(desk.speaker("en").say("renewed"), "Again.")
