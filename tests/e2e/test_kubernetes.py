"""The manifests for Kubernetes, without a cluster: they agree with each other, and with the gateway and its defaults.

The pod's files are laid out as its volumes say, and its command is run on them.
"""

import re
import signal
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml
from gateway.authority import Authority

from sip2gw.config import load
from sip2gw.limits import Limits
from sip2gw.tls.certificates import CHAIN, KEY

from .processes import Process, free_ports
from .waiting import wait_until

FILE = Path(__file__).parents[2] / "contrib" / "kubernetes" / "sip2gw.yaml"
TEXT = FILE.read_text("utf-8")
MANIFESTS = {one["kind"]: one for one in yaml.safe_load_all(TEXT)}
POD = MANIFESTS["Deployment"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
PORTS = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
VOLUMES = {volume["name"]: volume for volume in POD["volumes"]}
WRITTEN = {"database-password": "sesame\n", "store-key": "ab" * 32, "admin-token": "t" * 32}
"""What the files of the general Secret have."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of the container's file system, with what the volumes bring."""
    pair = tmp_path / "pair"
    Authority().write_pair(pair, "sip2.example.org")
    tls = {"tls.crt": (pair / CHAIN).read_text(), "tls.key": (pair / KEY).read_text()}
    content = {
        ("configMap", "sip2gw"): MANIFESTS["ConfigMap"]["data"],
        ("secret", "sip2gw-tls"): tls,
        ("secret", "sip2gw"): {name: WRITTEN[name] for name in re.findall(r"--from-file=(\S+)", TEXT)},
    }
    for mount in CONTAINER["volumeMounts"]:
        volume = VOLUMES[mount["name"]]
        (kind,) = volume.keys() - {"name"}
        source = volume[kind]
        kept = content[kind, source.get("name") or source["secretName"]]
        folder = tmp_path / mount["mountPath"].lstrip("/")
        folder.mkdir(parents=True)
        for item in source.get("items") or [{"key": name, "path": name} for name in kept]:
            file = folder / item["path"]
            file.write_text(kept[item["key"]].replace('"/etc/', f'"{tmp_path}/etc/'))
            file.chmod(source.get("defaultMode", 0o644))
    return tmp_path


def config_in(root: Path) -> Path:
    """The file that the container's command names."""
    named = CONTAINER["args"][CONTAINER["args"].index("--config") + 1]
    return root / named.lstrip("/")


def test_the_configuration_fits_the_volumes_and_has_no_fault(root):
    config = load(config_in(root))
    assert config.warnings == ()
    assert config.store.url is not None, "the file system of the container is read-only"
    assert [listen.endpoint.port for listen in config.listen] == [PORTS["sip2"]]
    assert config.admin.endpoint.port == PORTS["admin"]


def test_each_reference_has_what_it_names():
    spec, service = MANIFESTS["Deployment"]["spec"], MANIFESTS["Service"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == service["selector"] == labels
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == VOLUMES.keys()
    (published,) = service["ports"]
    assert PORTS[published["targetPort"]] == published["port"]
    assert len(MANIFESTS) == len(re.findall(r"^kind:", TEXT, re.MULTILINE)), "one of each kind"
    assert all(one["metadata"]["name"] == "sip2gw" for one in MANIFESTS.values())


def test_the_pod_may_take_as_long_as_the_gateway_to_stop():
    assert POD["terminationGracePeriodSeconds"] == Limits().drain_deadline + 15
    assert POD["securityContext"]["runAsUser"] > 0


def test_the_command_starts_and_its_probes_are_answered(root, postgresql):
    config = config_in(root)
    text = config.read_text()
    moved = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    for name, port in PORTS.items():
        text = text.replace(f'"tcp:{port}"', f'"tcp:{moved[name]}:interface=127.0.0.1"')
    config.write_text(re.sub(r"postgresql://[^\"]+", lambda _: postgresql.url, text))
    program, *options = CONTAINER["args"]
    first = options.index("sip2gw")
    arguments = [word.replace("/etc/", f"{root}/etc/") for word in options[first:]]
    command = program, *options[:first]
    process = Process(arguments, root, ready=": health", program=command, cold=True).start()
    try:
        for name in ("readinessProbe", "livenessProbe"):
            probe = CONTAINER[name]["httpGet"]
            url = f"http://127.0.0.1:{moved[probe['port']]}{probe['path']}"
            wait_until(lambda url=url: status(url) == 200, lambda url=url: (url, status(url)))
        process.tell(signal.SIGTERM)
        assert process.ended() in (0, -signal.SIGTERM)
    finally:
        process.kill()
    assert not [line for line in process.printed if "Traceback" in line]


def status(url: str) -> int:
    """What a probe gets."""
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310  # http, loopback
            return answer.status
    except HTTPError as error:
        with error:
            return error.code
