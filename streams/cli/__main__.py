"""`python -m streams.cli` is the `causeway` program."""

from streams.cli import main

main()
