"""What can be read off the program is not written twice: the reference pages are made before Sphinx reads any page."""

from pathlib import Path

import config_reference
import metrics_reference
import profiles_reference
import rest_contract
import security_reference
import sip2_reference
import stored_reference
import words_reference
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the reference pages before Sphinx reads the manual."""
    app.connect("builder-inited", _make_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _make_pages(app: Sphinx) -> None:
    docs = Path(app.srcdir)
    pages = {
        "messages.md": sip2_reference.messages_page(),
        "fields.md": sip2_reference.fields_page(),
        "contract.md": rest_contract.page(docs / "librarika-api.yaml"),
        # These are included by other pages.
        "advice.inc": words_reference.advice(),
        "languages.inc": words_reference.languages(),
        "screen.inc": words_reference.screen(),
        "misbehaviours.inc": words_reference.misbehaviours(),
        "faults.inc": words_reference.faults(),
        "transcripts.inc": words_reference.transcripts(docs.parent / "tests/transcripts"),
        "config.inc": config_reference.page(),
        "knobs.inc": profiles_reference.knobs(),
        "profiles.inc": profiles_reference.built_in(),
        "commands.inc": words_reference.commands(),
        "metrics.inc": metrics_reference.page(),
        "stored.inc": stored_reference.page(),
        "limits.inc": security_reference.limits_table(),
        "failures.inc": security_reference.catalogue(docs.parent / "tests"),
    }
    for name, text in pages.items():
        _write(docs / "reference/generated" / name, text)


def _write(path: Path, text: str) -> None:
    """Write a page, unless it stands there already: an untouched page is not rendered again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
