"""What every sandbox shares: serving an ASGI app over real sockets, faults on demand, a call log and a plain page."""
