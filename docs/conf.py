"""The manual: Markdown pages, and a reference that is generated from the declarations (see _ext)."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
# The manual describes the working tree, not an installed version. The tests' module reads the catalogue of failures.
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext"), str(HERE.parent / "tests")]

from sip2gw import __version__  # noqa: E402  # only found after the line above

project = "sip2gw"
author = "the sip2gw authors"
copyright = "the sip2gw authors"
release = version = __version__

extensions = ["myst_parser", "sphinx_copybutton", "sphinx_design", "generated"]
# What is copied are the commands, without prompts and what they print.
copybutton_prompt_text = r"\$ |# "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_theme = "furo"
html_title = f"sip2gw {release}"
html_show_sourcelink = False
html_show_copyright = False
# No page loads anything from another site.
html_theme_options = {"navigation_with_keys": True}
