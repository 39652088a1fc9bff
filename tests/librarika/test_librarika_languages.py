"""A patron's language is known for some minutes after they were looked up, and nobody else's."""

from sip2gw.librarika.languages import LIFE, Languages


class Clock:
    """Seconds that pass when told."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_it_is_known_for_a_while():
    clock = Clock()
    languages = Languages(clock)
    languages.meet("M-1", "bn")
    assert (languages.of("M-1"), languages.of("M-2")) == ("bn", "")
    clock.seconds = LIFE
    assert languages.of("M-1") == ""


def test_a_patron_who_has_none_any_more():
    languages = Languages(Clock())
    languages.meet("M-1", "bn")
    languages.meet("M-1", "")
    assert languages.of("M-1") == ""


def test_only_so_many_are_remembered_and_none_is_shown():
    languages = Languages(Clock())
    for number in range(3000):
        languages.meet(f"M-{number}", "bn")
    assert (languages.of("M-0"), languages.of("M-2999")) == ("", "bn")
    assert "M-" not in repr(languages)
