"""Checks the architectures that are installed, and writes what it found into `docs/architectures.md`.

python -m tests.integrations.architectures FILE    goes on where FILE, of JSON, ends
python -m tests.integrations.architectures FILE timm BertModel    some, by library or class
python -m tests.integrations.architectures FILE page    none: writes of what FILE holds
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from pathlib import Path
from typing import Any

from tests.integrations.architectures.checking import Found
from tests.integrations.architectures.page import write
from tests.integrations.architectures.running import names_of_all, started, work

_SECONDS = 120  # a class, else its process is ended
_MOST = 200  # classes a process
_LOG = logging.getLogger(__name__)


def main(results: Path | None, names: list[str]) -> None:
    """Check all classes, or some by name."""
    process, pipe = started(names_of_all)
    every = pipe.recv()
    process.join()
    todo = [each for each in every if not names or each[1] in names or each[0] in names]
    found: dict[str, dict[str, Any]] = {}
    if results is not None and results.exists():
        found = json.loads(results.read_text(encoding="utf-8"))
    todo = [each for each in todo if each[1] not in found]
    while todo:
        process, pipe = started(work, todo[:_MOST])
        for _ in todo[:_MOST]:
            source, name, _ = todo.pop(0)
            ended = False
            try:
                if not pipe.poll(_SECONDS):
                    raise TimeoutError
                source, one = pipe.recv()
            except (TimeoutError, EOFError) as error:
                ended = True
                why = (
                    f"took more than {_SECONDS} s" if isinstance(error, TimeoutError) else "its process ended"
                )
                one = Found(name, why=f"not built: {why}")
            found[name] = {"source": source, **dataclasses.asdict(one)}
            _LOG.warning("%s", one)
            if results is not None:
                results.write_text(json.dumps(found, indent=1), encoding="utf-8")
            if ended:
                break
        process.kill()
        process.join()
    if results is not None and names in ([], ["page"]):
        write(found, [(source, name) for source, name, _ in every])


if __name__ == "__main__":
    main(None if sys.argv[1] == "-" else Path(sys.argv[1]), sys.argv[2:])
