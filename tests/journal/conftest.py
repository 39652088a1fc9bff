"""The PostgreSQL server of this folder's tests."""

from store.postgresql_server import _database, postgresql, postgresql_server

__all__ = ["_database", "postgresql", "postgresql_server"]
