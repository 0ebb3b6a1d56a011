# SPDX-License-Identifier: Apache-2.0
"""Starts worker.py with a given Python and OpenMP setting and talks to it."""

import json
import os
import pathlib
import shlex
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def environment(threads):
    """Waiting threads must not burn the cores that others compute on, unless the caller says so."""
    return {"OMP_WAIT_POLICY": "passive", **os.environ, "OMP_NUM_THREADS": str(threads)}


def probe(python):
    """(version of torch, can it compile) of a Python."""
    code = "import torch; print(torch.__version__, int(hasattr(torch, 'compile')))"
    done = subprocess.run(shlex.split(python) + ["-c", code], env=environment(1), text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"--python {python}: cannot import torch:\n{done.stderr.strip()}")
    version, compiles = done.stdout.split()
    return version, compiles == "1"


class Contestant:
    """One variant in one Python at one number of threads, warmed up. Use as a context."""

    def __init__(self, python, threads, job, worker=HERE / "worker.py"):
        command = shlex.split(python) + [str(worker), json.dumps(job)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=environment(threads), text=True)
        self.about = self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with status {self.process.wait()}")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def quality(self):
        return self.ask({"quality": True})["quality"]

    def measure(self, seconds, at_least):
        """Medians over as many repeats as fit into `seconds`, but at least so many."""
        answer = self.ask({"seconds": seconds, "at_least": at_least})
        samples = answer["samples"]
        return {
            "per_second": statistics.median(count / wall for wall, _, count in samples),
            "per_cpu_second": statistics.median(count / cpu for _, cpu, count in samples),
            "repeats": len(samples),
            "peak_memory_bytes": answer["peak_memory_bytes"],
        }
