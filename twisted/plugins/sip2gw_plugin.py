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
