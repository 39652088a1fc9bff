"""With SIP2GW_STRICT=1 nothing is left out unnoticed: a test that would be skipped fails, and says what it lacked."""

import os
import sys

import pytest
from catalogue import Catalogue
from hypothesis import HealthCheck, settings

# Every run tries other examples; on a build machine it can be repeated. `--hypothesis-profile soak` takes its time.
# A busy machine is slow, which says nothing of the code.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", UNHURRIED, max_examples=30)
settings.register_profile("ci", UNHURRIED, max_examples=30, derandomize=True, print_blob=True)
settings.register_profile("soak", UNHURRIED, max_examples=1000)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config):
    """The cases of the catalogue are counted where all reports arrive: not in a worker of xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Catalogue(config), "catalogue-of-failures")


@pytest.fixture(autouse=True)
def _untraced(request):
    """Coverage counts each line each time; what does the same ten thousand times would take three times as long."""
    if request.node.get_closest_marker("untraced") is None:
        yield
        return
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


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
