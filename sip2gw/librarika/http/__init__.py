"""One REST call to one library's API: whether it may be made, over which connection, and how it ends.

This room has no members, loans or copies, and imports nothing of the rooms above it. Calls enter by `api.API.call`.
"""
