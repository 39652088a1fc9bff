"""A file of certification authorities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from sip2gw.config.checks import File
from sip2gw.tls.certificates import read_authorities

CAFile = Annotated[Path, File(read_authorities)]
"""A PEM file with at least one certificate."""
