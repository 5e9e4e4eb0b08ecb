"""How often, and after which pauses, a server is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chroma.shipper.upload import LaterError

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

_FIRST = 0.5  # seconds; doubled at each try
_LONGEST = 30.0


def retrying(
    *,
    stop: Callable[[RetryCallState], bool],
    sleep: Callable[[float], None],
    failed: Callable[[str], None],
) -> Retrying:
    """Tries again while the server does not take segments.

    Args:
        stop: Whether a try that failed was the last one; its error is raised.
        sleep: Waits so many seconds, or less.
        failed: Called with the reason after each try that failed.
    """
    import tenacity

    grown = tenacity.wait_random_exponential(multiplier=_FIRST, min=_FIRST, max=_LONGEST)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.pause if isinstance(error, LaterError) else None
        return grown(state) if asked is None else asked

    def after(state: RetryCallState) -> None:
        failed(str(state.outcome.exception() if state.outcome else ""))

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(LaterError),
        wait=wait,
        stop=stop,
        sleep=sleep,
        after=after,
        reraise=True,
    )
