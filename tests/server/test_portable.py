"""One run as one file: there again to the bit, and refused where anything in the file is wrong."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError, SegmentError
from chroma.server.home.portable import export_run, import_run
from chroma.settings import Settings, load_settings
from tests.captured import Captured, capture

SEGMENTS = 16  # of `capture`, and one of the tag


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Captured, Path]:
    """A run that was taken in and tagged, as a file."""
    home = tmp_path_factory.mktemp("first")
    captured = capture(home)
    with chroma.open(home) as catalog:
        catalog.run("run-a").tag("odd", captured.ids[:2].tolist())
    file = home / "run.zip"
    export_run(load_settings(home=home), "run-a", file)
    return captured, file


def changed(file: Path, to: Path, name: str, body: bytes | None, called: str | None = None) -> Path:
    """A copy of a file in which one member has other bytes or another name, or is left out."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w") as new:
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
            elif body is not None:
                new.writestr(called or each, body)
    return to


def test_a_run_is_there_again_to_the_bit(exported: tuple[Captured, Path], settings: Settings) -> None:
    captured, file = exported
    first = import_run(settings, file)
    assert first.new == first.segments == SEGMENTS
    with chroma.open(settings.home) as catalog:
        run = catalog.run("run-a")
        for (layer, epoch), vectors in captured.vectors.items():
            found = run.embeddings(layer=layer, epoch=epoch)
            assert np.array_equal(found.vectors, vectors)
            assert np.array_equal(found.ids, captured.ids)
        assert set(run.tags()["id"].astype(str)) == {str(each) for each in captured.ids[:2]}
    again = import_run(settings, file)
    assert (again.new, again.segments) == (0, SEGMENTS)
    with pytest.raises(ConfigError, match="has no segment of the run"):
        export_run(settings, "run-b", file.with_name("none.zip"))


def test_what_is_wrong_is_refused_and_nothing_of_it_comes_in(
    exported: tuple[Captured, Path], settings: Settings, tmp_path: Path
) -> None:
    _, file = exported
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("run.json"))
        name, other = (each["name"] for each in about["segments"][-2:])
        body, another = archive.read(name), archive.read(other)

    def listing(**given: object) -> bytes:
        return json.dumps(about | given).encode()

    away = [*about["segments"][:-2], about["segments"][-2] | {"name": "../../x.arrow"}]
    to = tmp_path / "wrong.zip"
    for change in (
        (name, body[:-64] + bytes(64)),
        (name, another),
        (name, None),
        (name, body, "../../x.arrow"),
        ("run.json", listing(run="../x")),
        ("run.json", listing(run="run-b")),
        ("run.json", listing(format=2)),
        ("run.json", listing(segments=away)),
        ("run.json", b"["),
        ("run.json", None),
    ):
        with pytest.raises((ConfigError, SegmentError)):
            import_run(settings, changed(file, to, *change))
    to.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(ConfigError, match="cannot be imported"):
        import_run(settings, to)
    assert not list(tmp_path.rglob("*.arrow"))


def test_another_run_of_the_same_id_is_refused(exported: tuple[Captured, Path], settings: Settings) -> None:
    _, file = exported
    import_run(settings, file)
    first, second = sorted((settings.journal / "run-a").glob("*.arrow"))[:2]
    first.write_bytes(second.read_bytes())
    with pytest.raises(ConfigError, match="another segment"):
        import_run(settings, file)


def test_a_run_that_was_deleted_here_is_not_imported_unseen(
    exported: tuple[Captured, Path], settings: Settings
) -> None:
    _, file = exported
    import_run(settings, file)
    with chroma.open(settings.home) as catalog:
        catalog.run("run-a").delete()
    with pytest.raises(ConfigError, match="chroma runs restore run-a"):
        import_run(settings, file)
    with chroma.open(settings.home) as catalog:
        catalog.restore("run-a")
    assert import_run(settings, file).new == 0
