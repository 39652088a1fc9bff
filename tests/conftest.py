"""With SIP2GW_STRICT=1 nothing is left out unnoticed: a test that would be skipped fails, and says what it lacked."""

import codecs
import gc
import os
import shutil
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from catalogue import Catalogue
from hypothesis import HealthCheck, settings
from store.postgresql_server import _database, postgresql, postgresql_server
from tracing import Tracing

__all__ = ["_database", "postgresql", "postgresql_server"]

# Every run tries other examples; on a build machine it can be repeated. `--hypothesis-profile soak` takes its time.
# A busy machine is slow, which says nothing of the code.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", UNHURRIED, max_examples=30)
settings.register_profile("ci", UNHURRIED, max_examples=30, derandomize=True, print_blob=True)
settings.register_profile("soak", UNHURRIED, max_examples=1000)
_NUMBERS = count()
NOBODY = 65534
TESTS = Path(__file__).parent
LONG = ("loss", "e2e", "workers", "mistakes", "browser", "interop", "packaging")
"""The folders whose tests start processes and wait for them; a file of others takes a few seconds."""
MEMORY, ENOUGH = "/dev/shm", 2**31
settings.load_profile("ci" if os.environ.get("CI") else "default")


def _has_room(folder):
    """Whether the files of all tests fit there, and programs among them may be run."""
    may = (
        os.path.isdir(folder) and os.access(folder, os.W_OK) and not os.statvfs(folder).f_flag & os.ST_NOEXEC
    )
    return may and shutil.disk_usage(folder).free > ENOUGH


# A disk that all processes of a machine wait for may take longer than the 2 s that a store has. No test cuts the power.
if _has_room(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)


def pytest_configure(config):
    """The cases of the catalogue are counted where all reports arrive: not in a worker of xdist."""
    config.pluginmanager.register(Tracing(), "tracing")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Catalogue(config), "catalogue-of-failures")


def pytest_collection_modifyitems(items):
    """Files that take long come first: no worker is left with one of them when the others have finished."""
    items.sort(key=lambda item: _place(item.path.relative_to(TESTS).parts[0]))


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Take what the collection makes, which stays to the end, out of the sight of Python's collector of garbage.

    Each full collection would go through all of it, which takes half a second.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def _place(folder):
    return LONG.index(folder) if folder in LONG else len(LONG)


@pytest.fixture(autouse=True)
def _a_store_of_its_own(monkeypatch, tmp_path_factory):
    """A gateway without `store.path` keeps its store in the state folder: each test has another one."""
    folder = tmp_path_factory.getbasetemp() / f"state-{next(_NUMBERS)}"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))


@pytest.fixture(autouse=True)
def _trial_files_elsewhere(request, monkeypatch):
    """Trial's mktemp makes its files in the working folder, which trial itself would have changed."""
    if hasattr(request.cls, "mktemp"):
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("SIP2GW_STRICT") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, and SIP2GW_STRICT=1 allows no test to be left out: {call.excinfo.value}"
    return report


@pytest.fixture
def lets_nobody_in():
    """A folder below which modes count: also root does without its rights in there."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        user = os.geteuid()
        codecs.lookup("utf-8-sig")  # else Python looks for it later, perhaps where only root may
        if not user:
            os.chown(folder, NOBODY, -1)
            os.seteuid(NOBODY)
        yield Path(folder)
        for place in Path(folder).iterdir():
            place.chmod(0o700)
        os.seteuid(user)
