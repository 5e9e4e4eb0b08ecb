"""The page of the corpus: for each training what one gets, as its test found it.

python -m tests.wild.page    runs the corpus and writes the tables
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.wild.films import Kept
from tests.wild.running import SCRIPTS, Trained

PAGE = SCRIPTS.parents[2] / "docs" / "wild.md"
_FOLDER = "CHROMA_WRITE_WILD"  # where rows go that are written into the page
_BEGIN, _END = "<!-- {}: python -m tests.wild.page -->\n", "<!-- end of {} -->\n"
_IDENTITY = {
    "index": "by dataset index",
    "key": "by your keys",
    "content": "by their content",
    "order": "numbered in the order they came",
}
# said wherever there is validation, and explained on the page
_USUAL = "features of training samples are not captured; splits=('train', 'val') adds them"
_OPTION = re.compile(r"\b[a-z_]+=")
SOURCE = "../tests/wild/scripts"


def check(trained: Trained) -> None:
    """Assert that the page shows what a training gave; or keep the row, if the page is being written."""
    row = row_of(trained)
    if folder := os.environ.get(_FOLDER):
        Path(folder, trained.script.replace("/", "+")).write_text(row, encoding="utf-8")
    else:
        assert row in PAGE.read_text(encoding="utf-8"), f"write the page: python -m tests.wild.page\n{row}"


def row_of(trained: Trained) -> str:
    """What a training gave, as a line of the table."""
    source = ast.parse((SCRIPTS / trained.script).read_text(encoding="utf-8"))
    about = (ast.get_docstring(source) or "").partition("\n")[0]
    name = f"[`{trained.script}`]({SOURCE}/{trained.script})"
    films = [_film(run, split) for run in trained.runs for split in run.splits]
    said = " ".join([trained.printed, *trained.warned]).split()
    options = dict.fromkeys(_OPTION.findall(" ".join(said).replace(_USUAL, "")))
    cells = [
        f"{about}<br>{name}",
        f"`{_call(source)}`",
        "<br>".join(dict.fromkeys(films)) or f"none: {'; '.join(trained.warned)}",
        ", ".join(f"`{option}`" for option in options),
    ]
    return "| " + " | ".join(each.replace("|", "\\|").replace("\n", " ") for each in cells) + " |\n"


def _call(source: ast.Module) -> str:
    """The line of Chroma in a script."""
    calls = (each for each in ast.walk(source) if isinstance(each, ast.Call))
    return next(
        text for each in calls if (text := ast.unparse(each)).startswith(("chroma.autolog(", "chroma.watch("))
    )


def _film(run: Kept, split: str) -> str:
    film = run.film(split)
    rows, width = film.vectors[-1].shape
    parts = [
        f"{split}: {rows:,} of {film.of:,} samples" if film.of else f"{split}: {rows:,} samples",
        f"{_IDENTITY[film.identity]}",
        f"`{film.layer}` [{width}]" + (f", {film.pooling}" if film.pooling != "none" else ""),
        f"{len(film.moments)} frames",
        "no labels" if film.labels is None else "labels",
        "predictions" if film.predictions else "no predictions",
    ]
    return "; ".join(parts)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tests = [str(path) for path in sorted(SCRIPTS.parent.glob("test_*.py"))]
        environment = {**os.environ, _FOLDER: folder}
        subprocess.run([sys.executable, "-m", "pytest", "-q", *tests], env=environment, check=True)
        page = PAGE.read_text(encoding="utf-8")
        for framework in sorted(path.name for path in SCRIPTS.iterdir() if path.is_dir()):
            rows = [path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob(f"{framework}+*"))]
            begin, end = _BEGIN.format(framework), _END.format(framework)
            before, _, rest = page.partition(begin)
            page = f"{before}{begin}\n{_HEAD}{''.join(rows)}\n{end}{rest.partition(end)[2]}"
        PAGE.write_text(page, encoding="utf-8")


_HEAD = "| training | line of Chroma | film | options named |\n|---|---|---|---|\n"

if __name__ == "__main__":
    main()
