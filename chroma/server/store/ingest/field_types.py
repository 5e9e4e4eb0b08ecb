"""Whether what a segment says is of the types that its record declares: anybody may have written it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from chroma.errors import SegmentError
from chroma.records import LayerNote, Notes
from chroma.segment.format import RECORDS

_INT32, _INT64 = 2**31, 2**63
_SHORT = ("of",)  # GraphQL's Int
_LONGEST_NAME = 4096  # characters; a name stands on pages that show many runs
_NAMES = ("project", "name", "layer", "split", "rule", "framework", "task")
_LISTS = ("tags", "class_names", "values")  # of names, or by name
_COLUMNS = ("ids", "vectors", "part", "images", "texts", "metadata", "labels", "logits", "columns", "xy")


def check_fields(record: str, fields: Mapping[str, Any]) -> None:
    """Check the fields of a record that are no arrays; those it does not know are passed over.

    Args:
        record: Class of the record; one that is not known is dealt with where it is read.
        fields: As they stand in the file.

    Raises:
        SegmentError: One is of another type than the record declares, or out of range.
    """
    for name, declared in _types(record).items():
        if name not in fields:
            continue
        value = fields[name]
        try:
            declared.validate_python(value)
        except ValidationError as error:
            raise _wrong(name, value, error.errors()[0]["msg"]) from error
        most = _INT32 if name in _SHORT else _INT64
        if type(value) is int and not -most <= value < most:
            raise _wrong(name, value, f"it lies beyond {most:,}")
        if any(len(each) > _LONGEST_NAME for each in _names(name, value)):
            raise _wrong(name, value, f"a name has at most {_LONGEST_NAME:,} characters")


def _names(field: str, value: Any) -> Iterable[str]:
    if field in _NAMES:
        return [value or ""]
    return value if field in _LISTS else ()


def _wrong(name: str, value: Any, why: str) -> SegmentError:
    return SegmentError(f"its {name} is wrong: {value!r:.100}: {why}")


@cache
def _types(record: str) -> dict[str, TypeAdapter[Any]]:
    """What each plain field of a record may be."""
    kind = RECORDS.get(record)
    if kind is None:
        return {}
    hints = get_type_hints(kind)
    found: dict[str, Any] = {
        field.name: hints[field.name]
        for field in dataclasses.fields(kind)
        if "ndarray" not in str(hints[field.name]) and field.name not in _COLUMNS
    }
    if kind is Notes:
        found["change"] = str  # a newer one is told from one that is wrong
    found |= {name: Mapping[str, Any] for name, hint in found.items() if hint is LayerNote}
    return {name: TypeAdapter(hint, config=ConfigDict(strict=True)) for name, hint in found.items()}
