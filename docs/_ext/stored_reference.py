"""What the store keeps, read off its tables and off the schedule by which they are cleaned."""

import re

from markdown import table

from sip2gw.store.retention import TABLES
from sip2gw.store.schema import migrations


def page() -> str:
    """Return a table of all tables."""
    columns = _columns()
    rows = []
    for name, kept in TABLES.items():
        named = ", ".join(f"`{one}`" for one in columns.get(name, ["version"]))
        rows.append([f"`{name}`", kept.what, kept.personal, kept.until, named])
    return table(["Table", "What", "Personal data", "Kept until", "Columns"], rows)


def _columns() -> dict[str, list[str]]:
    """Return the columns of each table."""
    found = {}
    for sql in migrations().values():
        bare = re.sub("--.*", "", sql)
        for name, inside in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", bare, re.DOTALL):
            found[name] = re.findall(r"^    (?!PRIMARY)(\w+) ", inside, re.MULTILINE)
    return found
