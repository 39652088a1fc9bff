"""The key of each write at the library: unique, and in the order of time."""

from uuid import UUID

from sip2gw.circulation.desk import new_key


def test_keys_are_uuids_of_version_7_whose_order_is_that_of_time(monkeypatch):
    nanoseconds = 1_800_000_000_123_456_789
    monkeypatch.setattr("sip2gw.circulation.desk.time_ns", lambda: nanoseconds)
    first = new_key()
    nanoseconds += 1_000_000
    second = new_key()
    assert first < second
    assert {(UUID(key).version, UUID(key).variant) for key in (first, second)} == {
        (7, "specified in RFC 4122")
    }
    assert UUID(first).int >> 80 == 1_800_000_000_123


def test_keys_of_one_moment_differ():
    assert len({new_key() for _ in range(2000)}) == 2000
