"""A hook of mkdocs: links to source files are for readers of the repository; the site has no such files."""

import re
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave the path of a link out of the pages' folder, without the link."""
    return re.sub(r"\[(`[^`\]]+`)\]\(\.\./[^)]+\)", r"\1", markdown)
