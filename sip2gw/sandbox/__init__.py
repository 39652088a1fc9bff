"""A local Librarika: the assumed REST API v1 with Librarika's rules over SQLite. It knows nothing of SIP2.

`Sandbox` is the whole of it; `load_data` reads a data file and reports all its faults as one `DataFault`.
The contract is `docs/librarika-api.yaml`.
"""

from sip2gw.sandbox.data import DataFault, default_data, load_data
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.sandbox import Sandbox

__all__ = ["DataFault", "Problem", "Sandbox", "default_data", "load_data"]
