"""Configurations are written to files with secrets, and loaded."""

import os
from pathlib import Path

import pytest

from sip2gw.config import Config, load
from sip2gw.faults import ConfigFaults


@pytest.fixture(autouse=True)
def _private():
    """Keys are written for their owner alone."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def read(tmp_path: Path):
    """Load a text as a file."""

    def read(text: str) -> Config:
        path = tmp_path / "sip2gw.toml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return read


@pytest.fixture
def faults(read):
    """The faults of a text: what is wrong and the fix, by place."""

    def faults(text: str) -> dict[str, str]:
        with pytest.raises(ConfigFaults) as raised:
            read(text)
        found = raised.value.faults
        assert len({fault.place for fault in found}) == len(found), found
        assert all(fault.fix for fault in found)
        for fault, line in zip(found, str(raised.value).splitlines(), strict=True):
            where = f"sip2gw.toml:{fault.line}" if fault.line else "sip2gw.toml"
            assert line.endswith(f"{where}: {fault}")
        return {fault.place: f"{fault.problem}; {fault.fix}" for fault in found}

    return faults
