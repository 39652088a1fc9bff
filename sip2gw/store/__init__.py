"""The store: what has to outlive a process, or has to be known to all processes. See `port`.

`SQLiteStore` is a file of this machine. `PostgreSQLStore` is a database that several machines use.
`FileLock` is taken by the parent of several workers, each of which then opens the same file.
"""

from sip2gw.store.file_lock import FileLock
from sip2gw.store.opening import make_store
from sip2gw.store.port import FINAL, LIMIT, Kind, Row, StatementFailed, Store, StoreFailed, Transaction, Value
from sip2gw.store.sqlite import SQLiteStore

__all__ = [
    "FINAL", "LIMIT", "FileLock", "Kind", "Row", "SQLiteStore", "StatementFailed", "Store", "StoreFailed",
    "Transaction", "Value", "make_store",
]  # fmt: skip
