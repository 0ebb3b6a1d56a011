#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training step of every network beside the same network in PyTorch, one thread, in CPU time: ours,
theirs, ours, theirs ... in one run. Nothing is timed before twin_gate.py has found the same losses
and gradients. Prints the section of docs/performance.md; --out keeps the measurements.

    compare.py --truenext build/truenext --step-dump build/benchmarks/step_dump \\
        --python .torch/bin/python --out networks.json > section.md
    compare.py --section networks.json > section.md

Without --data the datasets are simulated, see workloads below.
"""

import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "side_by_side"))

from contestant import Contestant, environment, probe
from run import machine
from section import section
from workloads import check_output

# Users, items and mean events per user of the logs that are simulated: Amazon Beauty's and ML-1M's.
# Some items come again, so that sessions of SR-GNN have edges out of their newest item.
SHAPES = {"short": (22363, 12101, 8.9), "long": (6040, 3416, 165)}
REPEATS = 0.1

# Preset and the kind of data that it is timed on.
NETWORKS = {
    "gru4rec-ce": "short", "narm-ce": "short", "nextitnet-ce": "short", "caser-ce": "short",
    "sr-gnn-cce": "short", "sasrec-cce": "short", "bert4rec": "long",
}
UNSCORED = ["objective.candidates=uniform", "objective.negatives=1"]
# Weights as large as those of a trained model: near zero some gradients are differences of nearly
# equal numbers, in which two sums in another order differ by more than 1e-4.
GATE_WEIGHTS = ["model.init=uniform"]
NO_DROPOUT = ["model.dropout=0", "model.output_dropout=0"]


class Comparison:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = tempfile.TemporaryDirectory(prefix="truenext-networks-")
        self.data = dict(entry.split("=", 1) for entry in arguments.data)
        self.result = {
            "date": time.strftime("%Y-%m-%d"), "machine": machine(),
            "torch": probe(arguments.python)[0], "pairs": arguments.pairs,
            "seconds": arguments.seconds, "data": {}, "gate": [], "networks": [],
        }

    def say(self, text):
        print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def simulated(self, shape):
        """Dataset folder."""
        users, items, events = SHAPES[shape]
        log, data = self.path(shape + ".csv"), self.path(shape)
        if not os.path.exists(data):
            check_output([self.arguments.truenext, "simulate", f"--users={users}",
                          f"--items={items}", f"--events={events}", f"--repeat={REPEATS}",
                          "--out", log])
            check_output([self.arguments.truenext, "prepare", log, "--out", data])
        return data

    def dataset(self, shape):
        """The folder that is timed on; simulated unless given."""
        given = shape in self.data
        data = self.data[shape] if given else self.simulated(shape)
        text = pathlib.Path(data, "dataset.json").read_text(encoding="utf-8")
        counts = {key: json.loads(text)[key] for key in ("users", "items", "events")}
        kind = os.path.basename(os.path.normpath(data)) if given else "simulated"
        self.result["data"][shape] = {"kind": kind, **counts}
        return data

    def dump(self, preset, data, name, settings=()):
        """Weights, a batch, its loss and gradients."""
        path = self.path(f"{preset}.{name}.safetensors")
        settings = list(settings) + (NO_DROPOUT if preset.startswith("narm") else NO_DROPOUT[:1])
        settings += [f"train.batch_size={self.arguments.gate_batch}"]
        check_output([self.arguments.step_dump, "--preset", preset, "--data", data, "--out", path]
                     + [f"--set={setting}" for setting in settings])
        return path

    def gate(self, preset, dumps):
        table = self.path("gate.json")
        command = shlex.split(self.arguments.python) + [str(HERE / "twin_gate.py")] + dumps
        done = subprocess.run(command + ["--json", table], env=environment(1), stdout=sys.stderr,
                              check=False)
        if done.returncode != 0:
            raise SystemExit(f"{preset}: the gate failed, no timing is valid")
        lines = json.loads(pathlib.Path(table).read_text(encoding="utf-8"))
        for line in lines:
            del line["dump"]
            self.result["gate"].append({"preset": preset, **line})
        return list(dict.fromkeys(line["form"] for line in lines))

    def ours(self, preset, data, steps, settings=()):
        report = check_output(
            [self.arguments.truenext, "bench", "train-step", "--data", data, "--preset", preset,
             "--threads=1", f"--steps={steps}", "--json", "--quiet"]
            + [f"--set={setting}" for setting in settings])
        return json.loads(report)

    def steps_within(self, preset, data):
        few = self.ours(preset, data, 3)
        return int(min(500, max(3, self.arguments.seconds / few["cpu_seconds"])))

    def compare(self, preset, shape):
        data = self.dataset(shape)
        # Given data may have nobody with an item twice, which a graph looks at.
        folders = {"timed": data, "simulated": self.simulated(shape)}
        forms = self.gate(preset, [self.dump(preset, folder, f"gate-{name}", GATE_WEIGHTS)
                                   for name, folder in folders.items()])
        if self.arguments.gate_only:
            return
        dump = self.dump(preset, data, "start")
        config = check_output([self.arguments.truenext, "train", "--show-config", "--preset", preset])
        steps = self.steps_within(preset, data)
        record = {"preset": preset, "data": shape, "forms": []}
        self.result["networks"].append(record)
        for form in forms:
            job = {"data": data, "config": config, "weights": dump, "form": form, "warm_up": 3}
            entry = {"form": form, "pairs": []}
            with Contestant(self.arguments.python, 1, job, HERE / "twin_worker.py") as theirs:
                for _ in range(self.arguments.pairs):
                    pair = {"load": os.getloadavg()[0], "ours": self.ours(preset, data, steps)}
                    pair["theirs"] = theirs.measure(self.arguments.seconds, 3)
                    entry["pairs"].append(pair)
            record["forms"].append(entry)
            ratio = (pair["ours"]["positions_per_cpu_second"] / pair["theirs"]["per_cpu_second"])
            self.say(f"{preset}, {form}: {ratio:.1f}")
        # What is left of our step when no state is scored against the catalogue.
        record["unscored"] = [self.ours(preset, data, steps, UNSCORED)["cpu_seconds"]
                              for _ in range(self.arguments.pairs)]

    def run(self):
        for preset, shape in NETWORKS.items():
            if not self.arguments.only or preset in self.arguments.only.split(","):
                self.compare(preset, shape)
                self.save()

    def save(self):
        if self.arguments.out:
            pathlib.Path(self.arguments.out).write_text(json.dumps(self.result, indent=1),
                                                        encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--truenext", default="build/truenext", help="the command")
    parser.add_argument("--step-dump", default="build/benchmarks/step_dump", help="of the same build")
    parser.add_argument("--python", default=sys.executable, help="command with torch")
    parser.add_argument("--data", action="append", default=[], metavar="short|long=DATASET")
    parser.add_argument("--out", help="JSON file")
    parser.add_argument("--only", help="presets, comma-separated")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--gate-batch", type=int, default=24, help="examples in the gate's batch")
    parser.add_argument("--gate-only", action="store_true", help="time nothing")
    parser.add_argument("--section", metavar="JSON", help="print the section of an earlier run")
    arguments = parser.parse_args()
    if arguments.section:
        result = json.loads(pathlib.Path(arguments.section).read_text(encoding="utf-8"))
    else:
        comparison = Comparison(arguments)
        comparison.run()
        result = comparison.result
    if result["networks"]:
        print(section(result))


if __name__ == "__main__":
    main()
