"""`python -m chroma`: the command line, whatever else is called `chroma` on the PATH."""

from chroma.cli import main

main()
