"""Those who do the jobs of the queue, as the supervisor sees them: processes of this server, or a cluster."""

from __future__ import annotations

from typing import Protocol

from chroma.server.store.tables import Job


class Workers(Protocol):
    """Take jobs from the queue by leases, which is all that keeps them from doing one twice."""

    def start(self) -> None:
        """Begin to be there, as soon as there is something to do."""
        ...

    def tend(self, active: list[Job]) -> None:
        """See that somebody does what waits; called again and again while there are jobs, and returns soon.

        Args:
            active: All jobs that wait or are being done.
        """
        ...

    def stop(self) -> None:
        """Take no job any more; what is being done goes back into the queue, or on without this server."""
        ...
