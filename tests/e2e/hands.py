"""What a person does in the dashboard to get an answer, counted: at most three actions."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

MOST = 3


class Hands:
    """A mouse and a keyboard that stop after three actions; reading and waiting cost none.

    An action is one click, one key, one drag, or one search: its field opened, words typed, Enter.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.done: list[str] = []

    def _act(self, what: str) -> None:
        self.done.append(what)
        assert len(self.done) <= MOST, f"an action too many: {', '.join(self.done)}"

    def click(self, target: Locator) -> None:
        self._act(f"click {target}")
        target.click()

    def key(self, key: str) -> None:
        self._act(f"key {key}")
        self.page.keyboard.press(key)

    def search(self, words: str, first: str) -> None:
        """Take what a search lists first, once that is the entry which begins with `first`."""
        self._act(f"search {words}")
        self.page.keyboard.press("/")
        self.page.keyboard.type(words)
        entry = self.page.get_by_test_id("palette-entry").first
        expect(entry).to_have_text(re.compile(f"^{re.escape(first)}"), timeout=60_000)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_test_id("palette")).to_have_count(0)
