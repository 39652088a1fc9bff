"""What is released can be checked: by whom it needs, byte by byte, and it runs nothing when it is installed."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> list[Path]:
    """The wheel, built twice: in other folders, from files of other times."""
    building = []
    for name, when in (("one", 10**9), ("the-other", 1.5 * 10**9)):
        folder = tmp_path_factory.mktemp(name)
        for kept in ("sip2gw", "twisted"):
            shutil.copytree(
                ROOT / kept, folder / kept, ignore=shutil.ignore_patterns("__pycache__", "dropin.cache")
            )
        for kept in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / kept, folder)
        for file in folder.rglob("*"):
            os.utime(file, (when, when))
        process = subprocess.Popen(
            [sys.executable, "-c", BUILD, str(folder / "dist")],
            cwd=folder,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "PYTHONPATH": ""},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            umask=0o022,
        )
        building.append((process, folder))
    assert [process.wait(60) for process, _ in building] == [0, 0]
    return [next((folder / "dist").glob("*.whl")) for _, folder in building]


def test_F99_two_builds_of_the_sources_give_equal_wheels(wheels):
    one, other = (hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    assert one == other


def test_F99_installing_runs_nothing_of_ours(wheels):
    assert not (ROOT / "setup.py").exists()
    with zipfile.ZipFile(wheels[0]) as wheel:
        names = wheel.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {"sip2gw", "twisted"} < tops
    assert all(top in ("sip2gw", "twisted") or top.endswith(".dist-info") for top in tops), (
        "no .pth, no .data"
    )
    assert [name for name in names if name.startswith("twisted/")] == ["twisted/plugins/sip2gw_plugin.py"]
