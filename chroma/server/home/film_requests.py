"""Requests for films, by people and whenever snapshots come; each is published as an event."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from chroma.errors import NotFoundError
from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.store.check import mend_films
from chroma.server.store.films import job_requests, lifecycle, requests
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.job_requests import Ask
from chroma.server.store.films.sources import KIND
from chroma.server.store.tables import Film


def request_film(context: Context, request: FilmRequest) -> Film:
    """Ask for a film for somebody; the same question gives the same film, a failed one is tried again.

    What somebody asks for is drawn before what snapshots call for, and what was parked goes on.

    Raises:
        NotFoundError: No such run, layer, split, step, epoch or sample.
        ConfigError: What is asked for does not belong together, or runs that did not follow the same data.
        ShownOnlyError: Whoever asks sees what is there by a link, and this film is not.
    """
    with context.store.writing() as catalog:
        film = requests.request_film(catalog, request, Ask(asked=True))
        if catalog.is_shown:
            return film
        until = context.watching.looked(film.id)
        job_requests.watch(catalog, KIND, [film.id], until)
    return _published(context, film, "asked for")


def refine_film(context: Context, film_id: str) -> Film:
    """Ask for all frames of a film to be drawn together anew, in a new revision.

    Raises:
        NotFoundError: No such film.
        ConfigError: Its method draws each frame on its own.
    """
    with context.store.writing() as catalog:
        film = lifecycle.refine_film(catalog, film_id, Ask(asked=True))
    return _published(context, film, "asked for")


def cancel_film(context: Context, film_id: str) -> Film:
    """Stop drawing a film: what is drawn stays, and it rests until it is asked for again.

    Raises:
        NotFoundError: No such film.
    """
    with context.store.writing() as catalog:
        film = lifecycle.cancel_film(catalog, film_id)
    return _published(context, film, "cancelled")


def park_film(context: Context, film_id: str) -> Film:
    """Let all other jobs go before the drawing of a film, until it is asked for again.

    Raises:
        NotFoundError: No such film.
    """
    with context.store.writing() as catalog:
        film = lifecycle.park_film(catalog, film_id)
    return _published(context, film, "parked")


def redraw_damaged(context: Context, film_id: str) -> None:
    """Drop the frames of a film that are gone or damaged, and ask for them anew."""
    mend_films(context.store, [film_id], thorough=True)
    with context.store.reading() as catalog:
        film = lifecycle.active_film(catalog, film_id)
    if film is not None:
        _published(context, film, "asked for")


def grow_films(context: Context, run_ids: Collection[str]) -> None:
    """Request the films that need new frames: each run's default film, and its others that lack some."""
    with context.store.reading() as catalog:
        wanted = lifecycle.wanted_films(catalog, run_ids)
    asked: list[Film] = []
    for request in wanted.requests:
        with suppress(NotFoundError), context.store.writing() as catalog:  # the run was deleted meanwhile
            film = requests.request_film(catalog, request)
            asked.append(film)
    for film_id in wanted.films:
        with context.store.writing() as catalog:
            film = lifecycle.grow_film(catalog, film_id)
        if film is not None:
            asked.append(film)
    for film in asked:
        _published(context, film, "asked for")


def _published(context: Context, film: Film, message: str) -> Film:
    context.events.publish(Event("film", film.run_id, film_id=film.id, progress=0.0, message=message))
    return film
