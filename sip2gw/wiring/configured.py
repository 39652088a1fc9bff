"""Make what the parts need from the configuration: at the start, and most of it again at each reload."""

from __future__ import annotations

from itertools import chain
from typing import Any

from sip2gw.circulation.desk import Policy
from sip2gw.config import Config, Listen
from sip2gw.config.accounts import password_in
from sip2gw.gateway.given import Given
from sip2gw.librarika import CallLimits, Librarika, Timeouts
from sip2gw.library import Credentials
from sip2gw.log import LogSettings
from sip2gw.metrics import Metrics
from sip2gw.secret import Secret
from sip2gw.session import Login
from sip2gw.tls.clients import ClientFiles
from sip2gw.tls.contexts import TLSFiles
from sip2gw.token_file import token_in


def policy(config: Config) -> Policy:
    """Return the limits and times that apply to terminals."""
    return Policy(timeout=config.terminals.timeout, retries=config.terminals.retries)


def log_settings(config: Config) -> LogSettings:
    """Return how much is logged."""
    return LogSettings(config.log.level, config.log.form)


def tls_files(listen: Listen) -> TLSFiles | None:
    """Return the TLS files of this listener; None without TLS."""
    if listen.certificates is None:
        return None
    authorities, required = listen.client_authorities, listen.client_certificates != "optional"
    clients = ClientFiles(authorities, required, listen.client_revoked) if authorities else None
    return TLSFiles(listen.certificates, listen.default_certificate, clients)


def given(config: Config, number: int) -> tuple[Given, ...]:
    """Return the accounts that an endpoint gives to terminals that can't log in. Raises `Wrong`."""
    accounts = config.given[number] if number < len(config.given) else ()
    return tuple(
        Given(
            Login(Credentials(one.account, password_in(one.password_file).reveal()), one.library),
            one.certificate or "",
            one.addresses,
        )
        for one in accounts
    )


def libraries(config: Config) -> set[str]:
    """Return the nicknames of all libraries in the configuration."""
    accounts = chain.from_iterable(config.given)
    return {*config.settings.libraries, *(account.library for account in accounts)}


def token(config: Config) -> Secret | None:
    """Return the token that clients of the admin endpoint must send. Raises `Wrong`."""
    file = None if config.admin is None else config.admin.token_file
    return None if file is None else token_in(file)


class Remedies(dict[str, str]):
    """How to choose another endpoint, by its place in the configuration."""

    def __missing__(self, place: str) -> str:
        return f"change {place} in the configuration, or stop the program that uses it"


def timeouts(config: Config) -> Timeouts:
    """Return timeouts of calls that let a terminal get an answer before it gives up."""
    return Timeouts.within(config.librarika.call(config.terminals.timeout))


def call_limits(config: Config) -> CallLimits:
    """Return limits on the calls to the API."""
    return CallLimits(config.librarika.calls, config.librarika.calls_per_library)


def make_librarika(config: Config, reactor: Any, metrics: Metrics) -> Librarika:
    """Return the adapter, with this configuration's deadlines, limits and authorities."""
    api = config.librarika
    return Librarika(
        reactor,
        api.url,
        timeouts=timeouts(config),
        limits=call_limits(config),
        trust=api.ca_file,
        private_networks=api.private_networks,
        metrics=metrics,
    )
