"""The log of a real gateway in its JSON form, with two workers."""

from __future__ import annotations

import json

import pytest

from .processes import Gateway
from .terminal import checkout

MORE = '[log]\nform = "json"\nlevel = "debug"\n'


@pytest.mark.parametrize("workers", [1, 2])
def test_the_log_of_a_gateway_is_one_object_a_line(demo, tmp_path, workers):
    demo.reset()
    gateway = Gateway.start(tmp_path, demo.port, f"{MORE}[process]\nworkers = {workers}\n")
    try:
        with gateway.terminal(tls=True) as one:
            assert one.log_in().ok
            assert not one.ask(checkout("M-1001", "nothing")).ok
        assert gateway.process.waited(1, '"event":"closed"')
    finally:
        gateway.process.stop()
    lines = gateway.process.printed
    first = next(number for number, line in enumerate(lines) if line.startswith("{"))
    found = [json.loads(line) for line in lines[first:]]
    assert all({"time", "level", "event"} <= one.keys() for one in found)
    kinds = [one["event"] for one in found if one["event"] not in ("note", "noticed")]
    assert kinds == ["opened", "secured", "logged_in", "request", "closed"] or workers > 1
    [request] = [one for one in found if one["event"] == "request" and one["message"] == "11"]
    assert (request["library"], request["outcome"], request["code"]) == (
        "riverside",
        "refused",
        "copy_not_found",
    )
    assert request["api"]
    assert ("worker" in request) is (workers > 1)
