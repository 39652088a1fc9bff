"""A library in the cloud and a gateway in front of it, which can end and begin again one without the other."""

from pathlib import Path

from click.testing import CliRunner

from sip2gw.tools.cli import main

from .processes import Process, Sandbox, free_ports
from .terminal import Terminal


class Cloud:
    """A sandbox with a database, and a gateway of one process or several.

    `configuration` is the gateway's file, with `{plain}`, `{sandbox}` and `{admin}` for the ports. `token` is that of
    the admin endpoint, if the file names one. The gateway is ready when it has printed `ready`.
    """

    def __init__(self, folder: Path, configuration: str, *, token: str = "", ready: str = ": health") -> None:
        self.plain, port, self.admin = free_ports(3)
        self.sandbox = Sandbox(port)
        self.config = folder / "sip2gw.toml"
        self.config.write_text(configuration.format(plain=self.plain, sandbox=port, admin=self.admin))
        if token:
            (folder / "token").write_text(token)
            (folder / "token").chmod(0o600)
        self._folder, self._ready = folder, ready
        self.start_library()
        self.start_gateway()

    def start_library(self) -> None:
        """Start the library with all that it has stored."""
        port = self.sandbox.port
        where = ["--port", f"tcp:{port}:interface=127.0.0.1", "--database", str(self._folder / "db")]
        self.library = Process(
            ["librarika-sandbox", *where], self._folder, ready=f"starting on {port}"
        ).start()

    def start_gateway(self) -> None:
        arguments = ["sip2gw", "--config", str(self.config)]
        self.gateway = Process(arguments, self._folder, ready=self._ready).start()

    def terminal(self) -> Terminal:
        """A connection to the gateway."""
        return Terminal.connect(self.plain)

    def stop(self) -> None:
        self.gateway.stop()
        self.library.kill()


def command(*words: object) -> str:
    """What a command of `sip2gw` prints, which ends well. Without a process of its own, which takes a second."""
    done = CliRunner().invoke(main, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output
