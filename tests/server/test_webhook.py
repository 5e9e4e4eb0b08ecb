"""Events reach a chat by `CHROMA_WEBHOOK`: each once, and the address is told to nobody."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chroma.errors import ConfigError
from chroma.journal import JournalWriter
from chroma.records import RunEvent
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.home.webhook import Webhook
from chroma.server.store import tables
from chroma.settings import load_settings
from tests.server.training import rows, train

SECRET = "T0P-5ECRET"


class Chat:
    """A chat that answers with these codes in turn, the last one for ever."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes) or [200]
        self.texts: list[str] = []
        self.asked = 0
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                code = chat.codes.pop(0) if len(chat.codes) > 1 else chat.codes[0]
                chat.asked += 1
                if code == 200:
                    chat.texts.append(body["text"])
                self.send_response(code)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/{SECRET}"


@contextmanager
def chatting(*codes: int) -> Iterator[Chat]:
    chat = Chat(*codes)
    thread = threading.Thread(target=chat.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield chat
    finally:
        chat.server.shutdown()
        thread.join()
        chat.server.server_close()


@contextmanager
def sending(context: Context, url: str, *, tries: int = 3) -> Iterator[None]:
    settings = load_settings(home=context.settings.home, webhook=url)
    webhook = Webhook(replace(context, settings=settings), tries=(0.0, *[0.01] * (tries - 1)))
    webhook.start()
    try:
        yield
    finally:
        webhook.stop()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert reached()


def happen(context: Context, *titles: str, number: int = 0) -> None:
    writer = JournalWriter(context.settings.journal, f"run-{number}")
    train(writer, 0, name=f"swift otter {number}")
    for title in titles:
        writer.commit(RunEvent(title, "98 % of the rows", "collapse", "error", 3, 1200, layer="fc1"))
    writer.close()
    ingest_journal(context)


def test_each_is_sent_once_also_by_the_next_server_and_after_a_lost_catalog(opened: Context) -> None:
    happen(opened, "first")
    with chatting() as chat:
        with sending(opened, chat.url):
            until(lambda: len(chat.texts) == 1)
            happen(opened, "second", number=1)
            until(lambda: len(chat.texts) == 2)
        with opened.store.writing() as catalog:
            for row in rows(opened, tables.Project):
                catalog.session.delete(row)
        reconcile(opened)
        with sending(opened, chat.url):
            happen(opened, "third", number=2)
            until(lambda: len(chat.texts) == 3)
    assert chat.texts == [
        f"[error] swift otter {number}, epoch 3, step 1,200: {title}: 98 % of the rows"
        for number, title in enumerate(["first", "second", "third"])
    ]


@pytest.mark.parametrize(
    ("codes", "asked", "texts"),
    [((503, 429, 200), 3, 1), ((500, 200), 1, 0), ((302, 200), 1, 0), ((503,), 3, 0)],
)
def test_it_is_tried_again_only_where_it_was_surely_not_taken(
    opened: Context, caplog: pytest.LogCaptureFixture, codes: tuple[int, ...], asked: int, texts: int
) -> None:
    happen(opened, "once")
    with chatting(*codes) as chat, sending(opened, chat.url):
        until(lambda: chat.asked == asked)
        time.sleep(0.05)
    assert (chat.asked, len(chat.texts)) == (asked, texts)
    assert ("it answered" in caplog.text) == (texts == 0)
    assert SECRET not in caplog.text


def test_a_chat_that_is_not_there_is_said_without_its_address(
    opened: Context, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with chatting() as chat:
        pass
    happen(opened, "lost")
    with sending(opened, chat.url):
        until(lambda: "was not sent" in caplog.text)
    assert "ConnectionRefusedError" in caplog.text
    assert SECRET not in caplog.text


def test_old_events_are_not_sent(opened: Context) -> None:
    happen(opened, "old")
    with opened.store.writing() as catalog:
        for row in rows(opened, tables.RunEvent):
            row.created_at -= timedelta(hours=25)
            catalog.session.add(row)
    with chatting() as chat, sending(opened, chat.url):
        happen(opened, "new", number=1)
        until(lambda: len(chat.texts) == 1)
    assert "new" in chat.texts[0]


@pytest.mark.parametrize("url", ["ftp://chat/T0P-5ECRET", "T0P-5ECRET", "https:///T0P-5ECRET"])
def test_an_address_that_cannot_be_used_is_refused_without_saying_it(home: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"CHROMA_WEBHOOK=.* no http or https address") as caught:
        load_settings(webhook=url)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(load_settings(webhook="https://chat/T0P-5ECRET"))
