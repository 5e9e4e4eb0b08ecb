from __future__ import annotations

import numpy as np
from sqlmodel import select

from chroma.ids import sample_ids
from chroma.journal import JournalWriter
from chroma.records import Samples
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import tables
from chroma.server.store.samples.search import search_samples


def test_samples_are_found_by_what_people_read(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    writer.commit(
        Samples(
            "val",
            sample_ids(["x12", "12", "120", "Äpfel"]),
            labels=np.array([0, 1, 1, 0]),
            class_names=["cat", "dog"],
            texts=["a short text", None, "another " + "word " * 20 + "Ends HERE " + "word " * 20, "nothing"],
            metadata={"source": np.array(["web", "scan 12", None, None], object)},
        )
    )
    ingest_journal(opened)

    def found(words: str, limit: int = 10) -> list[tuple[int, str]]:
        with opened.store.reading() as catalog:
            split = catalog.session.exec(select(tables.Split)).one()
            return [(hit.position, hit.where) for hit in search_samples(catalog, split, words, limit)]

    assert [at for at, _ in found("12")] == [1, 2, 0]
    assert [at for at, _ in found("12", limit=1)] == [1]
    assert found(" äPFEL ") == [(3, "id")]
    assert found("dog") == [(1, "label dog"), (2, "label dog")]
    (place, where), *rest = found("ends here")
    assert (place, rest) == (2, [])
    assert "Ends HERE" in where
    assert where.startswith("…")
    assert where.endswith("…")
    assert found("scan") == [(1, "source scan 12")]
    assert found("") == found("nowhere") == []
    writer.close()
