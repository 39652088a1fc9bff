"""A tag tells a patron from others for one day, and nobody who lacks the key can tell whose it is."""

from datetime import date, timedelta

from sip2gw.log.tags import Tags

TODAY = date(2026, 3, 1)


def test_a_tag_lasts_one_day():
    days = [TODAY]
    tags = Tags(today=lambda: days[-1])
    first = tags.patron("riverside", "M-1001")
    assert first == tags.patron("riverside", "M-1001")
    assert first.startswith("p:")
    assert len(first) == 8
    days.append(TODAY + timedelta(1))
    assert tags.patron("riverside", "M-1001") != first
    days.append(TODAY)  # a clock that is put back does not bring the key back
    assert tags.patron("riverside", "M-1001") != first


def test_each_library_each_kind_and_each_process_has_tags_of_its_own():
    tags, others = Tags(), Tags()
    made = {
        tags.patron("riverside", "1"),
        tags.patron("hillcrest", "1"),
        tags.item("riverside", "1"),
        others.patron("riverside", "1"),
    }
    assert len({tag.partition(":")[2] for tag in made}) == 4


def test_items_are_logged_in_clear_only_if_configured():
    assert Tags().item("riverside", "10001").startswith("i:")
    assert Tags(items_in_clear=True).item("riverside", "10001") == "'10001'"
    assert Tags(items_in_clear=True).patron("riverside", "M-1001").startswith("p:")
