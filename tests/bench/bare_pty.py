"""The other side of the ratios: a program in a terminal with nothing in between. Reads one job a line from standard
input, answers each with nanoseconds. {"start": argv} is a start to the first byte; {"echo": argv, "keys": n} types n
keys into a program that echoes them, once it has printed its first line, and answers with a list.
"""

import json
import os
import pty
import sys
import time


def start(argv):
    begun = time.monotonic_ns()
    pid, terminal = spawn(argv)
    os.read(terminal, 1)
    taken = time.monotonic_ns() - begun
    end(pid, terminal)
    return taken


def echo(argv, keys):
    pid, terminal = spawn(argv)
    while b"\n" not in os.read(terminal, 1024):
        pass
    taken = []
    for _ in range(keys):
        time.sleep(0.01)
        begun = time.monotonic_ns()
        os.write(terminal, b"k")
        os.read(terminal, 1)
        taken.append(time.monotonic_ns() - begun)
    end(pid, terminal)
    return taken


def spawn(argv):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    return pid, terminal


def end(pid, terminal):
    os.close(terminal)
    os.waitpid(pid, 0)


for line in sys.stdin:
    job = json.loads(line)
    answer = start(job["start"]) if "start" in job else echo(job["echo"], job["keys"])
    print(json.dumps(answer), flush=True)
