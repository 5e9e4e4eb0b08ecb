"""The inner loops, compiled by numba and kept on disk.

Imported inside functions only, for numba is slow to import. Nothing here starts threads; all of it
releases the GIL, and no result depends on how rows are divided among threads.
"""

from chroma.projection.kernels.graph import both_ways, jaccard, memberships
from chroma.projection.kernels.moving import forces, optimise_placed, smooth_paths, sweep
from chroma.projection.kernels.projecting import project, project_half
from chroma.projection.kernels.search import measured, smallest

__all__ = [
    "both_ways",
    "forces",
    "jaccard",
    "measured",
    "memberships",
    "optimise_placed",
    "project",
    "project_half",
    "smallest",
    "smooth_paths",
    "sweep",
]
