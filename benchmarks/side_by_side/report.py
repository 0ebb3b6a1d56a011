#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/performance.md from the JSON of run.py and, for the section about all networks, that of
../networks/compare.py, for the one about frames that of ../python/frame_to_dataset.py and for the one about RecTools and
RePlay those of ../python/sasrec_beside.py.

    report.py results.json [networks.json] [--frames frames.json] [--beside FILE.json ...] > docs/performance.md
"""

import argparse
import json
import pathlib
import statistics
import sys

BENCHMARKS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(BENCHMARKS / "networks"), str(BENCHMARKS / "python")]

from frame_to_dataset import section as frames_section
from sasrec_section import section as beside_section
from section import section as networks_section

INTRODUCTION = """# Performance

truenext beside PyTorch on the same machine, in the same run, on the same work. This file is made by
`benchmarks/side_by_side/report.py` from the measurements of one run of `benchmarks/side_by_side/run.py` and, in the
section "Every network", of one of `benchmarks/networks/compare.py`, in "From a frame" of
`benchmarks/python/frame_to_dataset.py`, in "Beside RecTools and RePlay" of `benchmarks/python/sasrec_beside.py`; no number in it
was typed by hand.

## What is compared

One unit of work is a **real position**: an item of a history whose successor is trained towards. Padding
does not count for anybody. Users, window length, width, blocks, negatives, dropout, loss and reduction, and
Adam on every parameter are the same on both sides; drawing negatives and building the batch are inside the
clock, reading the dataset is not. Every PyTorch variant was written for this comparison from the formulas;
none is anybody's repository.

| variant | what it does |
|---|---|
| published | sampled losses as gSASRec's publication describes them: padded batches of full length, the vectors of all candidates looked up as [batch, length, negatives + 1, d], gBCE in float64. Full cross-entropy as RecBole trains: every prefix of a user is a padded sample of its own. Evaluation: padded windows, all positions encoded, seen items struck out one by one, the top list as Python objects |
| tuned | what a PyTorch user gets to in an hour: loss in its direct form at real positions only, scores by one product with the whole table where that is cheaper, one attention mask for all blocks, batches trimmed to their longest sequence, fused Adam where PyTorch has it |
| packed | tuned, and everything but attention works on real positions only |
| compiled | tuned without trimming, under `torch.compile` |
| sorted | tuned on batches of users of similar length: **other batches** than everybody else's, so not the same training |
"""

REPRODUCE = """
## Again on another machine

    scripts/setup --benchmarks
    build/truenext prepare FILE --out DATASET          # for each of the data sets
    python3 benchmarks/side_by_side/run.py --truenext build/truenext \\
      --step-dump build/benchmarks/step_dump --out results.json \\
      --data ml1m=DATASET --data video=DATASET --data beauty=DATASET \\
      --python wheel=PYTHON --python debian=PYTHON --quality 0.16
    python3 benchmarks/networks/compare.py --python PYTHON --out networks.json \\
      --data short=DATASET --data long=DATASET       # simulated without --data
    python3 benchmarks/python/frame_to_dataset.py --truenext build/truenext --rows 20000000 --json > frames.json
    PYTHON benchmarks/python/sasrec_beside.py --epochs 1 --dataset ml-1m FILE --json ml-1m.json
    PYTHON benchmarks/python/sasrec_beside.py --epochs 1 --dataset beauty FILE --json beauty.json
    python3 benchmarks/side_by_side/report.py results.json networks.json --frames frames.json \\
      --beside ml-1m.json beauty.json > docs/performance.md

The PYTHON of `sasrec_beside.py` has truenext, RecTools and RePlay: `python3 -m venv .beside` and
`.beside/bin/pip install . -r benchmarks/python/requirements.txt`.
"""

CAVEATS = """
## What these numbers do not say

- CPU only. PyTorch is at home on GPUs, where none of this applies.
- They are about one machine, these versions and these shapes. Wider models spend more of their time in
  matrix products, where the two sides should differ least.
- "Published" stands for the way of computing in a publication or a library, not for its code: real
  repositories also pay for data loaders and logging, which are left out here.
- Where the published way runs on smaller batches it is for memory; rates are per position.
- Debian's OpenBLAS picks its kernels by the processors it knows, which may not include a newer one; the line
  "products by" and the instruction sets above say what it had to choose from.
- Sums are taken in another order, so losses agree to about 1e-7 and trained models to the noise of
  a seed, not to the bit. What trained models reach is in docs/studies/ml-1m.md; a speed without that
  would be worth nothing.
- {load}
"""


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times(ratios):
    """Median and range of ratios."""
    if not ratios:
        return "-"
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    return f"**{middle:.1f}** ({low:.1f} to {high:.1f})"


def median(pairs, pick):
    return statistics.median(pick(pair) for pair in pairs)


class Comparison:
    """One variant in one Python: its entries by number of threads."""

    def __init__(self, entries, threads):
        self.single = next(entry for entry in entries if entry["threads"] == 1)
        self.threads = str(threads)
        # Two threads can be slower than one; the faster setting is the opponent.
        self.fastest = max(entries, key=lambda entry: median(entry["pairs"], self.their_speed))

    @staticmethod
    def their_speed(pair):
        return pair["theirs"]["per_second"]

    def our_speed(self, pair):
        return pair["ours"][self.threads]["per_second"]

    def memory(self, side):
        entries = [self.single, self.fastest]
        if side == "theirs":
            return max(p["theirs"]["peak_memory_bytes"] for e in entries for p in e["pairs"])
        return max(o["peak_memory_bytes"] for e in entries for p in e["pairs"]
                   for o in p["ours"].values())

    def row(self):
        single, fastest = self.single["pairs"], self.fastest["pairs"]
        cpu = [p["ours"]["1"]["per_cpu_second"] / p["theirs"]["per_cpu_second"] for p in single]
        wall = [self.our_speed(p) / self.their_speed(p) for p in fastest]
        theirs_cpu = median(single, lambda p: p["theirs"]["per_cpu_second"])
        ours_cpu = median(single, lambda p: p["ours"]["1"]["per_cpu_second"])
        cells = [
            self.single["variant"], self.single["python"],
            number(theirs_cpu), number(ours_cpu), times(cpu),
            f"{number(median(fastest, self.their_speed))} ({self.fastest['threads']})",
            number(median(fastest, self.our_speed)), times(wall),
            f"{self.memory('theirs') / 1e6:,.0f}", f"{self.memory('ours') / 1e6:,.0f}",
        ]
        return "| " + " | ".join(cells) + " |"


def groups(workload):
    """Entries of one (python, variant) together, in the order of the run."""
    found = {}
    for entry in workload["contestants"]:
        found.setdefault((entry["python"], entry["variant"]), []).append(entry)
    return list(found.values())


def workload_section(workload, threads):
    unit = workload["unit"]
    lines = [f"\n### {workload['title']}\n"]
    lines.append(f"| variant | PyTorch | {unit} per CPU s, 1 thread | ours | ratio (range) | {unit} per "
                 f"second, best of 1 and {threads} threads (which) | ours, {threads} threads | ratio "
                 "(range) | peak MB | ours |")
    lines.append("|---|---|---|---|---|---|---|---|---|---|")
    for entries in groups(workload):
        lines.append(Comparison(entries, threads).row())
    ours = [p["ours"]["1"] for e in workload["contestants"] for p in e["pairs"] if "1" in p["ours"]]
    if "share_of_sgemm" in ours[0]:
        share = statistics.median(o["share_of_sgemm"] for o in ours)
        rate = statistics.median(o["gflop_per_cpu_second"] for o in ours)
        peak = statistics.median(o["sgemm_gflop_per_cpu_second"] for o in ours)
        lines.append(f"\nOurs on one core: {rate:.0f} useful GFLOP/s, {100 * share:.0f} % of its "
                     f"matrix product's {peak:.0f}.")
    sizes = sorted({(e["variant"], e["batch_size"]) for e in workload["contestants"]
                    if e["batch_size"] != 128})
    for variant, size in sizes if unit == "positions" else []:
        lines.append(f"\nThe {variant} way ran with {size} users a step, all others with 128.")
    qualities = [(e["variant"], e["python"], e["quality"]) for e in workload["contestants"]
                 if "quality" in e]
    if qualities:
        own = ours[0]["ndcg@10"]
        worst = max(abs(quality - own) for _, _, quality in qualities)
        lines.append(f"\nAll rank alike: nDCG@10 {own:.6f} here, largest difference {worst:.1e}.")
    return lines


def quality_section(result):
    """What a speed is worth: time until a model is good."""
    records = result.get("quality", [])
    if not records:
        return []
    target, threads = records[0]["target"], records[0]["threads"]
    lines = [f"\n### Until NDCG@10 = {target} on the test part of ML-1M\n"]
    lines.append("The whole catalogue is ranked for every user. Ours is measured: the first epoch with a "
                 "new best validation value whose model\nreaches the mark, validation and checkpoints "
                 "inside the clock, judging the test part outside. PyTorch is **calculated**: the same\n"
                 "number of positions at the speed measured above, without validation.\n")
    lines.append(f"| training | | epochs | million positions | seconds, {threads} threads | CPU s | NDCG@10 |")
    lines.append("|---|---|---|---|---|---|---|")
    for record in records:
        count = record["positions"]
        lines.append(f"| truenext, preset `{record['preset']}` | measured | {record['epoch']} "
                     f"| {count / 1e6:.1f} | {number(record['seconds'])} | {number(record['cpu_seconds'])} "
                     f"| {record['ndcg@10']:.4f} |")
        for workload in result["workloads"]:
            if workload["name"] != record["workload"]:
                continue
            for entries in groups(workload):
                comparison = Comparison(entries, result["threads"])
                wall = median(comparison.fastest["pairs"], comparison.their_speed)
                cpu = median(comparison.single["pairs"], lambda p: p["theirs"]["per_cpu_second"])
                name = f"{comparison.single['variant']}, {comparison.single['python']}"
                lines.append(f"| PyTorch, {name} | calculated | | {count / 1e6:.1f} "
                             f"| {number(count / wall)} | {number(count / cpu)} | |")
    return lines


def gate_section(gate):
    lines = ["\n## The numerical gate\n"]
    lines.append("Before anything was timed: one batch, the same weights and negatives, dropout off. "
                 "Relative\ndifference of the loss (limit 1e-6) and of the gradients (limit 1e-4, per "
                 "tensor, of its largest number).\n")
    lines.append("| workload | PyTorch | variant | sequences, lengths | loss | gradients |")
    lines.append("|---|---|---|---|---|---|")
    for line in gate:
        lengths = f"{line['sequences']}, {line['shortest']} to {line['longest']}"
        lines.append(f"| {line['workload']} | {line['python']} {line['torch']} | {line['variant']} "
                     f"| {lengths} | {line['loss_error']:.0e} | {line['gradient_error']:.0e} |")
    return lines


def machine_section(result):
    machine = result["machine"]
    lines = ["\n## Machine and method\n"]
    lines.append(f"- {machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} "
                 f"GiB, Linux {machine['kernel']}; instruction sets: {', '.join(machine['flags'])}")
    ours = result["workloads"][0]["contestants"][0]["pairs"][0]["ours"]
    lines.append(f"- {next(iter(ours.values()))['machine']}, measured {result['date']}")
    seen = {}
    for workload in result["workloads"]:
        for entry in workload["contestants"]:
            seen[entry["python"]] = entry["about"]
    for label, about in seen.items():
        config = about["torch_config"]
        blas = ", ".join(about["blas"]) or ("MKL" if "Math Kernel Library" in config else "built in")
        capability = next((line.strip(" -") for line in config.splitlines() if "capability" in line), "")
        lines.append(f"- \"{label}\": PyTorch {about['torch']}, Python {about['python']}, products by "
                     f"{blas}; {capability}")
    lines.append(f"- Ours, theirs, ours, theirs ...: {result['pairs']} pairs each, {result['seconds']:g} "
                 "seconds a measurement after warm-up, medians inside a measurement; a ratio is the "
                 "median over pairs, its range the smallest and the largest.")
    lines.append(f"- `OMP_WAIT_POLICY={result['omp_wait_policy']}` (passive: waiting threads leave the "
                 "cores to others), PyTorch's memory allocation as it comes; "
                 f"PyTorch ran with 1 and with {result['threads']} threads and the faster is compared.")
    return lines


def load_text(result):
    loads = [p["load"] for w in result["workloads"] for e in w["contestants"] for p in e["pairs"]]
    before = result["machine"]["load_before"]
    if before < 0.3:
        return f"The machine was idle before the run (load {before:.2f})."
    return (f"**The machine was busy** (load {before:.1f} before the run, up to {max(loads):.1f} in it): "
            "wall-clock figures are not to be trusted, those by CPU time are pessimistic for both.")


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description="Makes docs/performance.md.")
    parser.add_argument("results")
    parser.add_argument("networks", nargs="?")
    parser.add_argument("--frames")
    parser.add_argument("--beside", nargs="+", default=[])
    files = parser.parse_args()
    result = read(files.results)
    lines = [INTRODUCTION.rstrip(), "\n## Results"]
    for workload in result["workloads"]:
        lines += workload_section(workload, result["threads"])
    lines += quality_section(result)
    if files.networks:
        lines.append("\n" + networks_section(read(files.networks)))
    if files.frames:
        lines.append("\n" + frames_section(read(files.frames)))
    if files.beside:
        lines.append("\n" + beside_section([read(path) for path in files.beside]))
    lines += gate_section(result["gate"])
    lines += machine_section(result)
    lines.append(REPRODUCE.rstrip())
    lines.append(CAVEATS.format(load=load_text(result)).rstrip())
    print("\n".join(lines))


if __name__ == "__main__":
    main()
