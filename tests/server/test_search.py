"""The language of searches, and what they find among the samples of a film."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from chroma.errors import ConfigError
from chroma.ids import sample_ids
from chroma.journal import JournalWriter
from chroma.records import Samples
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import tables
from chroma.server.store.samples.columns import split_columns
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.query import Condition, Word, parse
from chroma.server.store.samples.search import Found, Searched, search


@pytest.mark.parametrize(
    ("query", "clauses"),
    [
        ("", []),
        ('  cat  "two words" ', [Word("cat"), Word("two words")]),
        ("label:9,4 conf<.5", [Condition("label", ":", ("9", "4")), Condition("conf", "<", (".5",))]),
        ("a=1 b!=x,y", [Condition("a", ":", ("1",)), Condition("b", "!=", ("x", "y"))]),
        ('text~"a\\d+ \\"b\\""', [Condition("text", "~", ('a\\d+ "b"',))]),
        ("text~a,b{2}", [Condition("text", "~", ("a,b{2}",))]),
        ('"my column">=3', [Condition("my column", ">=", ("3",))]),
        ('label:"New York",Rome', [Condition("label", ":", ("New York", "Rome"))]),
        (
            "-label:9 -cat - c++",
            [Condition("label", ":", ("9",), True), Word("cat", True), Word("-"), Word("c++")],
        ),
        ('"http://x"', [Word("http://x")]),
    ],
)
def test_a_search_is_read(query: str, clauses: list[Any]) -> None:
    assert parse(query) == clauses


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("label:", "label: has no value: write one right after it"),
        ("label: 9", "label: has no value"),
        ('text~"open', "a quotation mark is not closed"),
        ('"open', "a quotation mark is not closed"),
        ('label:9,"open', "a quotation mark is not closed"),
        ("x" * 1001, "the search has 1001 letters; use at most 1000"),
        ("x " * 33, "the search has 33 words and conditions; use at most 32"),
    ],
)
def test_what_cannot_be_read_is_refused(query: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", "\\?")):
        parse(query)


@pytest.fixture
def searched(opened: Context) -> Iterator[Searched]:
    writer = JournalWriter(opened.settings.journal, "run-1")
    long = ("another " + "word " * 20 + "Ends HERE " + "word " * 20) * 200
    writer.commit(
        Samples(
            "val",
            sample_ids(["x12", "12", "120", "Äpfel"]),
            labels=np.array([0, 1, 1, 0]),
            class_names=["cat", "hot dog"],
            texts=["a short text of 1999", None, long, "nothing"],
            metadata={
                "source": np.array(["web", "scan 12", None, None], object),
                "score": np.array([0.1, 0.5, np.nan, 2.0], np.float32),
                "scale": np.array([1, 2, 3, 4]),
                "score_depth": np.array([4, 3, 2, 1]),
            },
        )
    )
    ingest_journal(opened)
    with opened.store.reading() as catalog:
        split = catalog.session.exec(select(tables.Split)).one()
        known = split_columns(catalog, split)

        def values(name: str) -> Any:
            found, legend = known[name].values(None), known[name].column.legend
            return found.astype(np.float32) if legend is None else np.where(found < 0, 65_535, found)

        columns = {name: k.column for name, k in known.items()}
        samples = split_samples(catalog, split)
        yield Searched(samples, np.arange(4), columns, values, lambda row: (split.name, row))
    writer.close()


def places(found: Found) -> list[int]:
    return np.flatnonzero(found.marks).tolist()


def test_words_are_found_in_what_people_read(searched: Searched) -> None:
    def hits(words: str, limit: int = 10) -> list[tuple[int, str]]:
        return [(hit.position, hit.where) for hit in search(searched, words, limit).hits]

    assert [at for at, _ in hits("12")] == [1, 2, 0]  # equal ids first, then those that begin so
    assert [at for at, _ in hits("12", limit=1)] == [1]
    assert hits(" äPFEL ") == [(3, "id")]
    assert hits('"hot dog"') == [(1, "label hot dog"), (2, "label hot dog")]
    (place, where), *rest = hits("ends here")
    assert (place, rest) == (2, [])
    assert "Ends HERE" in where
    assert where.startswith("…")
    assert where.endswith("…")
    assert hits("scan") == [(1, "source scan 12")]
    assert hits("") == hits("nowhere") == hits("nothing here") == []
    assert hits("score>.2 cat") == [(3, "score 2, label cat")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("label:cat", [0, 3]),
        ("lab:CAT score<1", [0]),
        ("label!=cat", [1, 2]),
        ("-label:cat", [1, 2]),
        ("label:cat,'hot", None),
        ('label:cat,"hot dog"', [0, 1, 2, 3]),
        ("label~^hot", [1, 2]),
        ("score:0.1", [0]),
        ("sco:0.1", [0]),  # score, though there is score_depth
        ("score:.1...5", [0, 1]),
        ("score>=.5", [1, 3]),
        ("score!=.5", [0, 3]),  # a value that is missing is neither
        ("-score:.5", [0, 2, 3]),
        ('score:"not known"', [2]),
        ('source:"NOT known"', [2, 3]),
        ("source~scan", [1]),
        ("id:12,x12", [0, 1]),
        ("id!=12", [0, 2, 3]),
        (r"id~^\d+$", [1, 2]),
        ("text:SHORT", [0]),
        (r'text~"[0-9]{4}$"', [0]),
        ("text!=short", [2, 3]),
        ("position:2", [2]),
    ],
)
def test_conditions_hold_for_what_they_say(searched: Searched, query: str, found: list[int] | None) -> None:
    if found is None:
        with pytest.raises(ConfigError, match="there is no label “'hot”: there is hot dog"):
            search(searched, query)
    else:
        assert places(search(searched, query)) == found


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("lable:9", "there is no column “lable”: did you mean “label”.*there is id, text, label"),
        ("sc:1", "“sc” may be score, scale or score_depth: write more of the name"),
        ("label:bird", "there is no label “bird”: there is cat, hot dog, not known"),
        ("score:high", "score holds numbers, and “high” is none"),
        ("score~x", "score holds numbers: compare them"),
        ("label<3", "label holds names, not numbers"),
        ("id<3", "the ids are texts"),
        ("text<3", "text holds texts"),
        ("text~(", "“\\(” is no regular expression: missing \\)"),
        ("tag:x", "there is no tag “x”: there is no tag yet"),
        ("tag<x", "tags are no numbers"),
        ("like:12", "which samples are nearest is not known in this film"),
        ('"http://x" http://x', "there is no column “http”.*put it in quotes"),
    ],
)
def test_what_is_misspelt_is_named_with_what_there_is(searched: Searched, query: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        search(searched, query)


def test_no_pattern_takes_long(searched: Searched) -> None:
    start = time.process_time()
    assert places(search(searched, r'text~"(word *)*(w+o+r+d+ *)+!"')) == []  # Python's own would never end
    with pytest.raises(ConfigError, match="no regular expression"):
        search(searched, "text~((a{1000}){1000}){1000}")
    assert time.process_time() - start < 5
