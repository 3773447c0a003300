"""The control side of the sandbox: what a test or a demo asks it to do beside the calls of clients."""
