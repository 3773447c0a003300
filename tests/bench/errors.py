"""What can go wrong with a bench."""


class BenchError(RuntimeError):
    """A bench cannot be run, or what it ran was wrong: says what, where and what to do. Being slow is no error."""
