"""What users write: names, deletions, tags and saved views of runs; each is checked, then kept as a note."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

from chroma.errors import ConfigError
from chroma.records import Notes
from chroma.server.home.context import Context
from chroma.server.home.ingest import write_note
from chroma.server.store import lookups, saved_views, tables
from chroma.server.store.findings.known_samples import check_samples
from chroma.server.store.purge import Purged, purge_deleted
from chroma.server.store.samples.tags import tag_by

_NAME = 200  # characters
_HIDDEN = ("Cc", "Cs", "Zl", "Zp")  # control characters, surrogates, line ends
_VIEW_ADDRESS = 8_000  # characters: what browsers and proxies accept in an address


def rename_run(context: Context, run_id: str, name: str) -> tables.Run:
    """Give a run another name.

    Raises:
        ConfigError: The name is empty, longer than 200 characters, or has control characters.
        NotFoundError: There is no such run.
    """
    return _change_run(context, run_id, Notes("rename", {"name": _checked(name, "a run")}))


def delete_run(context: Context, run_id: str) -> tables.Run:
    """Delete a run: its files are removed when the time to undo is over.

    Raises:
        NotFoundError: There is no such run.
    """
    return _change_run(context, run_id, Notes("delete"))


def restore_run(context: Context, run_id: str) -> tables.Run:
    """Undo the deletion of a run.

    Raises:
        NotFoundError: There is no such run.
        IngestError: Its files are removed already.
    """
    with context.store.reading() as catalog:
        lookups.check_restorable(catalog, run_id)
    return _change_run(context, run_id, Notes("restore"))


def purge_runs(context: Context) -> list[Purged]:
    """Remove the files of all deleted runs at once: they cannot be restored any more.

    Raises:
        HomeError: The home is only read.
    """
    context.check_writable()
    return purge_deleted(context.store, context.settings.journal, at_once=True)


def tag_run(context: Context, run_id: str, tag: str) -> tables.Run:
    """Add a tag to a run; one that it has already stays.

    Raises:
        ConfigError: The tag is empty, longer than 200 characters, or has control characters.
        NotFoundError: There is no such run.
    """
    return _change_run(context, run_id, Notes("tag-run", {"tag": _checked(tag, "a tag")}))


def untag_run(context: Context, run_id: str, tag: str) -> tables.Run:
    """Remove a tag from a run, if it has it; raises as `tag_run` does."""
    return _change_run(context, run_id, Notes("untag-run", {"tag": _checked(tag, "a tag")}))


def tag_samples(context: Context, run_id: str, split: str, tag: str, sample_ids: Sequence[str]) -> tables.Tag:
    """Add a tag to samples of a split.

    Raises:
        ConfigError: The tag is empty, longer than 200 characters, or has control characters.
        NotFoundError: There is no such run, split or sample.
    """
    return _change_tag(context, "tag", run_id, (split, tag, sample_ids))


def untag_samples(
    context: Context, run_id: str, split: str, tag: str, sample_ids: Sequence[str]
) -> tables.Tag:
    """Remove a tag from samples of a split; raises as `tag_samples` does."""
    return _change_tag(context, "untag", run_id, (split, tag, sample_ids))


def save_view(
    context: Context, run_id: str, name: str, address: str, view_id: str | None
) -> tables.SavedView:
    """Save a view of a run, or change the one with this id; a deleted one comes back.

    Raises:
        ConfigError: The name is empty or too long, or the address is none of the dashboard's.
        NotFoundError: There is no such run, or no such view.
        IngestError: The view belongs to another run.
    """
    title = _checked(name, "a saved view")
    if not address.startswith("?") or len(address) > _VIEW_ADDRESS or not address.isprintable():
        raise ConfigError(
            f"the address {address[:40]!r} of {len(address)} characters cannot be kept: it begins with ? "
            f"and has at most {_VIEW_ADDRESS}; take the search part of the dashboard's address"
        )
    if view_id is not None:
        _view(context, view_id)
    key = view_id or tables.new_id()
    write_note(context, run_id, Notes("keep-view", {"id": key, "name": title, "address": address}))
    return _view(context, key)


def delete_view(context: Context, view_id: str) -> tables.SavedView:
    """Delete a saved view; `save_view` with its id brings it back.

    Raises:
        NotFoundError: There is no such view.
    """
    write_note(context, _view(context, view_id).run_id, Notes("forget-view", {"id": view_id}))
    return _view(context, view_id)


def _change_run(context: Context, run_id: str, note: Notes) -> tables.Run:
    write_note(context, run_id, note)
    with context.store.reading() as catalog:
        return lookups.run_by(catalog, run_id)


def _change_tag(
    context: Context,
    change: Literal["tag", "untag"],
    run_id: str,
    of: tuple[str, str, Sequence[str]],
) -> tables.Tag:
    split, tag, sample_ids = of
    name = _checked(tag, "a tag")
    with context.store.reading() as catalog:
        check_samples(catalog, run_id, split, sample_ids)
    write_note(context, run_id, Notes(change, {"split": split, "tag": name, "ids": list(sample_ids)}))
    with context.store.reading() as catalog:
        return tag_by(catalog, run_id, split, name)


def _view(context: Context, view_id: str) -> tables.SavedView:
    with context.store.reading() as catalog:
        return saved_views.view_by(catalog, view_id)


def _checked(given: str, what: str) -> str:
    """A name that people can read, and that no terminal or table obeys."""
    name = given.strip()
    if not 0 < len(name) <= _NAME:
        raise ConfigError(
            f"{what} needs a name of 1 to {_NAME} characters and this one has {len(name)}; give another one"
        )
    if odd := sorted({character for character in name if unicodedata.category(character) in _HIDDEN}):
        raise ConfigError(
            f"{what} needs a name without control characters and this one has {odd[0]!a}; remove it"
        )
    return name
