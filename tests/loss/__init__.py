"""Witnesses: compare what terminals were told with what the library's ledger has."""
