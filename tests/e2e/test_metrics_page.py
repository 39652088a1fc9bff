"""The metrics page of a running gateway has all that alerts and dashboard ask for."""

import json
import re
from pathlib import Path
from urllib.request import urlopen

import yaml

CONTRIB = Path(__file__).parents[2] / "contrib"
ONLY_WITH_WORKERS = {"sip2gw_worker_up"}


def queries() -> list[str]:
    alerts = yaml.safe_load((CONTRIB / "sip2gw-alerts.yml").read_text())
    panels = json.loads((CONTRIB / "sip2gw-dashboard.json").read_text())["panels"]
    rules = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    return rules + [target["expr"] for panel in panels for target in panel.get("targets", ())]


def test_a_running_gateway_has_the_metrics_of_alerts_and_dashboard(demo):
    with urlopen(f"http://127.0.0.1:{demo.admin_port}/metrics", timeout=10) as answer:  # loopback
        page = answer.read().decode()
    there = set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))
    wanted = {name for query in queries() for name in re.findall(r"\b(?:sip2gw|process)_\w+", query)}
    assert len(wanted) > 20
    missing = {name for name in wanted if not {name, name.removesuffix("_bucket")} & there}
    assert missing <= ONLY_WITH_WORKERS


def test_a_logged_in_library_has_its_series_on_the_metrics_page(demo):
    demo.reset()
    with demo.terminal() as kiosk:
        assert kiosk.log_in("kiosk@openall.example:open-secret", "openall").ok
        with urlopen(f"http://127.0.0.1:{demo.admin_port}/metrics", timeout=10) as answer:  # loopback
            page = answer.read().decode()
    for series in (
        r'sip2gw_terminals\{library="openall"\} [1-9]',
        r'sip2gw_library_offline\{library="openall"\} 0\.0',
        r'sip2gw_last_activity_seconds\{library="openall"\} 1\.',
        r'sip2gw_logins_total\{library="openall",outcome="ok"\} [1-9]',
        r'sip2gw_build_info\{openssl="[^"]+",python="3\.[^"]+",twisted="[^"]+",version="[^"]+"\} 1\.0',
    ):
        assert re.search(series, page), series
