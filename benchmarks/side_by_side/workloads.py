# SPDX-License-Identifier: Apache-2.0
"""What is compared, and how our side of it is run."""

import dataclasses
import json
import subprocess


@dataclasses.dataclass
class Workload:
    name: str
    title: str
    data: str  # label of a --data option
    preset: str
    settings: list
    variants: list
    unit: str = "positions"
    benchmark: str = "train-step"
    gate_batch: int = 128  # users in the batch of the numerical gate
    published_batch: int = 128  # users per step of the published way, where memory is short

    def batch_size(self, variant):
        return self.published_batch if variant == "published" else 128

    def arguments(self):
        """Configuration of ours."""
        return ["--preset", self.preset] + [f"--set={setting}" for setting in self.settings]


SMALL = ["model.hidden_size=64", "model.max_length=50"]
TRAINED = ["published", "tuned", "packed", "compiled"]

WORKLOADS = [
    Workload(
        "gsasrec-ml1m", "gSASRec on ML-1M: d = 128, L = 200, 2 blocks, 256 negatives, gBCE",
        "ml1m", "gsasrec", ["model.dropout=0.5", "train.window=newest"], TRAINED, gate_batch=16,
        published_batch=32,
    ),
    Workload(
        "sasrec-video", "SASRec on Amazon Video Games: d = 64, L = 50, 2 blocks, 1 negative, BCE",
        "video", "sasrec", SMALL, TRAINED + ["sorted"],
    ),
    Workload(
        "ce-beauty", "SASRec with full cross-entropy on Beauty: RecBole's block (2 heads, inner "
        "size 256), d = 64, L = 50, 2 blocks", "beauty", "sasrec-ce",
        SMALL + ["model.block=post-norm", "model.positions=from-start", "model.num_heads=2",
                 "model.dropout=0.5", "train.window=newest"],
        TRAINED + ["sorted"],
    ),
    Workload(
        "evaluate-ml1m", "Ranking the whole catalogue for all test users of ML-1M with that gSASRec",
        "ml1m", "gsasrec", [], ["published", "tuned"], unit="users", benchmark="evaluate",
    ),
]


def check_output(command):
    """Standard output of a command; its standard error is shown when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nfailed:\n{done.stderr.strip()}")
    return done.stdout


class Ours:
    """`truenext bench` on one workload."""

    def __init__(self, truenext, workload, data, model, seconds):
        self.command = [truenext, "bench", workload.benchmark, "--data", data, "--json", "--quiet"]
        self.command += workload.arguments() + (["--model", model] if model else [])
        self.unit = workload.unit
        self.steps = {}
        self.seconds = seconds

    def measure(self, threads):
        """Rates and memory over about `seconds` of repeats."""
        if threads not in self.steps:
            step = self.run(threads, 3)["seconds"]
            self.steps[threads] = int(min(200, max(3, self.seconds / step)))
        return self.run(threads, self.steps[threads])

    def run(self, threads, steps):
        report = json.loads(
            check_output(self.command + ["--threads", str(threads), "--steps", str(steps)])
        )
        report["per_second"] = report[f"{self.unit}_per_second"]
        report["per_cpu_second"] = report[f"{self.unit}_per_cpu_second"]
        return report
