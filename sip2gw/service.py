"""Make a service from the options of `twistd sip2gw`, or end with a few clear lines and exit status 1.

`twistd -n sip2gw --config sip2gw.toml` runs the gateway; `twistd -n sip2gw --demo` adds a sandbox to try it.
"""

from __future__ import annotations

import os
import sys
from signal import SIGINT, SIGTERM
from typing import Any, NoReturn

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger, globalLogPublisher
from twisted.python import usage

from sip2gw import __version__
from sip2gw.config import Config, load
from sip2gw.config.operation import MOST_WORKERS
from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.gateway.listener import CannotListen
from sip2gw.log import Log, LogSettings
from sip2gw.process.clock import use_a_steady_clock
from sip2gw.process.hardening import keep_files_private, keep_memory_private, log_file
from sip2gw.process.interpreter import settle
from sip2gw.process.signals import Signals
from sip2gw.process.systemd import Systemd
from sip2gw.store import StoreFailed
from sip2gw.wiring.configured import log_settings
from sip2gw.wiring.reloading import Reloading
from sip2gw.workers import gateway_or_workers

PATHS = "config", "demo-data", "state-dir"
PORTS = "tls-port", "plain-port", "admin-port", "sandbox-port"


class Options(usage.Options):
    """The command line after `twistd sip2gw`."""

    synopsis = "--config FILE | --demo [options]"
    longdesc = (
        "A gateway between SIP2 terminals and Librarika. The ports are for --demo alone; 0 is any free one."
    )
    optFlags = [["demo", None, "Gateway, admin endpoint and a sandbox of Librarika, all on this machine."]]  # noqa: RUF012 (read so by twisted)
    optParameters = [  # noqa: RUF012 (read so by twisted)
        ["config", "c", None, "The configuration file (TOML)."],
        ["tls-port", None, 6009, "SIP2 over TLS."],
        ["plain-port", None, 6001, "SIP2 without TLS."],
        ["admin-port", None, 8080, "Health and metrics."],
        ["sandbox-port", None, 8009, "The Librarika sandbox."],
        ["demo-data", None, None, "The sandbox's libraries (JSON); by default those of the package."],
        [
            "state-dir",
            None,
            None,
            "Folder for the certificate of the demo; by default ~/.local/state/sip2gw.",
        ],
        ["workers", None, 1, "Processes that serve the terminals of the demo."],
    ]

    def postOptions(self) -> None:
        for name in PORTS:
            text = str(self[name])
            if not text.isdecimal() or int(text) > 65535:
                give_up(
                    f"--{name} {text}: is not a port; write a number from 1 to 65535, or 0 for any free one"
                )
            self[name] = int(text)
        text = str(self["workers"])
        if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
            give_up(f"--workers {text}: is not a number of processes; write one from 1 to {MOST_WORKERS}")
        self["workers"] = int(text)
        for name in PATHS:
            if self[name] is not None:  # twistd changes the working directory before the path is used again
                self[name] = os.path.abspath(self[name])

    def opt_version(self) -> NoReturn:
        """Print the version and exit."""
        print(f"sip2gw {__version__}")
        raise SystemExit(0)


class CannotStart(SystemExit, Exception):
    """End the process with exit status 1; the reason has been reported.

    It is an Exception too, because that makes twistd clean up and report to the process that waits for the daemon.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = 1


class Start(MultiService):
    """Start the services in it. A failure to listen is reported in one line each, and ends the process.

    Twisted stops at the first signal; a second one stops at once.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        log: Log | None = None,
        systemd: Systemd | None = None,
        *,
        foreground: bool = True,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._foreground = foreground
        self.signals = Signals(reactor)
        self._systemd = systemd or Systemd(reactor, os.environ)
        self._reactor = reactor
        self._log = log

    def privilegedStartService(self) -> None:
        if self._log is not None:
            self._log.begin()
        try:
            super().privilegedStartService()  # type: ignore[no-untyped-call]  # Twisted's
        except CannotListen as failure:
            self._give_up(str(failure))

    def _give_up(self, why: str) -> NoReturn:
        if not self._foreground:  # a daemon has only its log
            self.log.critical("cannot start: {why}", why=why)
        if self._log is not None:
            self._log.flush()
        give_up(why)

    def startService(self) -> None:
        try:
            super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        except StoreFailed as failure:
            self._give_up(f"the store can't be used: {failure.reason}")
        if self._log is not None:
            # twistd has its log by now; twist makes one when all is started.
            self._reactor.callWhenRunning(self._log.begin)
            self._reactor.callWhenRunning(settle)
            self._reactor.addSystemEventTrigger("after", "shutdown", self._log.flush)
        started = DeferredList([service.serving for service in self if hasattr(service, "serving")])
        started.addCallback(lambda _: self._systemd.ready())

    def stopService(self) -> Deferred[Any]:
        self._systemd.stopping()
        for number in (SIGTERM, SIGINT):
            self.signals.on(number, self._hurry)
        stopped: Deferred[Any] = super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        return stopped.addBoth(self._stopped)

    def _hurry(self) -> None:
        self.log.warn("a second signal to stop: connected terminals are disconnected now")
        for service in self:
            if hasattr(service, "hurry"):
                service.hurry()

    def _stopped(self, result: Any) -> Any:
        self.signals.put_back()
        self._systemd.end()
        return result


def makeService(options: Any) -> IService:
    """Return the service for the options. Ends the process if the options, or their file, have a fault."""
    from twisted.internet import reactor

    if bool(options["demo"]) == (options["config"] is not None):
        give_up("sip2gw needs one of: --config FILE (see `sip2gw check-config --help`), --demo")
    try:
        config = None if options["demo"] else load(options["config"])
        # Only a program of Twisted's has a log by now that is for this service alone.
        real = isinstance(options.parent, usage.Options)
        settings = LogSettings() if config is None else log_settings(config)
        log = Log(globalLogPublisher, settings) if real else None
        if real and config is not None:  # the demo's library reads the date from this clock
            use_a_steady_clock(reactor)
        if real:
            keep_files_private(options.parent)
        service = _service(options, config, reactor, log)
        if real and config is not None:
            service.watchdog.file = _log_descriptor(options.parent) or service.watchdog.file
    except (ConfigFaults, Wrong) as faults:
        give_up(str(faults))
    keep_memory_private()
    systemd = Systemd(reactor, os.environ)
    systemd.is_alive = getattr(service, "is_alive", systemd.is_alive)
    top = Start(reactor, log, systemd, foreground=bool((options.parent or {}).get("nodaemon", True)))
    service.setServiceParent(top)
    if config is not None:
        Reloading(options["config"], service, top.signals, systemd, reactor).setServiceParent(top)
    return top


def _log_descriptor(program: Any) -> int | None:
    """Return the log file of a daemon, because its standard error goes nowhere."""
    if (name := log_file(program)) is None:
        return None
    return os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)


def _service(options: Any, config: Config | None, reactor: Any, log: Log | None) -> Any:
    if config is not None:
        return gateway_or_workers(config, reactor, log=log)
    try:
        from sip2gw.demo import Demo
    except ModuleNotFoundError as missing:
        give_up(f"the demo needs the package {missing.name}: pip install 'sip2gw[demo]'")
    return Demo(options, reactor, log)


def give_up(text: str) -> NoReturn:
    """Report the reason on standard error, which twistd may have turned into its log, and end with exit status 1."""
    if sys.__stderr__ is not None:
        print(text, file=sys.__stderr__, flush=True)
    raise CannotStart(text)
