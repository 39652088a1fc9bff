"""The client of a gateway's admin endpoint, and the options of the commands that use it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import click

from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.secret import Secret
from sip2gw.token_file import token_in

F = TypeVar("F", bound=Callable[..., Any])

_OPENER = build_opener(ProxyHandler({}))
"""Asks the gateway without a proxy, even if the environment names one: only the gateway may get the token."""
_SECONDS = 10
DEFAULT = "http://127.0.0.1:8080"


class NoUsableAnswer(click.ClickException):
    """The gateway does not answer, or with something else; the exit status is 2."""

    exit_code = 2


class Gateway:
    """The admin endpoint at `url`."""

    def __init__(self, url: str, token: Secret | None, who: str = "") -> None:
        if not url.startswith(("http://", "https://")):
            raise click.UsageError(f"{url} is not a URL of http or https")
        self.url = url.rstrip("/")
        self._token = token
        self._who = who

    def get(self, *path: str, **query: str) -> Any:
        """Return the JSON of a page under /api. Raises `click.ClickException`."""
        used = {name: value for name, value in query.items() if value}
        return json.loads(self._ask(("api", *path), None, used))

    def text(self, *path: str) -> str:
        """Return the text of a page under /api. Raises `click.ClickException`."""
        return self._ask(("api", *path), None, {}).decode()

    def post(self, *path: str, **said: str) -> Any:
        """Have something done. Raises `click.ClickException`."""
        used = {name: value for name, value in said.items() if value}
        return json.loads(self._ask(("api", *path), json.dumps(used).encode(), {}))

    def page(self, *path: str, has: str, method: str = "GET") -> dict[str, Any]:
        """Return the JSON object of another page, which `has` this key. Raises `click.ClickException`."""
        try:
            found = json.loads(self._ask(path, None, {}, method))
        except ValueError:
            found = None
        if not isinstance(found, dict) or has not in found:
            raise NoUsableAnswer(f"{self.url} answers with something else: is that the endpoint of [admin]?")
        return found

    def _ask(
        self, path: tuple[str, ...], body: bytes | None, query: Mapping[str, str], method: str | None = None
    ) -> bytes:
        place = "/".join(quote(part, safe="") for part in path)
        url = f"{self.url}/{place}" + (f"?{urlencode(query)}" if query else "")
        request = Request(url, body, method=method)  # noqa: S310 (http, see above)
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token.reveal()}")
        if self._who:
            request.add_header("X-Operator", self._who)
        try:
            with _OPENER.open(request, timeout=_SECONDS) as answer:
                return bytes(answer.read())
        except HTTPError as error:
            raise _refused(self.url, error) from None
        except (URLError, OSError, ValueError) as error:
            raise NoUsableAnswer(f"{self.url} does not answer: {_why(error)}") from None


def _refused(url: str, error: HTTPError) -> click.ClickException:
    with error:
        if error.code == 401:
            return NoUsableAnswer(
                f"{url} needs its token: name the file with --token-file, or the configuration with --config"
            )
        if error.code == 429:
            return NoUsableAnswer(f"{url} got too many wrong tokens from this machine: wait a minute")
        try:
            why = json.loads(error.read())["error"]
        except (ValueError, KeyError, TypeError, OSError):
            return NoUsableAnswer(f"{url} answers with status {error.code}: is that the endpoint of [admin]?")
        return click.ClickException(f"{url}: {why}")


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ConnectionRefusedError):
        return "connection refused: is the gateway running, and is that the endpoint of [admin]?"
    return str(reason)


def gateway_options(command: F) -> F:
    """Add the options that lead to a gateway; the command gets it as its first argument."""

    @click.option(
        "--admin",
        "url",
        metavar="URL",
        help=f"The endpoint of [admin].  [default: of --config, or {DEFAULT}]",
    )
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path),
        help="The file with the token of [admin], if it has one.",
    )
    @click.option(
        "--config", "file", type=click.Path(), help="The gateway's configuration, for endpoint and token."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
    @functools.wraps(command)
    def with_gateway(
        *args: Any, url: str | None, token_file: Path | None, file: str | None, as_json: bool, **options: Any
    ) -> Any:
        return command(open_gateway(url, token_file, file), *args, as_json=as_json, **options)

    return with_gateway  # type: ignore[return-value]  # the signature differs by the gateway, which click does not see


def open_gateway(url: str | None, token_file: Path | None, file: str | None) -> Gateway:
    """Return the gateway that the options lead to. Raises `click.ClickException`."""
    if file is not None:
        found_url, found_token = _configured(file)
        url, token_file = url or found_url, token_file or found_token
    try:
        token = token_in(token_file) if token_file is not None else None
    except Wrong as wrong:
        raise click.ClickException(f"the token file {wrong}") from None
    return Gateway(url or DEFAULT, token, _login_name())


def _configured(file: str) -> tuple[str, Path | None]:
    from sip2gw.config import load  # it is slow to import

    try:
        admin = load(file).admin
    except ConfigFaults as faults:
        raise click.ClickException(str(faults)) from None
    if admin is None:
        raise click.ClickException(f"{file} has no [admin]: without it the gateway can't be asked")
    if not admin.endpoint.url:
        raise click.ClickException(
            f"give --admin: [admin] of {file} listens on no port that is known beforehand"
        )
    return admin.endpoint.url, admin.token_file


def _login_name() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):
        return ""


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2))
