"""Films of a run, read and written into files; a mixin of `StoredRun`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from chroma.reader import _queries as queries
from chroma.reader.connection import Connection
from chroma.reader.exporting import film_bytes, format_of, no_film, table_bytes, write_file
from chroma.reader.filming import axis, listed, parameters, read_film
from chroma.reader.results import Film


class FilmMethods:
    """What `StoredRun` tells of films."""

    _connection: Connection
    _queries: queries.RunQueries
    id: str

    def film(
        self,
        layer: str = "auto",
        split: str = "val",
        method: str = "umap",
        wait: bool = True,
        *,
        over: Literal["epochs", "layers"] = "epochs",
        epoch: int | None = None,
        layers: Sequence[str] | None = None,
        steps: Sequence[int] | None = None,
        ids: Iterable[int | str] | None = None,
        refine: bool = False,
        n_neighbors: int | None = None,
        min_dist: float | None = None,
        perplexity: float | None = None,
        mn_ratio: float | None = None,
        fp_ratio: float | None = None,
        components: tuple[int, int] | None = None,
    ) -> Film:
        """Read a film; it is drawn first if there is none yet.

        Args:
            layer: Name of a layer; `"auto"` is the one the dashboard opens first. Says nothing over layers.
            split: Name of a split; or of several that are placed together in one space: `"train+val"`, or
                `"all"`, over epochs. Shown are the steps that all of them have; ids then are texts
                `"train:12"`, and `Film.split_of` says which split each point is of.
            method: `"umap"` (McInnes et al. 2018, all frames drawn together), `"pca"`, or another key of
                `chroma.projection.methods.METHODS`: another package, which draws each frame on its own,
                aligned to the one before. `"logged"`: coordinates as `log_projection` was given them, over
                epochs.
            wait: Wait until the film is ready, with a progress bar in a terminal or notebook; else return
                what is there: a preview, or no frames yet.
            over: What the frames run over: the epochs of one layer, or the layers of one epoch, in the order
                of the model. For runs see `Catalog.film`.
            epoch: Over layers: 0-based; its last snapshots are shown. None: the last of all.
            layers: Over layers: their names, in the order wanted. None: all.
            steps: Over epochs: only the snapshots of these global steps. None: all, thinned evenly to 60.
            ids: The samples to show: their neighbours are looked for among them alone. None: all.
            refine: Draw all frames together anew, those too that were appended while the run went on: the
                frames that there are move. For `"umap"`.
            n_neighbors: Neighbours that a sample is drawn by, 2 to 200. For `"umap"` and `"umap-learn"`
                (default 15), `"pacmap"` and `"localmap"` (10). Each choice of this and of what follows is
                a film of its own.
            min_dist: How close neighbours are drawn, 0 to 0.99 (default 0.1). For `"umap"` and
                `"umap-learn"`.
            perplexity: About how many neighbours a sample has, 2 to 100 (default 30). For `"tsne"`.
            mn_ratio: Mid-near pairs for each near one, 0 to 10 (default 0.5). For `"pacmap"`, `"localmap"`.
            fp_ratio: Far pairs for each near one, 0 to 10 (default 2). For `"pacmap"`, `"localmap"`.
            components: Two different principal components, from 0, that of greatest variance (default
                `(0, 1)`). For `"pca"` over epochs.

        Example:
            ```python
            run.film(method="umap", n_neighbors=50)
            run.film(method="pca", components=(0, 2)).explained  # share of the variance along each axis
            run.film(split="train+val")
            ```

        Raises:
            NotFoundError: There is no such layer, split, epoch, step or sample, or nothing was captured of
                them.
            ConfigError: An argument does not belong to what the frames run over, or to the method.
            JobError: It could not be drawn; the sentence says why.
        """
        along = axis("over", over, ("epochs", "layers"))
        asked: dict[str, Any] = {"runId": self.id, "split": split, "method": method, "axis": along}
        if over == "layers":
            self._queries.check_split(split)
        else:
            asked["layer"] = self._queries.layer(layer)
            self._queries.check_captured(asked["layer"], split, method)
        asked |= {"epoch": epoch, "layers": listed(layers), "steps": listed(steps)}
        asked["sampleIds"] = None if ids is None else [str(each) for each in ids]
        asked["parameters"] = parameters(
            components,
            n_neighbors=n_neighbors,
            min_dist=min_dist,
            perplexity=perplexity,
            mn_ratio=mn_ratio,
            fp_ratio=fp_ratio,
        )
        return read_film(self._connection, asked, refine=refine, wait=wait)

    def export(
        self, path: str | Path, *, layer: str = "auto", split: str = "val", method: str = "umap"
    ) -> Path:
        """Write a file for others; its ending says what it holds.

        Args:
            path: `.html`: the film as one page that plays without a server or a network. `.csv`, `.json` or
                `.parquet`: all samples of the split with label, outputs at the last step, metadata and tags.
                A file that is there is replaced.
            layer: Of the film; `"auto"` is the one the dashboard opens first. A table has none.
            split: Name of a split; for a film also several, as for `film`.
            method: Of the film, as for `film`.

        Returns:
            The file.

        Raises:
            ConfigError: The file ends otherwise, or cannot be written; a layer or a method is named for a
                table.
            NotFoundError: There is no such layer or split, or nothing was captured of them.
            JobError: The film could not be drawn.
        """
        file = Path(path)
        format = format_of(file)
        if format != "html":
            no_film(file, layer=layer, method=method)
            return write_file(file, table_bytes(self._connection, self.id, split, format))
        name = self._queries.layer(layer)
        self._queries.check_captured(name, split, method)
        asked = {"runId": self.id, "layer": name, "split": split, "method": method, "axis": "EPOCHS"}
        return write_file(file, film_bytes(self._connection, asked))
