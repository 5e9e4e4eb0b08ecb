"""Writes the schema for the dashboard: `python -m chroma.server.graphql.export chroma-ui/schema.graphql`."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from chroma.server.graphql.schema import build_schema


def main(arguments: list[str] | None = None) -> int:
    """Write the schema, or with `--check` say how the file differs from it.

    Returns:
        Exit code: 1 where the file differs.
    """
    parser = argparse.ArgumentParser(prog="python -m chroma.server.graphql.export", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 on a difference")
    given = parser.parse_args(arguments)
    schema = build_schema().as_str().rstrip() + "\n"
    if not given.check:
        given.path.write_text(schema, encoding="utf-8")
        return 0
    written = given.path.read_text(encoding="utf-8") if given.path.exists() else ""
    lines = difflib.unified_diff(
        written.splitlines(keepends=True),
        schema.splitlines(keepends=True),
        str(given.path),
        "the server's schema",
    )
    sys.stdout.writelines(lines)
    return int(written != schema)


if __name__ == "__main__":
    sys.exit(main())
