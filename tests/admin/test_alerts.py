"""The alerts and the dashboard that come with the gateway ask for metrics that there are, by labels that they have."""

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from twisted.logger import LogPublisher

from sip2gw.log import Log, LogSettings
from sip2gw.metrics import Metrics

ROOT = Path(__file__).parents[2]
FILE = ROOT / "contrib" / "sip2gw-alerts.yml"
DASHBOARD = ROOT / "contrib" / "sip2gw-dashboard.json"
RUNBOOK = ROOT / "docs" / "runbook.md"
RULES = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]
PANELS = [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]
QUERIES = [
    *((rule["alert"], rule["expr"]) for rule in RULES),
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
]
GIVEN_BY_PROMETHEUS = {"job", "instance", "le"}
ASKED = re.compile(r"\b((?:sip2gw|process)_\w+|up)\b(?:\{([^}]*)\})?")


def figures() -> dict[str, set[str]]:
    """The labels of each metric, by the name that it is asked for."""
    metrics = Metrics()
    found = {"up": set()}
    found |= {
        family.name: set() for family in metrics.registry.collect() if family.name.startswith("process_")
    }
    for collector, names in metrics.registry._collector_to_names.items():
        for name in names:
            found[name] = set(getattr(collector, "labelnames", getattr(collector, "_labelnames", ())))
    for family in Log(LogPublisher(), LogSettings()).collect():
        found[f"{family.name}_total"] = {label for sample in family.samples for label in sample.labels}
    return found


def by(expr: str) -> set[str]:
    """The labels that an expression groups by."""
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", expr)
    return {label.strip() for labels in grouped for label in labels.split(",")}


@pytest.mark.parametrize(("name", "expr"), QUERIES, ids=[name for name, _ in QUERIES])
def test_every_metric_and_label_of_a_query_is_there(name, expr):
    known = figures()
    asked = ASKED.findall(expr)
    assert asked
    for metric, selected in asked:
        assert metric in known
        selects = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selected))
        assert selects <= known[metric] | GIVEN_BY_PROMETHEUS
    assert by(expr) <= set().union(*(known[metric] for metric, _ in asked)) | GIVEN_BY_PROMETHEUS


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_has_a_severity_and_a_place_in_the_runbook(rule):
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert len(rule["annotations"]["summary"]) > 20
    labels = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    known = figures()
    assert labels <= set().union(*(known[metric] for metric, _ in ASKED.findall(rule["expr"])))
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (page, anchor) == ("runbook.html", rule["alert"].lower())
    assert f"## {rule['alert']}\n" in RUNBOOK.read_text()


def test_the_runbook_has_no_alert_that_there_is_not():
    told = re.findall(r"^## (Sip2gw\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert told == [rule["alert"] for rule in RULES], "each once, in the order of the file"


def test_prometheus_reads_the_alerts():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    checked = subprocess.run([promtool, "check", "rules", FILE], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dashboard_is_as_its_panels_say(tmp_path):
    program = runpy.run_path(str(ROOT / ".ci" / "dashboard"))
    program["main"].__globals__["FILE"] = tmp_path / "dashboard.json"
    program["main"]()
    assert (tmp_path / "dashboard.json").read_text() == DASHBOARD.read_text()


def test_the_panels_of_the_dashboard_do_not_overlap():
    taken = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
