"""`/graphql`: queries and mutations by HTTP, subscriptions by WebSocket."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, cast

from fastapi import APIRouter
from starlette.requests import HTTPConnection
from strawberry.fastapi import GraphQLRouter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from chroma.server.graphql.context import RequestContext
from chroma.server.graphql.schema import build_schema

_INIT = timedelta(seconds=10)  # in which a socket must begin
_SUBSCRIPTIONS = 20  # of one socket; a page has one


class _Socket(BaseGraphQLTransportWSHandler[RequestContext, None]):
    async def handle_task_exception(self, error: Exception) -> None:
        if not isinstance(error, WebSocketDisconnected):  # a page that was closed is no error
            await super().handle_task_exception(error)


class _Router(GraphQLRouter[RequestContext, None]):
    graphql_transport_ws_handler_class = _Socket

    def decode_json(self, data: str | bytes) -> object:
        """What a body or a socket's message says.

        Raises:
            JSONDecodeError: It says nothing that the handlers of Strawberry understand, which answer this
                error: no object, text that is no Unicode, too deep, members of other types.
        """
        try:
            said = json.loads(data)
            json.dumps(said, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from None
        if not isinstance(said, dict) or not _understood(cast("dict[str, Any]", said)):
            raise json.JSONDecodeError("it is no object, or its members have other types", "", 0)
        return cast("dict[str, Any]", said)


def _understood(said: dict[str, Any]) -> bool:
    """Whether the members of a body or message have the types of its protocol."""
    if "type" not in said:
        return True
    payload = said.get("payload")
    if not (isinstance(said["type"], str) and isinstance(said.get("id", ""), str)):
        return False
    if said["type"] != "subscribe":
        return payload is None or isinstance(payload, dict)
    if not isinstance(payload, dict) or "id" not in said:
        return False
    about = cast("dict[str, Any]", payload)
    return (
        isinstance(about.get("query"), str)
        and isinstance(about.get("variables") or {}, dict)
        and isinstance(about.get("operationName") or "", str)
    )


def build_router() -> APIRouter:
    """The routes of `/graphql`."""
    return _Router(
        build_schema(),
        "/graphql",
        graphql_ide=None,  # it would come from a public server; ours is a file of the dashboard
        context_getter=_asking,
        subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
        connection_init_wait_timeout=_INIT,
        max_subscriptions_per_connection=_SUBSCRIPTIONS,
    )


async def _asking(connection: HTTPConnection) -> RequestContext:
    return RequestContext(connection.app.state.context, connection.state.grant)
