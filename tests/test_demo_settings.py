"""In the demo every profile can be tried: the location names it. One library allows everything."""

import pytest

from sip2gw.circulation import supported
from sip2gw.circulation.acs_status import allowed
from sip2gw.circulation.profiles import BUILT_IN
from sip2gw.demo.settings import BINS, OPEN, demo_settings
from sip2gw.library import Rules

SETTINGS = demo_settings(["riverside", OPEN])
OPEN_RULES = Rules("Open", zone=None, patron_updates=True, item_updates=True)  # type: ignore[arg-type]  # no clock here


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_location_names_the_profile(name):
    for library in ("riverside", OPEN):
        found = SETTINGS.effective(library, "anybody", name.upper())
        assert found.profile.name == name
        assert found.origins["name"] == f"the demo, location {name}"


def test_a_library_that_allows_all_has_terminals_that_may_do_all():
    """BX is Y sixteen times there, and not elsewhere."""
    assert allowed(OPEN_RULES, SETTINGS.effective(OPEN, "kiosk", "").profile) == supported()
    assert len(supported()) == 16
    kiosk = SETTINGS.effective("riverside", "kiosk", "Desk 1").profile
    assert supported() - allowed(OPEN_RULES, kiosk) == {"01", "19", "25"}


def test_the_bins_end_with_one_for_the_rest():
    assert SETTINGS.of("riverside").bins == BINS
    assert BINS[-1].bin == "0"
