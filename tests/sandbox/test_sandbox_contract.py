"""The sandbox keeps to `docs/librarika-api.yaml`, as far as schemathesis can find out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from sandbox_support import start_sandbox
from schemathesis import Case

from sip2gw.sandbox.operations import OPERATIONS
from sip2gw.sandbox.problem import CODES

FILE = Path(__file__).resolve().parents[2] / "docs" / "librarika-api.yaml"
_keys = itertools.count()
MARK = "Bearer signed-in"

schema = schemathesis.openapi.from_path(FILE)


@pytest.fixture(scope="module")
def contract() -> Any:
    """What the file says."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """A running sandbox's base URL of one library that allows all that a policy can allow."""
    process, port = start_sandbox()
    with process:
        try:
            root = f"http://127.0.0.1:{port}"
            allowed = {"nickname": "riverside", "preferences": {"item_updates": True, "member_updates": True}}
            requests.post(f"{root}/control/libraries", json=allowed, timeout=10).raise_for_status()
            yield f"{root}/riverside/api/v1"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def session(base: str) -> Iterator[requests.Session]:
    """A client that keeps its connection."""
    with requests.Session() as session:
        yield session


@schema.auth()
class SignedIn:
    """Cases are made before the sandbox runs: they get a mark, in whose place the test puts a token."""

    def get(self, case: Case, context: schemathesis.AuthContext) -> str:
        return MARK

    def set(self, case: Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = data


@pytest.fixture
def token(base: str) -> str:
    """An access token of its own for each operation, since one of them ends it."""
    account = {"username": "kiosk@riverside.example", "password": "kiosk-secret", "scope": "sip2"}
    return str(requests.post(f"{base}/auth/tokens", json=account, timeout=10).json()["access_token"])


def test_the_contract_is_valid_openapi(contract: Any) -> None:
    assert contract["openapi"].startswith("3.1")
    validate(contract)


def test_the_sandbox_has_the_operations_of_the_contract(contract: Any) -> None:
    told = {
        (operation["operationId"], method.upper(), path)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }
    assert told == {(operation.name, operation.method, operation.path) for operation in OPERATIONS}


def test_the_sandbox_has_the_codes_of_the_contract(contract: Any) -> None:
    assert contract["components"]["schemas"]["Code"]["enum"] == list(CODES)


@schema.parametrize()
@settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.untraced
def test_the_sandbox_keeps_the_contract(case: Case, base: str, token: str, session: requests.Session) -> None:
    if case.headers.get("Authorization") == MARK:
        case.headers["Authorization"] = f"Bearer {token}"
    if "Idempotency-Key" in case.headers and case.meta and case.meta.generation.mode.is_positive:
        # A key stands for one request: the next one needs another.
        case.headers["Idempotency-Key"] = f"k{next(_keys)}"
    case.call_and_validate(base_url=base, session=session)
