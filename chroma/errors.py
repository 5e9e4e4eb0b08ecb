"""The errors Chroma raises, drawn as a tree.

```
ChromaError
├── ConfigError              an argument, setting or name that cannot work
├── MissingDependencyError   an optional package is not installed
├── NotFoundError            a run, layer, split, sample … that does not exist
├── RefusedError             a token does not allow what was asked for
├── HomeError                the home folder cannot be used, or is in use
├── SegmentError             a file that is not a readable segment
│   ├── SegmentVersionError  written by a newer Chroma
│   └── SegmentMissingError  a stored file that is gone
├── IngestError              a segment that cannot be taken in
├── CatalogError             the catalog database cannot be used
│   └── MigrationError       its schema cannot be brought up to date
├── StoreError               the bucket of segments and films cannot be reached
├── JobError                 a projection or another job failed
└── TransportError           the server cannot be reached, or refused
```

Every message is one sentence that names what, why and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class ChromaError(Exception):
    """Base of all errors Chroma raises on purpose; its text is fit for people."""


class ConfigError(ChromaError, ValueError):
    """An argument, setting or name that cannot work."""


class MissingDependencyError(ChromaError, ImportError):
    """An optional package is not installed.

    Args:
        package: The package that could not be imported.
        extra: The extra of `chroma-embeddings` that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed, and this needs it: pip install 'chroma-embeddings[{extra}]'"
        )


_MOST_NAMED = 7  # of several that do not exist, beside the first
# what makes the first one, where it may also be elsewhere
_FIRST = {
    "run": "there is no run yet: give your trainer a ChromaCallback, or name the home that has one "
    "(CHROMA_HOME, --home)",
    "logged coordinates": "there are none yet: give them to run.log_projection",
}


class NotFoundError(ChromaError, LookupError):
    """Something asked for by name does not exist.

    Args:
        kind: What was asked for: "run", "layer", "split" …
        name: The name that was asked for.
        known: The names that exist; the nearest ones are suggested. None: they are not told.
        more: Further names that were asked for and do not exist.
    """

    def __init__(
        self, kind: str, name: object, known: Iterable[str] | None = None, more: Sequence[object] = ()
    ) -> None:
        said = " or ".join(repr(str(each)) for each in (name, *more[:_MOST_NAMED]))
        if len(more) > _MOST_NAMED:
            said += f", nor {len(more) - _MOST_NAMED} more that were asked for"
        if known is None:
            super().__init__(f"no {kind} named {said}")
            return
        names = list(known)
        near = get_close_matches(str(name), names, n=3, cutoff=0.5) or names[:8]
        more = f" of {len(names)}" if len(near) < len(names) else ""
        none = _FIRST.get(kind, f"there is no {kind} yet")
        hint = f"; there is {', '.join(near)}{more}" if near else f"; {none}"
        super().__init__(f"no {kind} named {said}{hint}")


class RefusedError(ChromaError):
    """A token does not allow what was asked for."""


class HomeError(ChromaError, OSError):
    """The home folder cannot be used, or another program owns it."""


class SegmentError(ChromaError):
    """A file that is not a whole, readable segment."""


class SegmentVersionError(SegmentError):
    """A segment written by a newer Chroma."""


class SegmentMissingError(SegmentError, FileNotFoundError):
    """A stored segment whose file is gone."""


class IngestError(ChromaError):
    """A segment that cannot be taken in."""


class CatalogError(ChromaError):
    """The catalog database cannot be used."""


class MigrationError(CatalogError):
    """The catalog's schema cannot be brought up to date."""


class StoreError(ChromaError):
    """The bucket of segments and films cannot be reached, or takes no more; trying again may help."""


class JobError(ChromaError):
    """A projection or another job failed."""


class TransportError(ChromaError, ConnectionError):
    """The server cannot be reached, or refused."""
