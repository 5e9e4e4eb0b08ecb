"""A report as a file: an Arrow file with a checksum, each row a named part (JSON, or an Arrow stream)."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from chroma.checksum import ChecksumWriter, is_intact
from chroma.records import Array
from chroma.server.store.findings.report import (
    Finding,
    FoundSamples,
    LabelQueue,
    LayerFigure,
    Refusal,
    Report,
    Scores,
)
from chroma.server.store.samples.arrow import arrow_stream
from chroma.untrusted import read_stamped

_LARGEST = 2**34  # bytes of a report: 100 million samples
_SAID = "report"  # the part that is JSON; the others are tables


def encode(report: Report) -> bytes:
    """The file of a report."""
    said = {
        "inputs": report.inputs,
        "made_at": report.made_at.isoformat(),
        "findings": [_without_samples(finding) for finding in report.findings],
        "refusals": [asdict(each) for each in report.refusals],
        "queues": [asdict(each) for each in report.queues],
        "figures": [asdict(each) for each in report.figures],
        "splits": list(report.scores),
    }
    parts = {_SAID: json.dumps(said).encode()}
    for at, finding in enumerate(report.findings):
        found = finding.samples
        if found is not None:
            columns: dict[str, Array] = {"id": found.ids, "score": found.scores}
            more = {"other": found.other_ids, "given": found.given, "suggested": found.suggested}
            columns |= {name: values for name, values in more.items() if values is not None}
            parts[f"samples/{at}"] = _stream(columns)
    for at, scores in enumerate(report.scores.values()):
        parts[f"scores/{at}"] = _stream({"id": scores.ids, **scores.columns})
    return _file(parts)


def read_file(path: Path) -> Report:
    """Read the file of a report.

    Raises:
        OSError: It is gone, or cannot be opened.
        ValueError: It is damaged.
    """
    try:
        parts = _parts(path)
        said: dict[str, Any] = json.loads(parts[_SAID])
        findings = [_finding(about, parts.get(f"samples/{at}")) for at, about in enumerate(said["findings"])]
        scores: dict[str, Scores] = {}
        for at, split in enumerate(said["splits"]):
            columns = _columns(parts[f"scores/{at}"])
            scores[split] = Scores(columns.pop("id"), columns)
        return Report(
            inputs=said["inputs"],
            made_at=datetime.fromisoformat(said["made_at"]),
            findings=findings,
            refusals=[Refusal(**each) for each in said["refusals"]],
            queues=[LabelQueue(**each) for each in said["queues"]],
            figures=[LayerFigure(**each) for each in said["figures"]],
            scores=scores,
        )
    except (pa.ArrowException, LookupError, TypeError) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _without_samples(finding: Finding) -> dict[str, Any]:
    about = asdict(replace(finding, samples=None))
    found = finding.samples
    about["samples"] = None if found is None else {"split": found.split, "other_split": found.other_split}
    return about


def _finding(about: dict[str, Any], table: bytes | None) -> Finding:
    splits = about.pop("samples")
    if splits is None or table is None:
        return Finding(**about)
    columns = _columns(table)
    return Finding(
        **about,
        samples=FoundSamples(
            split=splits["split"],
            ids=columns["id"],
            scores=columns["score"],
            other_split=splits["other_split"],
            other_ids=columns.get("other"),
            given=columns.get("given"),
            suggested=columns.get("suggested"),
        ),
    )


def _stream(columns: Mapping[str, Array]) -> bytes:
    """A table; integers keep their -1 and floats their NaN."""
    return arrow_stream(
        {
            name: pa.array(values.tolist(), pa.string()) if values.dtype == object else pa.array(values)
            for name, values in columns.items()
        }
    )


def _columns(body: bytes) -> dict[str, Array]:
    with pa.ipc.open_stream(body) as stream:
        table: Any = stream.read_all()
    found: dict[str, Array] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_string(column.type):
            texts = np.empty(len(column), object)
            texts[:] = column.to_pylist()
            found[name] = texts
        else:
            found[name] = np.array(column.to_numpy(zero_copy_only=False))
    return found


def _file(parts: Mapping[str, bytes]) -> bytes:
    columns = [pa.array(list(parts), pa.string()), pa.array(list(parts.values()), pa.large_binary())]
    file = io.BytesIO()
    checked = ChecksumWriter(file)
    batch: Any = pa.RecordBatch.from_arrays(columns, names=["name", "body"])
    with pa.ipc.new_file(checked, batch.schema) as writer:
        writer.write_batch(batch)
        checked.data_is_written()
    checked.finish()
    return file.getvalue()


def _parts(path: Path) -> dict[str, bytes]:
    read, _ = read_stamped(path, _LARGEST)
    body: Any = pa.py_buffer(read)
    if is_intact(memoryview(body)) is not True:
        raise ValueError("its bytes do not match its checksum")
    batch: Any = pa.ipc.open_file(body).get_batch(0)
    batch.validate(full=True)
    return dict(zip(batch.column("name").to_pylist(), batch.column("body").to_pylist(), strict=True))
