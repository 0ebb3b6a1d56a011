#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the Python package costs beside the library and the command that it stands on. A table; nothing is judged.

    python3 benchmarks/python/package_costs.py --truenext build/truenext

Needs numpy and the package truenext (or PYTHONPATH=python and TRUENEXT_LIBRARY=build/lib/libtruenext_c.so.1). Trains a
small model of --items items on simulated users; --model asks another one. How each row is measured:

- import: a new process, from before to behind `import truenext`, with numpy and without, byte code at hand.
- 10,000 histories: CPU of this process in Model.recommend on one thread, beside the same call of the C library with the
  ids in its memory already; of `truenext recommend --stdin` the whole process, which also opens the model and writes.
- one history: wall time of Model.recommend beside that of the C call, medians.
- eight threads: lists per second of wall time, each thread asking by itself, beside one thread. Says something on an
  idle machine only; the best of all tries is shown.
- Ctrl-C: from the signal until the process is gone, its checkpoint written.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import truenext
from truenext import _library, _native

IMPORT = """
import time
begin = time.perf_counter(); import numpy; middle = time.perf_counter(); import truenext; end = time.perf_counter()
print(1000 * (end - begin), 1000 * (end - middle))
"""
TRAIN = """
import sys, truenext
def say(event):
    if event.kind == "epoch":
        print("epoch", flush=True)
try:
    truenext.fit(sys.argv[1], run=sys.argv[2], set={"train.epochs": 100000, "train.patience": 0}, threads=1, callbacks=[say])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def simulated(folder: pathlib.Path, items: int) -> truenext.Dataset:
    """A log in which every item occurs."""
    draw = random.Random(1)
    path = folder / "log.csv"
    with open(path, "w", encoding="utf-8") as file:
        file.write("user,item,time\n")
        for event in range(60 * items):
            file.write(f"{event % (2 * items)},{event % items if event < items else draw.randrange(items)},{event}\n")
    return truenext.Dataset.prepare(path, folder / "data")


def trained(folder: pathlib.Path, data: truenext.Dataset) -> truenext.Model:
    settings = {"train.epochs": 1, "objective.negatives": 5, "model.hidden_size": 64, "model.max_length": 200}
    return truenext.fit(data, run=folder / "run", set=settings).model


def cpu_of(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


class LibraryCall:
    """truenext_recommend() with everything made ready."""

    def __init__(self, model: truenext.Model, histories: Sequence[Sequence[str]], k: int) -> None:
        self._pointer = model._handle.pointer
        self._texts = _library.Texts(histories)
        self._query = _native.truenext_query(size=ctypes.sizeof(_native.truenext_query), k=k, threads=1)

    def __call__(self) -> None:
        lists = ctypes.c_void_p()
        library = _library.library
        _library.check(
            library.truenext_recommend(
                self._pointer, ctypes.byref(self._texts.native), ctypes.byref(self._query), ctypes.byref(lists)
            )
        )
        library.truenext_lists_close(lists)


def import_costs(tries: int) -> dict[str, Any]:
    def one(cache: str) -> list[float]:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        done = subprocess.run([sys.executable, "-c", IMPORT], env=environment, stdout=subprocess.PIPE, check=True)
        return [float(word) for word in done.stdout.split()]

    with tempfile.TemporaryDirectory() as cache:
        one(cache)
        both = [one(cache) for _ in range(3 * tries)]
    return {"ms": min(pair[0] for pair in both), "ms_without_numpy": min(pair[1] for pair in both)}


def batch_costs(program: str, model: truenext.Model, histories: Sequence[Sequence[str]], tries: int) -> dict[str, Any]:
    call = LibraryCall(model, histories, 10)
    text = "\n".join(",".join(history) for history in histories) + "\n"

    def command() -> None:
        arguments = [program, "recommend", model.path, "--stdin", "--threads", "1", "-k", "10", "--quiet"]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        process.communicate(text.encode())
        if process.returncode != 0:
            sys.exit(f"{program} recommend ended with {process.returncode}")

    python: list[float] = []
    library: list[float] = []
    of_command: list[float] = []
    for _ in range(tries):  # in turn, as the machine is not always equally fast
        library.append(cpu_of(call))
        python.append(cpu_of(lambda: model.recommend(histories, k=10, threads=1)))
        before = os.times()
        command()
        after = os.times()
        of_command.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return {
        "python_s": min(python),
        "library_s": min(library),
        "command_s": min(of_command),
        "python_by_library": min(python) / min(library),
        "python_by_command": min(python) / min(of_command),
    }


def single_costs(model: truenext.Model, history: Sequence[str], tries: int) -> dict[str, Any]:
    call = LibraryCall(model, [history], 10)
    sides: dict[str, list[float]] = {"library": [], "python": []}
    for _ in range(200 * tries):
        for side, work in (("library", call), ("python", lambda: model.recommend([history], k=10, threads=1))):
            begin = time.perf_counter()
            work()
            sides[side].append(1e6 * (time.perf_counter() - begin))
    medians = {f"{side}_us": statistics.median(times) for side, times in sides.items()}
    return {**medians, "more_us": medians["python_us"] - medians["library_us"]}


def thread_costs(model: truenext.Model, histories: Sequence[Sequence[str]], tries: int) -> dict[str, Any]:
    part = histories[: len(histories) // 8]

    def seconds(threads: int) -> float:
        def ask() -> None:
            for _ in range(8 // threads):
                model.recommend(part, k=10, threads=1)

        workers = [threading.Thread(target=ask) for _ in range(threads)]
        begin = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return time.perf_counter() - begin

    one, eight = [], []
    for _ in range(tries):
        one.append(seconds(1))
        eight.append(seconds(8))
    lists = 8 * len(part)
    return {
        "one_per_s": lists / min(one),
        "eight_per_s": lists / min(eight),
        "ratio": min(one) / min(eight),
        "processors": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
    }


def interrupt_costs(folder: pathlib.Path, data: truenext.Dataset, tries: int) -> dict[str, Any]:
    def one(number: int) -> float:
        arguments = [sys.executable, "-c", TRAIN, data.path, str(folder / f"interrupted-{number}")]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.3)  # somewhere in the second epoch
            begin = time.perf_counter()
            child.send_signal(signal.SIGINT)
            if "interrupted" not in child.stdout.read():
                sys.exit("the training was not interrupted")
        return time.perf_counter() - begin

    times = [one(number) for number in range(tries)]
    return {"s": min(times), "s_most": max(times)}


def table(costs: dict[str, dict[str, Any]]) -> str:
    batch, single, threads = costs["batch"], costs["single"], costs["threads"]
    rows = [
        ("import truenext", f"{costs['import']['ms']:.0f} ms, {costs['import']['ms_without_numpy']:.0f} ms without numpy"),
        ("10,000 histories, Python", f"{batch['python_s']:.3f} CPU s"),
        ("the C call alone", f"{batch['library_s']:.3f} CPU s: Python {batch['python_by_library']:.3f} times that"),
        ("truenext recommend --stdin", f"{batch['command_s']:.3f} CPU s: Python {batch['python_by_command']:.3f} times that"),
        ("one history", f"C {single['library_us']:.0f} µs, Python {single['more_us']:.0f} µs more"),
        (
            "eight threads",
            f"{threads['ratio']:.2f} times one thread's lists a second, {threads['processors']} processors, load {threads['load']:.1f}",
        ),
        ("Ctrl-C to the end", f"{costs['interrupt']['s']:.2f} to {costs['interrupt']['s_most']:.2f} s"),
    ]
    return "| what | cost |\n|---|---|\n" + "\n".join(f"| {what} | {cost} |" for what, cost in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truenext", default="build/truenext", help="the command")
    parser.add_argument("--items", type=int, default=3416)
    parser.add_argument("--model", help="a model file or run folder to ask instead of one trained here")
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--length", type=int, default=100, help="items of a history")
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="numbers instead of the table")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="package-costs-") as name:
        folder = pathlib.Path(name)
        data = simulated(folder, args.items)
        model = truenext.Model.load(args.model) if args.model else trained(folder, data)
        draw = np.random.default_rng(1)
        ids = model.item_ids
        histories = [ids[draw.integers(0, len(ids), args.length)].tolist() for _ in range(args.histories)]
        costs = {
            "import": import_costs(args.tries),
            "batch": batch_costs(args.truenext, model, histories, args.tries),
            "single": single_costs(model, histories[0], args.tries),
            "threads": thread_costs(model, histories, args.tries),
            "interrupt": interrupt_costs(folder, data, min(3, args.tries)),
        }
    print(json.dumps(costs, indent=1) if args.json else table(costs))


if __name__ == "__main__":
    main()
