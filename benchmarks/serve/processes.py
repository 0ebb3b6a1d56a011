# SPDX-License-Identifier: Apache-2.0
"""What /proc says of a server, and its end: for the measurements here and the tests in tests/serve."""
import os
import threading

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * PAGE


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class PeakMemory:
    """While the block runs: `grown`, the most bytes above those at its begin."""

    def __init__(self, pid):
        self.pid, self.grown, self.over = pid, 0, threading.Event()
        self.begin = resident_bytes(pid)
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(0.02):
            self.grown = max(self.grown, resident_bytes(self.pid) - self.begin)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Process:
    """With `process`, a subprocess that is gone with the block."""

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self
