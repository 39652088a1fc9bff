"""One REST call to one library's API: whether it may be made, over which connection, and how it ends.

This room knows no members, loans or copies, and nothing of the rooms above it. `api.API.call` is its door.
"""
