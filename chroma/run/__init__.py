"""Run: what a user holds while something is captured, and what carries it to the journal."""

from chroma.run.receipt import Receipt
from chroma.run.run import Run, init

__all__ = ["Receipt", "Run", "init"]
