"""systemd is told in its own words, and without it nobody is."""

import os
import socket

from twisted.internet.task import Clock

from sip2gw.process.systemd import Systemd


def test_F93_systemd_gets_the_phase_and_signs_of_life(tmp_path, monkeypatch):
    clock = Clock()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears:
        hears.bind(str(tmp_path / "notify"))
        hears.setblocking(False)

        def told() -> list[str]:
            texts = []
            while True:
                try:
                    texts.append(hears.recv(1000).decode())
                except BlockingIOError:
                    return texts

        systemd = Systemd(clock, {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000000"})
        assert told() == []
        systemd.ready()
        assert told() == ["READY=1", "WATCHDOG=1"]
        clock.advance(10)
        assert told() == ["WATCHDOG=1"]
        systemd.reloading()
        systemd.ready()
        systemd.stopping()
        reloading, *rest = told()
        assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert rest == ["READY=1", "STOPPING=1"]
        systemd.end()
        clock.advance(60)
        assert told() == []


def test_without_systemd_no_report_is_sent(tmp_path):
    clock = Clock()
    for environment in ({}, {"WATCHDOG_USEC": "1000000"}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        systemd = Systemd(clock, environment)
        systemd.ready()
        systemd.stopping()
    assert clock.getDelayedCalls() == []
    assert os.listdir(tmp_path) == []
