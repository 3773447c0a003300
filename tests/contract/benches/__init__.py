"""One bench per connector, named like its folder: a destination or source to try the contract on. `bench()` opens it."""
