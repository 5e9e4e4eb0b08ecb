"""Whether the packages of the dashboard are installed: a compute node captures without them."""

from __future__ import annotations

from importlib.util import find_spec

from chroma.errors import MissingDependencyError

_NEEDED = (
    "fastapi",
    "uvicorn",
    "sqlmodel",
    "alembic",
    "strawberry",
    "watchfiles",
    "prometheus_client",
    "numba",
    "umap",
    "sklearn",
)


def missing() -> str | None:
    """The first package that the dashboard needs and that is not installed; None where all are there."""
    return next((name for name in _NEEDED if find_spec(name) is None), None)


def require_dashboard() -> None:
    """Refuse in one sentence where the dashboard cannot start.

    Raises:
        MissingDependencyError: A package that it needs is not installed; it names the extra that brings it.
    """
    if (package := missing()) is not None:
        raise MissingDependencyError(package, "dashboard")
