"""The locks name everything with version and hash, and one that no longer fits is noticed without a network."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ENTRY = re.compile(
    r"^([a-z0-9._-]+)==([^\s;]+)(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


@pytest.fixture
def tree(tmp_path):
    """A copy of what the locks are made from, and of the check."""
    for folder in (".ci", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def check(tree):
    checked = subprocess.run([sys.executable, tree / ".ci" / "locks"], capture_output=True, text=True)
    return checked.returncode, checked.stdout + checked.stderr


def change(file, old, new):
    text = file.read_text()
    assert re.search(old, text)
    file.write_text(re.sub(old, new, text, count=1))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_F98_K1_each_lock_has_a_version_and_hashes_for_everything(lock):
    text = lock.read_text()
    assert len(ENTRY.findall(text)) == len(re.findall(r"^[^\s#]", text, re.MULTILINE)) > 0


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_K1_a_lock_names_no_index_and_no_folder(lock):
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(
        r"^-|--(extra-)?index|--find-links|(?<![a-z])/(home|root|tmp|work|opt)/", text, re.MULTILINE
    )


def test_K1_each_package_has_one_version_in_all_locks():
    runtime = {
        (name, version) for name, version, _ in ENTRY.findall((ROOT / "requirements/runtime.txt").read_text())
    }
    for lock in ("demo", "dev", "fuzz"):
        there = {(n, v) for n, v, _ in ENTRY.findall((ROOT / f"requirements/{lock}.txt").read_text())}
        assert runtime <= there


def test_K1_the_locks_fit_what_is_asked_for():
    assert check(ROOT) == (0, "")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("setup.cfg", r"    attrs>=\S+", "    attrs>=99", r"runtime.txt has attrs \S+ where attrs>=99 is needed"),
        ("setup.cfg", r"    attrs>=\S+", "    attrs>=24\n    left-pad>=1", "runtime.txt lacks left-pad>=1"),
        ("setup.cfg", r"    rich>=\S+\n", "", "runtime.txt has rich, which is not asked for any more"),
        ("setup.cfg", r"    prompt_toolkit>=\S+", "    prompt_toolkit<3", "demo.txt has prompt_toolkit"),
        ("setup.cfg", r"    pytest>=\S+", "    pytest>=99", "dev.txt has pytest"),
        ("setup.cfg", r"    atheris>=\S+", "    atheris>=99", "fuzz.txt has atheris"),
        ("requirements/tls.in", r"sslyze>=\S+", "sslyze>=99", "tls.txt has sslyze"),
        ("requirements/build.in", r"setuptools>=\S+", "setuptools>=999", "build.txt has setuptools"),
        ("requirements/runtime.txt", r"\nattrs==\S+", "\nattrs==1.0", "runtime.txt has attrs 1.0 where attrs"),
        ("requirements/dev.txt", r"\npytest==\S+", "\npytest>=8", "dev.txt has pytest without a version"),
        ("requirements/dev.txt", r"\npytest==(\S+) \\(\n +--hash=\S+( \\)?)+", r"\npytest==\1", "without .* a hash"),
    ],
)  # fmt: skip
def test_K1_a_lock_that_no_longer_fits_is_one_line(tree, file, old, new, said):
    change(tree / file, old, new)
    status, printed = check(tree)
    assert status == 1
    assert printed.count("\n") == 1
    assert re.search(said, printed)
    assert printed.endswith("make lock\n")


def test_K1_a_lock_that_is_missing_is_one_line(tree):
    (tree / "requirements" / "runtime.txt").unlink()
    assert check(tree) == (
        1,
        "sip2gw: the locks do not fit: runtime.txt is missing. Make them again: make lock\n",
    )
