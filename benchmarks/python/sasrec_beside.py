#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SASRec with cross-entropy over the whole catalogue by truenext, RecTools and RePlay, from one frame with one split,
of the same size and for the same epochs, on one thread each: CPU seconds, memory, and NDCG@10 by the metrics of all
three. Prints the tables of docs/performance.md; --json keeps the measurements.

    python3 -m venv .beside && .beside/bin/pip install . -r benchmarks/python/requirements.txt
    .beside/bin/python benchmarks/python/sasrec_beside.py --dataset ml-1m ratings.dat --json ml-1m.json
    .beside/bin/python benchmarks/python/sasrec_beside.py --dataset beauty Beauty.txt --rounds 3
    .beside/bin/python benchmarks/python/sasrec_beside.py --frame events.parquet --sample-users 1000 --epochs 1
    .beside/bin/python benchmarks/python/sasrec_beside.py --section ml-1m.json beauty.json

--dataset reads files as they are published: ratings.dat of MovieLens, "user item" lines (SASRec's ml-1m.txt) or
"user item item ..." lines (S3-Rec's Beauty.txt), plain or packed by gzip. --frame reads Parquet or CSV with the
columns user_id, item_id and datetime. With ml-1m the shape is d = 128, L = 200, 1 head, dropout 0.3; otherwise
d = 64, L = 50, 2 heads, dropout 0.5. From a build in place of a wheel: PYTHONPATH=python
TRUENEXT_LIBRARY=build/lib/libtruenext_c.so.1, and --truenext build/truenext.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "side_by_side"))

import frames
import sasrec_judges
from run import machine
from sasrec_section import section, tables
from sasrec_worker import SYSTEMS

SHAPES = {
    "ml-1m": {"hidden_size": 128, "max_length": 200, "heads": 1, "dropout": 0.3},
    "other": {"hidden_size": 64, "max_length": 50, "heads": 2, "dropout": 0.5},
}
# RecTools has no option for beta2 of Adam and takes 0.98, which is RePlay's default, too.
COMMON = {"blocks": 2, "batch_size": 128, "learning_rate": 0.001, "beta2": 0.98, "scale_vectors": True}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS",
           "ARROW_IO_THREADS", "POLARS_MAX_THREADS", "NUMEXPR_NUM_THREADS")


class Comparison:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        name, path = arguments.dataset or ("frame", arguments.frame)
        shape = dict(SHAPES.get(name, SHAPES["other"]))
        given = {key: getattr(arguments, key) for key in (*shape, *COMMON) if hasattr(arguments, key)}
        shape |= {**COMMON, **{key: value for key, value in given.items() if value is not None}}
        self.settings = {**shape, "epochs": arguments.epochs}
        self.command = self.found_command()
        table = frames.published_frame(path) if arguments.dataset else frames.given_frame(path)
        table = frames.ordered(table, arguments.sample_users, arguments.seed)
        self.train, self.test = frames.leave_last(table)
        self.prepare(table)
        positions = frames.trained_positions(self.train, self.settings["max_length"])
        self.result = {
            "date": time.strftime("%Y-%m-%d"), "machine": machine(), "settings": self.settings,
            "data": {"name": name, "users": len(self.test), "items": table["item_id"].nunique(),
                     "events": len(table), "sampled": bool(arguments.sample_users),
                     "positions": positions},
            "runs": [],
        }

    def found_command(self):
        beside = pathlib.Path(sys.executable).parent / "truenext"
        command = self.arguments.truenext or (str(beside) if beside.exists() else shutil.which("truenext"))
        if command is None:
            raise SystemExit("the command truenext was not found; want --truenext FILE, or pip install .")
        return command

    def prepare(self, table):
        """The split as every system sees it, and as our command does for judging."""
        import truenext

        self.train.to_parquet(self.folder / "train.parquet")
        self.data = self.folder / "data"
        truenext.Dataset.from_frame(table, self.data, user="user_id", item="item_id", time="datetime",
                                    valid=0, test=1)

    def run_system(self, system, seed):
        """CPU seconds, memory and lists of one training."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix=system + "-", dir=self.folder))
        settings = {**self.settings, "seed": seed}
        job = {"system": system, "train": str(self.folder / "train.parquet"), "folder": str(folder),
               "settings": settings}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "OMP_WAIT_POLICY": "passive"}
        log = folder / "log.txt"
        with open(log, "w", encoding="utf-8") as file:
            done = subprocess.run([sys.executable, str(HERE / "sasrec_worker.py"), str(folder / "job.json")],
                                  env=environment, stdout=file, stderr=file, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{system}: failed\n{log.read_text(encoding='utf-8')[-4000:]}")
        measured = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        lists = measured.pop("lists")
        seen = dict(zip(self.test["user_id"].astype("str"), self.test["item_id"]))
        if lists.keys() != seen.keys():
            raise SystemExit(f"{system}: made lists for {len(lists)} users, of {len(seen)}")
        measured["ndcg"] = sasrec_judges.judge(lists, self.test, self.command, self.data, folder)
        shutil.rmtree(folder)
        return measured

    def run(self):
        """Every system once a round, so that all see what else the machine does."""
        for number in range(self.arguments.rounds):
            for system in self.arguments.systems:
                load = os.getloadavg()[0]
                seed = self.arguments.seed + number
                run = {"system": system, "round": number, "seed": seed, "load": load}
                run |= self.run_system(system, seed)
                self.result["runs"].append(run)
                print(f"[{time.strftime('%H:%M:%S')}] {system}: {run['cpu_fit']:.1f} CPU s, "
                      f"{run['peak'] / 1e6:.0f} MB, NDCG@10 {run['ndcg']['truenext']:.4f}",
                      file=sys.stderr, flush=True)
                self.save()

    def save(self):
        if self.arguments.json:
            text = json.dumps(self.result, indent=1)
            pathlib.Path(self.arguments.json).write_text(text + "\n", encoding="utf-8")


def systems_of(text):
    names = text.split(",")
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]}: want some of {','.join(SYSTEMS)}")
    return names


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", nargs=2, metavar=("NAME", "FILE"), help="ml-1m, beauty, ...")
    source.add_argument("--frame", metavar="FILE", help="Parquet or CSV: user_id, item_id, datetime")
    source.add_argument("--section", nargs="+", metavar="JSON", help="print the tables of earlier runs")
    parser.add_argument("--systems", type=systems_of, default=list(SYSTEMS), help=",".join(SYSTEMS))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1, help="trainings of each, with different seeds")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--sample-users", type=int, default=0, help="for a quick try; 0 = all")
    for name, kind in (("hidden-size", int), ("max-length", int), ("blocks", int), ("heads", int),
                       ("dropout", float), ("batch-size", int), ("learning-rate", float)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--no-scale-vectors", dest="scale_vectors", action="store_false", default=None,
                        help="RecTools' default: item vectors are not multiplied by sqrt(d)")
    parser.add_argument("--json", metavar="FILE", help="where the measurements go")
    parser.add_argument("--truenext", metavar="FILE", help="our command (default: that of the environment)")
    return parser


def main():
    arguments = options().parse_args()
    if arguments.section:
        texts = [pathlib.Path(path).read_text(encoding="utf-8") for path in arguments.section]
        print(section([json.loads(text) for text in texts]))
        return
    if arguments.truenext:
        arguments.truenext = os.path.abspath(arguments.truenext)
    with tempfile.TemporaryDirectory(prefix="truenext-beside-") as folder:
        comparison = Comparison(arguments, pathlib.Path(folder))
        comparison.run()
    print(tables([comparison.result]).lstrip())


if __name__ == "__main__":
    main()
