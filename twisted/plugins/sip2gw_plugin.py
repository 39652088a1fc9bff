"""What `twistd` finds: the gateway, and the sandbox on its own."""

from twisted.application.service import ServiceMaker

gateway = ServiceMaker(
    "sip2gw",
    "sip2gw.service",
    "SIP2 terminals of many libraries in front of Librarika's REST API.",
    "sip2gw",
)

sandbox = ServiceMaker(
    "librarika-sandbox",
    "sip2gw.sandbox.service",
    "A local Librarika: the assumed REST API with its rules, for demos and tests.",
    "librarika-sandbox",
)

faults = ServiceMaker(
    "librarika-faults",
    "sip2gw.sandbox.fault_service",
    "A TCP proxy that does what a bad network does, for whoever tests a client of the API.",
    "librarika-faults",
)
