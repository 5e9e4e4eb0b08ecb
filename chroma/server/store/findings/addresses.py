"""Addresses of the dashboard: the search part that restores what a finding shows.

The page reads them in `chroma-ui/src/state/url.ts`; selections are written as in `state/numbers.ts` there,
and samples of several splits are known as in `state/sampleKey.ts`.
"""

from __future__ import annotations

from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from chroma.server.store.files import Files
from chroma.server.store.samples.selections import MOST, keep_selection
from chroma.server.store.tables import Split

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_RADIX = 32
_SPLIT_KEYS = 2**27  # the keys of each split begin at a multiple of it
_MOST_LETTERS = 2_000  # the length of addresses is limited: longer selections are kept on the server


def sample_keys(number: int, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The keys by which a page knows samples of a film of several splits.

    Args:
        number: Of their split among those of the film, from 0.
        positions: In that split; those below 0 are left out.
    """
    return positions[positions >= 0] + number * _SPLIT_KEYS


def view_address(run_id: str, **fields: str | int | None) -> str:
    """The address of a view of a run, without the fields that are None."""
    given = {name: value for name, value in fields.items() if value is not None}
    return "?" + urlencode({"run": run_id} | given)


def selection_text(files: Files, split: Split, positions: npt.NDArray[np.int64]) -> str | None:
    """The address text of selected samples, in any order; None for no sample."""
    ascending = np.unique(positions[positions >= 0])[:MOST]
    if not len(ascending):
        return None
    text = _numbers(ascending)
    if len(text) <= _MOST_LETTERS:
        return text
    return f"@{keep_selection(files, split, ascending.astype(np.uint32))}"


def _numbers(ascending: npt.NDArray[np.int64]) -> str:
    """Gaps between ascending numbers, each in digits to the base 32, the least first."""
    letters: list[str] = []
    for gap in (np.diff(ascending, prepend=-1) - 1).tolist():
        rest = gap
        while rest >= _RADIX:
            letters.append(_DIGITS[_RADIX + rest % _RADIX])
            rest //= _RADIX
        letters.append(_DIGITS[rest])
    return "".join(letters)
