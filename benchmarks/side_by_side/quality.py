# SPDX-License-Identifier: Apache-2.0
"""How long truenext trains until the test part is ranked as well as asked for."""

import json
import os
import pathlib
import signal
import subprocess
import time

from workloads import check_output

PRESETS = {"gsasrec": "gsasrec-ml1m", "sasrec-ce": None}  # to the workload that timed PyTorch


def cpu_seconds(process):
    """Processor time of a process that still runs."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Training:
    """One run of `truenext train`, held while its best model is judged on the test part; neither the
    judging nor the wait for it counts."""

    def __init__(self, truenext, preset, data, folder, threads):
        self.truenext = truenext
        self.preset = preset
        self.folder = pathlib.Path(folder)
        self.judging = 0
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [truenext, "train", "--quiet", "--preset", preset, "--data", data, "--run", str(folder),
             "--threads", str(threads)])

    def lines(self):
        """Lines of the run's log as they appear, until the run ends."""
        path = self.folder / "metrics.jsonl"
        position = 0
        ended = False
        while not ended:
            ended = self.process.poll() is not None  # what it wrote last is still read
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            whole = text[position:text.rfind("\n") + 1]
            position += len(whole)
            yield from (json.loads(line) for line in whole.splitlines())
            time.sleep(0.1)

    def judge(self):
        self.process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        report = json.loads(check_output([self.truenext, "evaluate", str(self.folder), "--json",
                                          "--quiet", "--no-baselines", "--metrics", "ndcg@10"]))
        self.judging += time.monotonic() - begin
        self.process.send_signal(signal.SIGCONT)
        return report["metrics"]["ndcg@10"]["mean"]

    def until(self, target, say):
        """What it took until the test part reached `target`, or None."""
        positions = 0
        try:
            for line in self.lines():
                if "loss" in line:  # both counted from the start of the run
                    positions = round(line["positions_per_second"] * line["seconds"])
                if line.get("valid", {}).get("ndcg@10", 0) < target:
                    continue
                if line["best_epoch"] != line["epoch"]:
                    continue
                # The clock first: what is measured ended before the line was seen.
                wall, cpu = time.monotonic() - self.begin - self.judging, cpu_seconds(self.process)
                test = self.judge()
                say(f"{self.preset}: epoch {line['epoch']}, NDCG@10 {test:.4f} after {wall:.0f} s")
                if test >= target:
                    return {"epoch": line["epoch"], "positions": positions, "seconds": wall,
                            "cpu_seconds": cpu, "ndcg@10": test}
            return None
        finally:
            if self.process.poll() is None:
                self.process.terminate()
            self.process.wait()


def time_to_quality(truenext, data, folder, threads, target, say):
    """A record for the report per preset."""
    records = []
    for preset, workload in PRESETS.items():
        training = Training(truenext, preset, data, os.path.join(folder, f"to-quality-{preset}"), threads)
        reached = training.until(target, say)
        if not reached:
            raise SystemExit(f"{preset} did not reach NDCG@10 = {target} on {data}")
        records.append({"preset": preset, "workload": workload, "threads": threads,
                        "target": target, **reached})
    return records
