"""What `twistd` finds: the gateway, and the sandbox on its own."""

from typing import Any

from twisted.application.service import ServiceMaker

from sip2gw.dependencies import require_all


class Program(ServiceMaker):
    """A program of twistd, which first looks whether all that it needs is installed."""

    @property
    def options(self) -> Any:
        """The command line of the program."""
        require_all()
        return super().options


gateway = Program(
    "sip2gw",
    "sip2gw.service",
    "SIP2 terminals of many libraries in front of Librarika's REST API.",
    "sip2gw",
)

sandbox = Program(
    "librarika-sandbox",
    "sip2gw.sandbox.service",
    "A local Librarika: the assumed REST API with its rules, for demos and tests.",
    "librarika-sandbox",
)

faults = Program(
    "librarika-faults",
    "sip2gw.sandbox.fault_service",
    "A TCP proxy that imitates a bad network, for tests of an API client.",
    "librarika-faults",
)
