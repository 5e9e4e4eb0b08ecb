"""What a route is given of the home: as much as whoever asks may see.

Every route takes one of these; a test walks over all routes and fails for one that takes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from chroma.server.home.context import Context
from chroma.server.home.senders import Senders, check_opening
from chroma.server.store.access import Grant


def seen_by(connection: HTTPConnection) -> Context:
    """The home as far as whoever asks may do there what the request does: see `Gate`."""
    return connection.state.context


def whole(connection: HTTPConnection) -> Context:
    """The whole home, for those alone who may see all projects.

    Raises:
        RefusedError: They may not.
    """
    grant: Grant = connection.state.grant
    grant.check_everywhere("read")
    return connection.app.state.context


@dataclass(frozen=True, slots=True)
class Sending:
    """A sender's request: runs that it may not see may be there already.

    Attributes:
        context: Of the whole home; `check` comes before anything of a run is told or kept.
    """

    context: Context
    _grant: Grant
    _senders: Senders

    def check(self, run: str) -> None:
        """Check that parts of this run may be sent.

        Raises:
            RefusedError: They may not.
        """
        self._senders.check(self.context, self._grant, run)

    def check_opening(self, run: str, project: str) -> None:
        """Check that this run may be opened in this project.

        Raises:
            RefusedError: It may not.
        """
        check_opening(self.context, self._grant, run, project)


def sent_by(connection: HTTPConnection) -> Sending:
    """The home for those who send runs."""
    state = connection.app.state
    return Sending(state.context, connection.state.grant, state.senders)


Seen = Annotated[Context, Depends(seen_by)]
Whole = Annotated[Context, Depends(whole)]
Sent = Annotated[Sending, Depends(sent_by)]
