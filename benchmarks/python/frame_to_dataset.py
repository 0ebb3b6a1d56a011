#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a dataset costs from a polars frame, beside `truenext prepare` on a CSV file of the same rows.

    python3 benchmarks/python/frame_to_dataset.py --truenext build/truenext --rows 4000000

Needs polars and the package truenext (or PYTHONPATH=python and TRUENEXT_LIBRARY=build/lib/libtruenext_c.so.1). Every
measurement is a process of its own, file and frame in turn. CPU is user + system of the work alone: of the command from
start to end, of the frame without making it. Memory is the peak of the command, and how far the work went beyond the
process that already held the frame. Both must give the same fingerprint.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import Any

KINDS = ("int64", "text", "category")
TIMES = ("number", "timestamp")


def make_rows(folder: pathlib.Path, rows: int, seed: int) -> None:
    """A log in the order of time: users of uneven activity, popular and rare items. rows.parquet."""
    import numpy as np
    import polars

    random = np.random.default_rng(seed)
    users = max(1, rows // 50)
    frame = polars.DataFrame(
        {
            "user": (users * random.random(rows) ** 1.5).astype(np.int64) * 7 + 1001,
            "item": (50_000 * random.random(rows) ** 3).astype(np.int64) * 3 + 17,
            "time": 1_400_000_000 + np.sort(random.integers(0, 100_000_000, rows)),
        }
    )
    frame.write_parquet(folder / "rows.parquet")


def frame_of(folder: pathlib.Path, kind: str, time: str) -> Any:
    """The rows with ids of this kind: whole numbers, texts like U0001001 (longer than views hold in place: items)."""
    import polars

    frame = polars.read_parquet(folder / "rows.parquet")
    if time == "timestamp":
        frame = frame.with_columns(polars.from_epoch("time", time_unit="s"))
    if kind != "int64":
        texts = [
            polars.format("U{}", polars.col("user").cast(polars.String).str.zfill(8)).alias("user"),
            polars.format("item-{}", polars.col("item").cast(polars.String).str.zfill(9)).alias("item"),
        ]
        frame = frame.with_columns(texts)
    if kind == "category":
        frame = frame.with_columns(polars.col("user", "item").cast(polars.Categorical))
    return frame.rechunk()


def memory(word: str) -> int:
    """VmRSS or VmHWM of this process, bytes."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(word))


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure_frame(folder: pathlib.Path, kind: str, time: str, out: str) -> dict[str, Any]:
    """In a process of its own."""
    import truenext

    frame = frame_of(folder, kind, time)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # the peak starts again
    held, before = memory("VmRSS"), cpu_seconds()
    dataset = truenext.Dataset.from_frame(frame, out, user="user", item="item", time="time")
    return {
        "cpu": cpu_seconds() - before,
        "peak": memory("VmHWM") - held,
        "held": held,
        "fingerprint": dataset.fingerprint,
    }


def measure_command(program: str, file: pathlib.Path, out: str) -> dict[str, Any]:
    """The child is started by this small process: its peak is at least that of whoever started it."""
    process = subprocess.Popen([program, "prepare", str(file), "--out", out, "--quiet", "--json"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{program} prepare ended with {process.returncode}")
    said = json.loads(subprocess.run([program, "describe", out, "--json"], check=True, capture_output=True).stdout)
    return {"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024, "fingerprint": said["fingerprint"]}


def in_child(step: str, *arguments: object) -> Any:
    # Polars gives memory back some seconds late, which would hide what the work takes.
    environment = {**os.environ, "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
    command = [sys.executable, __file__, "--step", step, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return json.loads(done.stdout or b"null")


def run_step(arguments: list[str]) -> None:
    """What in_child() asked for."""
    step, folder = arguments[0], pathlib.Path(arguments[1])
    if step == "rows":
        make_rows(folder, int(arguments[2]), int(arguments[3]))
    elif step == "file":
        frame_of(folder, arguments[2], arguments[3]).write_csv(arguments[4])
    elif step == "frame":
        print(json.dumps(measure_frame(folder, *arguments[2:])))


def compare(args: argparse.Namespace, folder: pathlib.Path, kind: str, time: str) -> dict[str, Any]:
    file, out = folder / "rows.csv", folder / "out"
    in_child("file", folder, kind, time, file)
    sides: dict[str, list[dict[str, Any]]] = {"file": [], "frame": []}
    for _ in range(args.repeats):
        sides["file"].append(measure_command(args.truenext, file, str(out)))
        shutil.rmtree(out)
        sides["frame"].append(in_child("frame", folder, kind, time, out))
        shutil.rmtree(out)
    if len({run["fingerprint"] for runs in sides.values() for run in runs}) != 1:
        sys.exit(f"{kind}: the two have different fingerprints")
    result: dict[str, Any] = {"ids": kind, "times": time, "rows": args.rows, "file_bytes": file.stat().st_size}
    result |= {"repeats": args.repeats, "load": os.getloadavg()[0]}
    for side, runs in sides.items():
        cpu = [run["cpu"] for run in runs]
        result[side] = {"cpu_min": min(cpu), "cpu_median": statistics.median(cpu), "peak": max(run["peak"] for run in runs)}
    result["ratio_min"] = result["frame"]["cpu_min"] / result["file"]["cpu_min"]
    result["ratio_median"] = result["frame"]["cpu_median"] / result["file"]["cpu_median"]
    return result


def row_text(result: dict[str, Any]) -> str:
    file, frame = result["file"], result["frame"]
    return (
        f"| {result['rows']:,} | {result['ids']} | {result['times']} | {file['cpu_min']:.2f} ({file['cpu_median']:.2f}) "
        f"| {frame['cpu_min']:.2f} ({frame['cpu_median']:.2f}) | {result['ratio_min']:.2f} ({result['ratio_median']:.2f}) "
        f"| {file['peak'] / 2**20:.0f} | {frame['peak'] / 2**20:.0f} |"
    )


def table(results: list[dict[str, Any]]) -> str:
    head = "| rows | ids | times | CSV, CPU s | frame, CPU s | ratio | CSV, MiB | frame, MiB |\n|---|---|---|---|---|---|---|---|\n"
    return head + "\n".join(map(row_text, results))


def section(results: list[dict[str, Any]]) -> str:
    """Of docs/performance.md."""
    most = max(result["rows"] for result in results)
    repeats = sorted({result["repeats"] for result in results})
    loads = [result["load"] for result in results]
    return f"""## From a frame

Rows of a polars frame to a dataset folder (`truenext.Dataset.from_frame`) beside `truenext prepare` on a CSV file of the
same rows: CPU seconds, user and system, the least and in brackets the median of {" or ".join(map(str, repeats))} processes each, in turn; the peak
of memory in MiB, of the frame what comes on top of the frame itself. Both make the same bytes. Ids as texts are like `U00206052` and
`item-000047729`; there is a user for every 50 rows, there are 50,000 items, rows are in the order of time.

{table(results)}

    python3 benchmarks/python/frame_to_dataset.py --truenext build/truenext --rows {most} --json > frames.json

{os.uname().machine}, {os.cpu_count()} processors. **Preliminary: the machine was busy** (load {min(loads):.1f} to {max(loads):.1f}): times are
uncertain by a fifth and the ratios with them; to be repeated on an idle one.
"""


def main() -> None:
    if sys.argv[1:2] == ["--step"]:
        run_step(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truenext", default="build/truenext", help="the command")
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--ids", default=",".join(KINDS), help="kinds of ids, of " + ",".join(KINDS))
    parser.add_argument("--times", default="number", help="kinds of times, of " + ",".join(TIMES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="for the files; removed at the end (default: a temporary one)")
    parser.add_argument("--json", action="store_true", help="numbers instead of the table")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="frame-to-dataset-") as name:
        folder = pathlib.Path(name)
        in_child("rows", folder, args.rows, args.seed)
        results = []
        for kind in args.ids.split(","):
            for time in args.times.split(","):
                results.append(compare(args, folder, kind, time))
                print(row_text(results[-1]), file=sys.stderr)
    if args.json:
        print(json.dumps(results, indent=1))
        return
    print("CPU: minimum (median); memory: at the peak, of the frame beyond the frame itself\n")
    print(table(results))


if __name__ == "__main__":
    main()
