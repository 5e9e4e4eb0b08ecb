"""No public name, text that users see or heading uses a word that `docs/words.md` retires."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests import words

RETIRED = words.retired()


def test_the_table_of_retired_words_is_read():
    assert len(RETIRED) >= 20
    assert RETIRED["aside"] == ["set aside", "set-aside"]
    assert words.found("evaluated aside; set aside", RETIRED) == ["aside"]
    assert words.found("it was set aside", RETIRED) == []
    assert words.found("evaluatedAside", RETIRED) == words.found("evaluated_aside", RETIRED) == ["aside"]
    assert words.found("snapshots", RETIRED) == []


@pytest.mark.parametrize("of", [words.public_names, words.messages, words.headings])
def test_none_uses_a_retired_word(of: Callable[[], Iterator[tuple[str, str]]]):
    seen = list(of())
    assert len(seen) > 50
    used = [(where, text, words.found(text, RETIRED)) for where, text in seen]
    wrong = [f"{where}: {text!r} uses {found}" for where, text, found in used if found]
    assert not wrong, "\n".join(["see Retired words in docs/words.md", *wrong])
