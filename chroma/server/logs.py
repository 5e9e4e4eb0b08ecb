"""What a server says of itself: lines for people, or JSON for programs; errors to Sentry, if asked for."""

from __future__ import annotations

import logging
import os
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Any, Literal

logger = logging.getLogger("chroma.server")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)  # of the request being answered


def configure(form: Literal["text", "json"], text: str = "%(message)s") -> None:
    """Send the records of this process to stderr; of an own process alone, for logging is set up once.

    Args:
        form: "json" writes an object on each line, also one for each request; "text" warnings alone.
        text: Format of the lines for people.
    """
    if form == "text":
        logging.basicConfig(format=text)
        return
    from pythonjsonlogger.json import JsonFormatter

    names = {"levelname": "level", "name": "logger"}
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter(["levelname", "name", "message"], rename_fields=names, timestamp="time")
    )
    handler.addFilter(_name_request)
    logging.basicConfig(handlers=[handler])
    logging.getLogger("chroma").setLevel(logging.INFO)


def _name_request(record: logging.LogRecord) -> bool:
    if (current := request_id.get()) is not None:
        record.request_id = current
    return True


def report_errors() -> None:
    """Send errors to Sentry where `SENTRY_DSN` and its SDK are there; its other variables say the rest.

    What was captured stays here: no local variables, no bodies, and no queries, which may hold a token.
    """
    if not os.environ.get("SENTRY_DSN"):
        return
    if find_spec("sentry_sdk") is None:
        logger.warning(
            "Chroma sends no errors to Sentry: SENTRY_DSN is set, but its SDK is not installed; "
            "run: pip install sentry-sdk"
        )
        return
    import sentry_sdk

    sentry_sdk.init(
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
        before_send=_without_query,
    )


def _without_query(event: Any, _hint: Any) -> Any:
    event.get("request", {}).pop("query_string", None)
    return event
