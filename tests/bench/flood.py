"""An agent that never stops talking, at a pace: `flood.py BYTES_PER_SECOND`."""

import os
import sys
import time

pace = int(sys.argv[1])
line = (b"the quick brown fox jumps over the lazy dog, and the dog writes it all down again and again " * 2)[:127] + b"\n"
step = 0.01
piece = line * max(1, int(pace * step) // len(line))
due = time.monotonic()
while True:
    view = memoryview(piece)
    while view:
        view = view[os.write(1, view) :]
    due += len(piece) / pace
    wait = due - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    else:
        # Held up by the terminal: what was missed is not made up for in one burst.
        due = time.monotonic()
