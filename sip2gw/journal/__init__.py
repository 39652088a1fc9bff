"""The journal: every write is stored before it is sent, and is settled even if the gateway stops meanwhile.

`JournaledLibrary` is a library around a library. A row of the journal is one call of the port. Rows whose outcome is
not known, and rows that were accepted for later, are forwarded to the library in their order, under their own key.
"""
