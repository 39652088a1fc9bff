"""What setup.cfg says about the package agrees with the folders, and both programs are there for twistd."""

import configparser
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed():
    """The package itself, and not only the working tree."""
    try:
        return version("sip2gw")
    except PackageNotFoundError:
        pytest.skip("the wheel is not installed in this environment: make suite")


def folders_with_modules():
    for top in ("sip2gw", "twisted"):
        for folder in (ROOT / top).rglob("*"):
            if folder.is_dir() and folder.name != "__pycache__" and any(folder.glob("*.py")):
                yield ".".join(folder.relative_to(ROOT).parts)
    yield "sip2gw"


def test_every_package_is_listed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert sorted(setup["options"]["packages"].split()) == sorted(folders_with_modules())


def test_the_plugin_folder_is_not_a_package():
    assert not (ROOT / "twisted" / "__init__.py").exists()
    assert not (ROOT / "twisted" / "plugins" / "__init__.py").exists()


@pytest.mark.usefixtures("installed")
def test_twistd_lists_both_programs(tmp_path):
    bin_folder = Path(os.environ.get("SIP2GW_BIN") or Path(sys.executable).parent)
    listed = subprocess.run(
        [bin_folder / "twistd", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"sip2gw", "librarika-sandbox"} <= set(listed)


@pytest.mark.usefixtures("installed")
def test_the_command_is_installed():
    assert [script.value for script in entry_points(group="console_scripts", name="sip2gw")] == [
        "sip2gw.__main__:main"
    ]
