"""The inner loops, compiled by numba and kept on disk.

Imported inside functions only, for numba is slow to import. Nothing here starts threads; all of it lets
others run (`nogil`), and no result depends on how rows are shared out.
"""

from chroma.projection.kernels.graph import both_ways, jaccard, memberships
from chroma.projection.kernels.moving import forces, hold, settle, sweep
from chroma.projection.kernels.projecting import project, project_half
from chroma.projection.kernels.search import measured, smallest

__all__ = [
    "both_ways",
    "forces",
    "hold",
    "jaccard",
    "measured",
    "memberships",
    "project",
    "project_half",
    "settle",
    "smallest",
    "sweep",
]
