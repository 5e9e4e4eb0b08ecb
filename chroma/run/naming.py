"""Names and ids of runs, without touching any random state of the user's."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from pathlib import Path

_ADJECTIVES = """
amber azure bold brave bright brisk calm clear clever coral crisp deep eager early fair fleet fond free
fresh gentle gilded glad golden grand green happy hazel humble ivory jolly keen kind lively lucid lucky
lunar mellow merry mild misty noble olive pale patient plain proud quick quiet rapid rosy royal ruby
sage sharp silent silver smooth solar steady still sunny swift tidy velvet vivid warm wise young
"""
_NOUNS = """
aspen badger beacon birch breeze brook canyon cedar cliff cloud comet coral crane creek delta dune
ember falcon fern finch fjord forest fox garden glade grove harbor hare hawk heron hill iris island
ivy jay juniper kite lagoon lake lark leaf lily linden lynx maple marsh meadow moon moss oak orchid
otter owl pebble pine plover pond poplar quail raven reef river robin sparrow spruce stone swan thrush
tide trout valley willow wren
"""


def random_run_id() -> str:
    """An id that sorts by time of opening: `20261123-062355-3fa2b1`."""
    return f"{_now()}-{secrets.token_hex(3)}"


def _now() -> str:
    try:
        return time.strftime("%Y%m%d-%H%M%S")
    except Exception:  # noqa: BLE001  # a machine without a clock; such runs are not in order
        return "00000000-000000"


def readable_name(run: str) -> str:
    """A name made of a run's id, so that a resumed run keeps it: `quiet-heron-42`."""
    digest = hashlib.blake2b(run.encode(), digest_size=8).digest()
    adjectives, nouns = _ADJECTIVES.split(), _NOUNS.split()
    adjective = adjectives[int.from_bytes(digest[:3]) % len(adjectives)]
    noun = nouns[int.from_bytes(digest[3:6]) % len(nouns)]
    return f"{adjective}-{noun}-{int.from_bytes(digest[6:]) % 1000}"


def working_folder() -> Path:
    """The folder one works in; where it is gone, its last known path."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.environ.get("PWD") or os.sep)


def readable(text: str) -> str:
    """The text as UTF-8 can hold it: of bytes that are none, as in paths, `\N{REPLACEMENT CHARACTER}`."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def default_project(folder: Path) -> str:
    """The name of the git repository `folder` lies in, else of the folder itself."""
    name = next((each.name for each in (folder, *folder.parents) if _is_repository(each)), folder.name)
    printable = "".join(character if character.isprintable() else " " for character in readable(name))
    return re.sub(r"\s+", " ", printable).strip()[:256] or "default"


def _is_repository(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()
    except OSError:  # a folder that one may not look into
        return False
