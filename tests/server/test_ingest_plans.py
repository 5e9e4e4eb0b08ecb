"""What ingest asks does not grow with the runs that ended: no statement of a pass reads all segments."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import event

from chroma.journal import JournalWriter
from chroma.records import Metrics
from chroma.server.home.context import Context
from tests.server import filming

_GROWS = re.compile(r"SCAN (segment|snapshot|metric|frame|revision)\b")


def test_no_pass_reads_all_segments(opened: Context) -> None:
    for at in range(3):
        filming.finish(opened, filming.whole_run(opened, 2, 20, f"run-{at}"))
    with opened.store.engine.connect() as connection:  # as if there were as many as in a large home
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql(
            "UPDATE sqlite_stat1 SET stat = '100000 ' || substr(stat, instr(stat, ' ') + 1) "
            "WHERE tbl IN ('segment', 'snapshot', 'metric', 'frame', 'attempt', 'run')"
        )
        connection.commit()
        connection.exec_driver_sql("ANALYZE sqlite_schema")  # read again
    opened.store.engine.dispose()
    writer = JournalWriter(opened.settings.journal, "next")
    filming.begin(writer, 20)
    filming.train(writer, range(1), 20)
    writer.commit(Metrics(0, 0, {"loss": 1.0}))
    sent: dict[str, Any] = {}

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent[statement] = parameters

    event.listen(opened.store.engine, "before_cursor_execute", listen)
    try:
        filming.finish(opened, writer)
    finally:
        event.remove(opened.store.engine, "before_cursor_execute", listen)
    assert len(sent) > 10
    with opened.store.engine.connect() as connection:
        plans = {
            statement: [
                str(row[-1])
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            for statement, parameters in sent.items()
        }
    found = {statement: plan for statement, plan in plans.items() if any(map(_GROWS.match, plan))}
    assert not found, found
