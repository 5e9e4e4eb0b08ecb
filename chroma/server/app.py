"""The server's app; nothing is opened before its lifespan begins."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI

import chroma
from chroma.server.graphql.router import build_router
from chroma.server.home.home import Home
from chroma.server.home.senders import Senders
from chroma.server.home.webhook import Webhook
from chroma.server.http import (
    dashboard_files,
    film_routes,
    finding_routes,
    health,
    metrics,
    sample_routes,
    segment_routes,
    session_routes,
    training_routes,
)
from chroma.server.http.auth import Gate
from chroma.server.http.fresh import Fresh
from chroma.server.http.limits import Limits
from chroma.server.http.policies import Framers, Policies
from chroma.server.http.problems import answer_problems
from chroma.server.http.request_ids import RequestIds
from chroma.server.http.sessions import Sessions
from chroma.server.http.signed_in import SignedIn
from chroma.server.jobs.supervisor import Supervisor
from chroma.settings import Settings, load_settings


def create_app(
    settings: Settings,
    *,
    token: str | None,
    home: Home | None = None,
    static: Path = dashboard_files.STATIC,
    root_path: str = "",
) -> FastAPI:
    """Make the app of one home.

    Its lifespan opens the home, keeps it at `app.state.context`, and closes it.

    Args:
        settings: Which home.
        token: Asked of every request; None asks for none.
        home: The home, where the caller has opened it; closed with the app all the same.
        static: Folder of the built dashboard.
        root_path: Prefix under which a proxy shows it; requests come with or without it.

    Raises:
        ConfigError: The settings let anybody be any user.
    """
    signed_in = SignedIn.of(settings, token)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        opened = home or await to_thread.run_sync(lambda: Home(settings, token=token))
        app.state.context = opened.context
        app.state.static = static
        app.state.uploads = segment_routes.Uploads()
        app.state.supervisor = supervisor = Supervisor(opened.context)
        webhook = Webhook(opened.context)
        supervisor.start()
        if opened.context.read_only is None:
            webhook.start()
        try:
            yield
        finally:
            await to_thread.run_sync(webhook.stop)
            await to_thread.run_sync(supervisor.stop)
            await to_thread.run_sync(opened.close)

    app = FastAPI(
        title="Chroma",
        version=chroma.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    # as an argument it is deprecated for the server's own, which would put it before paths that have it
    app.root_path = root_path
    app.state.sessions = sessions = Sessions()
    app.state.senders = Senders()
    framers = Framers(settings.framing_origins)
    app.add_middleware(Fresh)
    app.add_middleware(Limits)
    app.add_middleware(
        Gate,
        token=token,
        sessions=sessions,
        framers=framers,
        hosts=settings.allowed_hosts,
        signed_in=signed_in,
    )
    app.add_middleware(Policies, framers=framers)  # on refusals too
    app.state.registry = registry = metrics.new_registry()
    app.add_middleware(metrics.Metrics, registry=registry)  # outside those: it counts refusals, too
    app.add_middleware(RequestIds)  # the outermost: what any of them logs has the id
    answer_problems(app)

    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(session_routes.router)
    app.include_router(film_routes.router)
    app.include_router(sample_routes.router)
    app.include_router(segment_routes.router)
    app.include_router(finding_routes.router)
    app.include_router(training_routes.router)
    app.include_router(build_router())
    app.include_router(dashboard_files.build_router(static))
    return app


def create_dev_app() -> FastAPI:
    """Make the app of `CHROMA_HOME` without a token: for `make dev` and its reloads."""
    return create_app(load_settings(), token=None)
