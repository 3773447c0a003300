"""The poller: asks each marketplace account for what changed and publishes it as received.

    consumer group on `poll.commands`  ->  which flows (source, account, flow) this process owns
    `poll.cursors`                     ->  how far each was read
    source  --page-->  raw.<source>.<entity>s, acknowledged  ->  cursor, fenced

`run.run_poller` is the process; `docs` of each step stand at the top of its module.
"""
