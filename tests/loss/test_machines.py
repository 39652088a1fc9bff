"""Two gateways behind HAProxy with one PostgreSQL, in short; `make machines` is the long form."""

import pytest
from catalogue import COUNTED
from store.postgresql_server import programs

from .cluster import PROGRAM
from .machines import run

pytestmark = pytest.mark.e2e


def test_F31_F57_F84_parts_that_fail_amid_traffic_cost_no_write(tmp_path, record_property):
    if programs() is None or PROGRAM is None:
        pytest.skip("HAProxy or PostgreSQL is not installed: apt-get install haproxy postgresql")
    report = run(tmp_path, terminals=30, each=10)
    record_property(COUNTED, str(report))
    assert report.faults() == []
