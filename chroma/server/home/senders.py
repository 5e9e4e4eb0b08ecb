"""Who may send parts of a run: those who may write to the project that its opening names.

Segments come in any order. Before the opening is taken in, a run may go where all may write who sent parts of
it: so nobody adds to a run of another project, and none is carried there.
"""

from __future__ import annotations

from chroma.errors import RefusedError
from chroma.server.home.context import Context
from chroma.server.store.access import Grant
from chroma.server.store.senders import claim

_MOST = 10_000  # answers that are kept


class Senders:
    """Remembers who was found to send which run, so that not every segment asks the catalog."""

    def __init__(self) -> None:
        self._known: set[tuple[Grant, str]] = set()

    def check(self, context: Context, grant: Grant, run: str) -> None:
        """Check that whoever asks may send parts of a run.

        Raises:
            RefusedError: They may not.
        """
        if (grant, run) in self._known or context.read_only is not None:
            return
        with context.store.writing() as catalog:
            claim(catalog, grant, run, grant.within("write"))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known.add((grant, run))


def check_opening(context: Context, grant: Grant, run: str, project: str) -> None:
    """Check that whoever asks may open a run in a project; from now on it can go nowhere else.

    Raises:
        RefusedError: They may not, or others who sent parts of it may not.
    """
    allowed = grant.within("write")
    if allowed is not None and project not in allowed:
        raise RefusedError(
            f"{grant.who} may not write to the project {project!r}: it may to {', '.join(sorted(allowed))}; "
            "name one of these as project=, or ask who runs the server"
        )
    with context.store.writing() as catalog:
        claim(catalog, grant, run, frozenset((project,)))
