"""Every text that a user can see is in `docs/messages.md`, and the page is what the code says."""

from __future__ import annotations

from pathlib import Path

from tests.words import MESSAGES

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_lists_the_texts_of_the_code():
    written = (DOCS / "messages.md").read_text(encoding="utf-8")
    assert written == MESSAGES["page"](), "docs/messages.md is out of date; run: make messages"


def test_the_list_has_errors_receipts_help_and_screen_texts():
    python, dashboard = MESSAGES["python_texts"](), MESSAGES["dashboard_texts"]()
    assert any("log_samples({…}) got nothing to log" in text for text in python["chroma.run.arguments"])
    assert "the disk was slower than the training (queue full)" in python["chroma.run.writer"]
    assert "List runs, newest first." in python["chroma.cli.runs"]
    assert "Name or id of a run, or latest." in python["chroma.cli.runs"]
    assert "No runs yet" in dashboard["start/Start.tsx"]
    assert sum(map(len, python.values())) > 300
    assert sum(map(len, dashboard.values())) > 200
