#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times truenext and PyTorch side by side: ours, theirs, ours, theirs ... in one run. Before anything
is timed, gate.py must find the same losses and gradients. Writes one JSON file for report.py.

    run.py --truenext build/truenext --step-dump build/benchmarks/step_dump --out results.json \\
        --data ml1m=DATASET --data video=DATASET --data beauty=DATASET \\
        --python wheel=.torch/bin/python --python debian=/usr/bin/python3

Workloads whose data are not given are left out. A --python may be a whole command line, e.g.
"debian=env LD_LIBRARY_PATH=... /usr/bin/python3".
"""

import argparse
import json
import os
import pathlib
import platform
import shlex
import subprocess
import sys
import tempfile
import time

from contestant import HERE, Contestant, environment, probe
from quality import time_to_quality
from workloads import WORKLOADS, Ours, check_output

FLAGS = ("avx2", "fma", "avx512f", "avx512bw", "avx512_bf16", "avx512_vnni", "amx_tile")


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    flags = fields.get("flags", "").split()
    return {
        "cpu": fields.get("model name", platform.machine()),
        "flags": [flag for flag in FLAGS if flag in flags],
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def pairs_of(text):
    pairs = dict(entry.split("=", 1) for entry in text)
    return {label: value for label, value in pairs.items() if value}


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.data = pairs_of(arguments.data)
        self.pythons = pairs_of(arguments.python)
        self.versions = {label: probe(python) for label, python in self.pythons.items()}
        self.folder = tempfile.TemporaryDirectory(prefix="side-by-side-")
        version = check_output([arguments.truenext, "--version"]).split()[1]
        self.result = {
            "date": time.strftime("%Y-%m-%d"), "machine": machine(), "truenext": version,
            "omp_wait_policy": environment(1)["OMP_WAIT_POLICY"],
            "pairs": arguments.pairs, "seconds": arguments.seconds, "threads": arguments.threads,
            "gate": [], "workloads": [],
        }

    def say(self, text):
        print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)

    def save(self):
        path = pathlib.Path(self.arguments.out)
        fresh = path.with_suffix(".partial")
        fresh.write_text(json.dumps(self.result, indent=1), encoding="utf-8")
        fresh.replace(path)

    def variants(self, workload, label):
        wanted = self.arguments.variants.split(",") if self.arguments.variants else workload.variants
        compiles = self.versions[label][1]
        return [v for v in workload.variants if v in wanted and (compiles or v != "compiled")]

    def config(self, workload):
        """The resolved configuration of ours as TOML."""
        return check_output([self.arguments.truenext, "train", "--show-config"] + workload.arguments())

    def gate(self, workload):
        """Same loss and gradients? Nothing is timed otherwise."""
        dump = os.path.join(self.folder.name, f"{workload.name}.safetensors")
        check_output([self.arguments.step_dump, "--data", self.data[workload.data], "--out", dump]
                     + workload.arguments() + ["--set=model.dropout=0",
                                               f"--set=train.batch_size={workload.gate_batch}"])
        for label, python in self.pythons.items():
            # Sorting changes batches, not what is computed of one.
            names = [v for v in self.variants(workload, label) if v != "sorted"]
            table = os.path.join(self.folder.name, "gate.json")
            command = shlex.split(python) + [str(HERE / "gate.py"), dump, "--variants",
                                             ",".join(names), "--json", table]
            self.say(f"gate: {workload.name}, {label}")
            done = subprocess.run(command, env=environment(1), stdout=sys.stderr, check=False)
            if done.returncode != 0:
                raise SystemExit(f"{workload.name}, {label}: the gate failed, no timing is valid")
            for line in json.loads(pathlib.Path(table).read_text(encoding="utf-8")):
                del line["dump"]
                self.result["gate"].append({"workload": workload.name, "python": label, **line})

    def model(self, workload):
        """A model file with start weights, for evaluation."""
        if workload.benchmark != "evaluate":
            return ""
        folder = os.path.join(self.folder.name, "run")
        check_output([self.arguments.truenext, "train", "--quiet", "--run", folder, "--data",
                      self.data[workload.data]] + workload.arguments()
                     + ["--set=train.epochs=1", "--set=train.valid_users=100"])
        return os.path.join(folder, "model.safetensors")

    def compare(self, workload, ours, label, variant, threads, job):
        """All pairs of one contestant."""
        entry = {"python": label, "variant": variant, "threads": threads, "pairs": []}
        entry["batch_size"] = job["batch_size"]
        counts = sorted({threads, self.arguments.threads})
        with Contestant(self.pythons[label], threads, job) as theirs:
            entry["about"] = theirs.about
            if theirs.about["reference_blas"]:
                raise SystemExit(f"{label}: torch uses the reference BLAS; install OpenBLAS")
            for _ in range(self.arguments.pairs):
                load = os.getloadavg()[0]
                pair = {"load": load, "ours": {str(n): ours.measure(n) for n in counts}}
                at_least = 2 if workload.benchmark == "train-step" else 1
                pair["theirs"] = theirs.measure(self.arguments.seconds, at_least)
                entry["pairs"].append(pair)
            if job["model"] and threads == 1:
                entry["quality"] = theirs.quality()
        last = entry["pairs"][-1]
        ratio = last["ours"][str(threads)]["per_cpu_second"] / last["theirs"]["per_cpu_second"]
        self.say(f"{workload.name}, {label}, {variant}, {threads} threads: {ratio:.1f} by CPU time")
        return entry

    def workload(self, workload):
        model = self.model(workload)
        data = self.data[workload.data]
        ours = Ours(self.arguments.truenext, workload, data, model, self.arguments.seconds)
        record = {"name": workload.name, "title": workload.title, "unit": workload.unit,
                  "contestants": []}
        self.result["workloads"].append(record)
        config = self.config(workload)
        for label in self.pythons:
            for variant in self.variants(workload, label):
                job = {"data": data, "config": config, "variant": variant, "model": model,
                       "batch_size": workload.batch_size(variant),
                       "warm_up": 4 if variant == "compiled" else 2}
                for threads in sorted({1, self.arguments.threads}):
                    record["contestants"].append(
                        self.compare(workload, ours, label, variant, threads, job))
                    self.save()

    def run(self):
        for workload in WORKLOADS:
            chosen = not self.arguments.only or workload.name in self.arguments.only.split(",")
            if not chosen or workload.data not in self.data:
                continue
            if workload.benchmark == "train-step":
                self.gate(workload)
            self.workload(workload)
        if self.arguments.quality and "ml1m" in self.data:
            self.result["quality"] = time_to_quality(
                self.arguments.truenext, self.data["ml1m"], self.folder.name, self.arguments.threads,
                self.arguments.quality, self.say)
        self.result["machine"]["load_after"] = os.getloadavg()[0]
        self.save()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--truenext", required=True, help="the command")
    parser.add_argument("--step-dump", required=True, help="benchmarks/step_dump of the same build")
    parser.add_argument("--data", action="append", required=True, help="ml1m|video|beauty=DATASET")
    parser.add_argument("--python", action="append", required=True, help="LABEL=COMMAND with torch")
    parser.add_argument("--out", required=True, help="JSON file")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count()),
                        help="of the wall-clock comparison")
    parser.add_argument("--quality", type=float, metavar="NDCG",
                        help="also train on ml1m until this NDCG@10 of the test part, e.g. 0.16")
    parser.add_argument("--only", help="workloads, comma-separated")
    parser.add_argument("--variants", help="variants, comma-separated")
    Run(parser.parse_args()).run()


if __name__ == "__main__":
    main()
