"""What the package needs: what it imports is declared, and what is missing or too old is one line at the start."""

import ast
import configparser
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sip2gw
from sip2gw.dependencies import unmet

ROOT = Path(__file__).parents[2]
INSTALLED = Path(sip2gw.__file__).parents[1]
BIN = Path(sys.executable).parent


def declared():
    """What setup.cfg asks for, by the packages' normal names; the extras for demo and PostgreSQL as well."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    lines = "".join([setup["options"]["install_requires"], extras["demo"], extras["postgresql"]])
    requirements = [Requirement(line) for line in lines.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in requirements}


@cache
def imports():
    """Each absolute import of the sources: where it stands, the dotted name, and the names taken from there."""
    found = []
    for top in ("sip2gw", "twisted"):
        for file in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    found.append((file.relative_to(ROOT), node.module, [name.name for name in node.names]))
                elif isinstance(node, ast.Import):
                    found += [(file.relative_to(ROOT), name.name, []) for name in node.names]
    return found


def others():
    """Those of other packages, with the packages' normal names."""
    packages = packages_distributions()
    for file, module, names in imports():
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "sip2gw":
            continue
        for package in packages.get(top, [top]):
            if canonicalize_name(package) != "sip2gw":  # its plugin is in the folder of Twisted
                yield file, module, names, canonicalize_name(package)


def test_K1_each_imported_package_is_declared():
    known = declared()
    zope = {"zope-interface", "zope-event", "zope-schema"}  # one name, several packages
    missing = {
        (str(file), package)
        for file, _, _, package in others()
        if package not in known and not (package in zope and "zope-interface" in known)
    }
    assert not missing


def test_K1_a_package_whose_private_parts_are_used_has_an_upper_bound():
    private = {
        package
        for _, module, names, package in others()
        if any(re.match("_[a-z]", part) for part in [*module.split("."), *names])
    }
    known = declared()
    assert "pyopenssl" in private
    for package in private:
        assert any(one.operator == "<" for one in known[package].specifier), package


def test_K1_every_requirement_has_a_lower_bound():
    assert all(any(one.operator == ">=" for one in needed.specifier) for needed in declared().values())


@pytest.fixture
def machine(tmp_path):
    """Runs a program where the metadata of some packages are others."""

    def package(name, version, *needed):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        folder.joinpath("METADATA").write_text(
            "\n".join([*lines, *(f"Requires-Dist: {one}" for one in needed), ""])
        )

    def run(*command):
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{INSTALLED}"}
        ran = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        return ran.returncode, ran.stdout, ran.stderr

    run.package = package
    return run


COMMAND = ("-m", "sip2gw", "decode", "9900302.00")
GATEWAY = (BIN / "twistd", "sip2gw", "--version")
SANDBOX = (BIN / "twistd", "librarika-sandbox", "--help")


@pytest.mark.parametrize(
    ("program", "needed", "wrong", "install"),
    [
        (
            COMMAND,
            "cryptography>=47,<51",
            "cryptography 47 or newer; 43.0 is installed",
            "cryptography<51,>=47",
        ),
        (
            GATEWAY,
            "cryptography>=47,<51",
            "cryptography 47 or newer; 43.0 is installed",
            "cryptography<51,>=47",
        ),
        (
            SANDBOX,
            "cryptography>=47,<51",
            "cryptography 47 or newer; 43.0 is installed",
            "cryptography<51,>=47",
        ),
        (COMMAND, "Cryptography<42", "Cryptography older than 42; 43.0 is installed", "Cryptography<42"),
        (COMMAND, "left-pad>=1.2", "left-pad 1.2 or newer; it is not installed", "left-pad>=1.2"),
        (GATEWAY, "left-pad>=1.2", "left-pad 1.2 or newer; it is not installed", "left-pad>=1.2"),
        (COMMAND, "left-pad", "left-pad; it is not installed", "left-pad"),
        (COMMAND, "old-friend", "left-pad 3 or newer; it is not installed", "left-pad>=3"),
        (COMMAND, "new-friend[more]", "right-pad; it is not installed", "right-pad"),
    ],
)
def test_K1_a_part_missing_or_too_old_is_one_line(machine, program, needed, wrong, install):
    machine.package("sip2gw", "0.1.0", needed)
    machine.package("cryptography", "43.0")
    machine.package("old_friend", "1.0", "left-pad>=3", 'right-pad; extra == "more"', "not a requirement!")
    machine.package("new_friend", "1.0", 'right-pad; extra == "more"')
    status, _, printed = machine(*program)
    assert status == 1
    command = shlex.join([sys.executable, "-m", "pip", "install", install])
    assert printed == f"sip2gw needs {wrong}: {command}\n"


@pytest.mark.parametrize("program", [COMMAND, GATEWAY])
def test_K1_fitting_parts_and_those_for_other_machines_do_not_stop_it(machine, program):
    fits = "cryptography>=43,<44", "cryptography>=42.0rc1"
    machine.package("sip2gw", "0.1.0", *fits, "left-pad; python_version < '3'", "left-pad; extra == 'more'")
    machine.package("cryptography", "43.0")
    status, _, printed = machine(*program)
    assert (status, printed) == (0, "")


def test_K1_the_check_of_the_installed_wheel_finds_nothing():
    assert unmet("sip2gw") == {}
