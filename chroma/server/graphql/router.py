"""`/graphql`: queries and mutations by HTTP, subscriptions by WebSocket, GraphiQL in the browser."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import HTTPConnection
from strawberry.fastapi import GraphQLRouter
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from chroma.server.graphql.context import RequestContext
from chroma.server.graphql.schema import build_schema


def build_router() -> APIRouter:
    """The routes of `/graphql`."""
    router: GraphQLRouter[RequestContext, None] = GraphQLRouter(
        build_schema(),
        "/graphql",
        graphql_ide="graphiql",
        context_getter=_asking,
        subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
    )
    return router


async def _asking(connection: HTTPConnection) -> RequestContext:
    return RequestContext(connection.app.state.context)
