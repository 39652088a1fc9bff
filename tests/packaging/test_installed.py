"""Installed as the manual says: a first line that means something, and a unit that leaves an intruder little."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import sip2gw

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "contrib" / "sip2gw.service"
INSTALLED = Path(sip2gw.__file__).parents[1]
CONFIGURATION = """
[[listen]]
endpoint = "tcp:0:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:9/{library}/api/v1"
"""


@pytest.fixture
def server(tmp_path):
    """A folder with the plugin; `start` gives the first line that the gateway prints when it is started.

    The gateway can't write into that folder, like the service's user, whoever runs this test.
    """
    site = tmp_path / "site"
    plugins = site / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    # By another name: what is found first, in the wheel, hides a plugin of the same name.
    shutil.copy(ROOT / "twisted" / "plugins" / "sip2gw_plugin.py", plugins / "copied_plugin.py")
    tmp_path.joinpath("sip2gw.toml").write_text(CONFIGURATION)
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{INSTALLED}"}
    environment.pop("NOTIFY_SOCKET", None)

    def command(*words):
        program = Path(sys.executable).parent / words[0]
        return {"args": [program, *words[1:]], "cwd": tmp_path, "env": environment, "text": True}

    def install():
        subprocess.run(**command(*documented()), check=True, stdout=subprocess.DEVNULL)

    def start():
        plugins.chmod(0o555)
        arguments = command("twistd", "-n", "--pidfile=", "sip2gw", "--config", "sip2gw.toml")
        if os.geteuid() == 0:  # root is as little as the owner then, who must not write
            arguments["args"] = ["setpriv", "--bounding-set=-dac_override", *arguments["args"]]
        with subprocess.Popen(**arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as gateway:
            try:
                return gateway.stdout.readline()
            finally:
                gateway.terminate()

    return SimpleNamespace(install=install, start=start)


def documented():
    """The command of the manual that makes the list of plugins."""
    [line] = re.findall(r"^# /opt/sip2gw/bin/(twistd .*)$", (ROOT / "docs" / "install.md").read_text(), re.M)
    return line.removesuffix(" > /dev/null").split()


def test_K25_an_installed_gateway_starts_without_a_complaint(server):
    server.install()
    assert "starting up" in server.start()


def test_K25_without_the_documented_step_the_list_of_plugins_is_missed(server):
    assert "Unable to write to plugin cache" in server.start()


class Unit(configparser.ConfigParser):
    """A unit of systemd, in which a key may stand several times."""

    def __init__(self):
        super().__init__(interpolation=None, strict=False)
        self.optionxform = str
        self.read(UNIT)


def test_K25_the_unit_keeps_what_the_gateway_needs():
    service = Unit()["Service"]
    assert {"AF_INET", "AF_INET6", "AF_UNIX"} <= set(service["RestrictAddressFamilies"].split())
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert not {"PrivateNetwork", "IPAddressDeny", "MemoryDenyWriteExecute"} & service.keys()


def test_K25_the_unit_is_exposed_by_less_than_two_and_a_half():
    """systemd judges where it is installed; elsewhere the settings that weigh most are there at least."""
    service = Unit()["Service"]
    assert service["CapabilityBoundingSet"] == ""
    for key in ("NoNewPrivileges", "PrivateUsers", "PrivateDevices", "RestrictNamespaces", "ProtectProc"):
        assert service[key] in ("yes", "invisible")
    if (analyze := shutil.which("systemd-analyze")) is not None:
        judged = subprocess.run(
            [analyze, "security", "--offline=true", "--threshold=25", "--no-pager", UNIT],
            capture_output=True,
            text=True,
        )
        assert judged.returncode == 0, judged.stdout + judged.stderr
