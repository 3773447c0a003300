"""The contenders of the hop: each a module that runs as a process of its own, Quix Streams in an environment of its own."""
