"""Pure numerics: vectors in, neighbours and two-dimensional frames out.

Knows nothing of servers, runs or files: the same functions work in the worker process, in a
notebook and on a Dask worker.
"""
