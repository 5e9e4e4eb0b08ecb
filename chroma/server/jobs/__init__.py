"""Work that takes longer than a request: the jobs table is the queue, one worker process does it."""
