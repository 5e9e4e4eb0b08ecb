"""A hook of mkdocs: pages link to source files for those who read them in the repository; the site has none."""

import re
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leave the path of a link out of the pages' folder, without the link."""
    return re.sub(r"\[(`[^`\]]+`)\]\(\.\./[^)]+\)", r"\1", markdown)
