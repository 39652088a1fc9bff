"""What a gateway has to know if it is one of several worker processes, and its share of the limits of all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from attrs import evolve, frozen
from twisted.internet.interfaces import IStreamServerEndpoint

from sip2gw.config import Config


@frozen
class Worker:
    """One of several processes that serve the same terminals."""

    number: int
    """From 1."""
    process: str
    """The name of this process among all that the worker has had, and among those of other gateways."""
    endpoint: Callable[[int], IStreamServerEndpoint]
    """Returns the endpoint of a place in `listen`: another process accepts its connections."""
    day_key: tuple[date, bytes]
    """The day, and the key that all processes use on it for tags in the log."""


def share(config: Config, workers: int) -> Config:
    """Return the configuration of one of several workers.

    Limits on the whole machine, and on calls to the API, are divided. The admin endpoint is the parent's.
    """

    def part(most: int) -> int:
        return -(-most // workers)

    limits, api = config.limits, config.librarika
    return evolve(
        config,
        admin=None,
        limits=evolve(limits, connections=part(limits.connections), strangers=part(limits.strangers)),
        librarika=evolve(api, calls=part(api.calls), calls_per_library=part(api.calls_per_library)),
    )
