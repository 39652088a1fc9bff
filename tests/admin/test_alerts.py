"""The alerts that come with the gateway ask for figures that there are, by labels that they have."""

import re
from pathlib import Path

import yaml
from twisted.logger import LogPublisher

from sip2gw.log import Log, LogSettings
from sip2gw.metrics import Metrics

FILE = Path(__file__).parents[2] / "contrib" / "sip2gw-alerts.yml"
RULES = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]
GIVEN_BY_PROMETHEUS = {"job", "instance", "le"}


def figures() -> dict[str, set[str]]:
    """The labels of each figure, by the name that it is asked for."""
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


def test_every_figure_and_label_of_an_alert_is_there():
    known = figures()
    assert len(RULES) >= 10
    for rule in RULES:
        asked = re.findall(r"\b((?:sip2gw|process)_\w+|up)\b(?:\{([^}]*)\})?", rule["expr"])
        assert asked, rule
        labels = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        for name, selected in asked:
            assert name in known, (rule["alert"], name)
            by = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selected))
            assert by <= known[name] | GIVEN_BY_PROMETHEUS, (rule["alert"], by)
        assert labels <= set().union(*(known[name] for name, _ in asked)), rule["alert"]


def test_every_alert_is_called_something_else_and_says_what_it_is():
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    assert all(len(rule["annotations"]["summary"]) > 20 for rule in RULES)
