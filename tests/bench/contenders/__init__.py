"""The contenders of the hop, each a script that runs in its own process (and may run in its own environment)."""
