# SPDX-License-Identifier: Apache-2.0
"""See soak.sh."""
import argparse
import os
import pathlib
import shutil
import tempfile
import threading
import time
import urllib.request

from models import command, make_model
from processes import open_descriptors, processor_seconds, resident_bytes
from servers import Server, bench

MIB = 1 << 20
NOISE = 4 * MIB  # what the allocator may keep or give back in a short soak
WARM_UP = 1 / 3  # of the time
# Before the clock: a model is loaded by threads of its own, and the allocator keeps a heap for each of some threads, which the
# first reloads fill one after the other (23 to 51 MiB in six reloads, and no byte more in sixty).
FIRST_RELOADS = 16


def slope(points):
    """Of the straight line through (x, y) with the least squares."""
    x0, y0 = (sum(column) / len(points) for column in zip(*points))
    return sum((x - x0) * (y - y0) for x, y in points) / sum((x - x0) ** 2 for x, _ in points)


class Soak:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        run, self.data = make_model(options.truenext, options.folder, 30_000, users=2000, events=120)
        other = pathlib.Path(options.folder) / "run-other"
        if not (other / "model.safetensors").exists():
            command(options.truenext, "train", "--preset", "sasrec", "--data", self.data, "--run", other, "--seed", 2, "--overwrite", "--quiet",
                    "--set", "model.hidden_size=64", "--set", "model.tie_embeddings=true", "--set", "train.epochs=1")
        self.models = [run / "model.safetensors", other / "model.safetensors"]
        self.served = folder / "model.safetensors"
        self.failures, self.reports, self.points, self.reloads = [], [], [], 0

    def replace_model(self):
        shutil.copy(self.models[self.reloads % 2], self.folder / "new")
        os.replace(self.folder / "new", self.served)

    def load(self, server, *words):
        try:
            self.reports.append(bench(self.options.truenext, server, self.data, "--seconds", self.options.seconds, *words))
        except SystemExit as error:  # of this thread alone
            self.failures.append(str(error).strip())

    def reload(self, server):
        """What is measured is measured before: while it loads a server has one model more."""
        self.points.append((time.monotonic(), resident_bytes(server.pid), open_descriptors(server.pid)))
        self.reloads += 1
        self.replace_model()
        request = urllib.request.Request(server.url + "/v1/models/main/reload", data=b"", method="POST")
        try:
            urllib.request.urlopen(request, timeout=60).read()
        except OSError as error:
            self.failures.append(f"reload {self.reloads}: {error}")

    def run(self):
        self.replace_model()
        with Server(self.options.truenext, 0, "--listen", "0.0.0.0:0", "--insecure-no-keys", "--events", self.folder / "events.db",
                    self.served) as server:
            for _ in range(FIRST_RELOADS):
                self.reload(server)
            self.points.clear()
            begin = time.monotonic()
            loads = [threading.Thread(target=self.load, args=(server, "--rate", self.options.rate, "--connections", 32)),
                     threading.Thread(target=self.load, args=(server, "--ask", "events", "--rate", 50, "--connections", 4))]
            for thread in loads:
                thread.start()
            while time.monotonic() + self.options.every < begin + self.options.seconds:
                time.sleep(self.options.every)
                self.reload(server)
            for thread in loads:
                thread.join()
            spent = time.monotonic() - begin
            cpu = processor_seconds(server.pid)
            if (status := server.stop()) != 0:
                self.failures.append(f"the server ended with {status}")
            self.judge(begin, spent, cpu, server.lines())

    def judge(self, begin, spent, cpu, lines):
        statuses = {}
        for report in self.reports:
            for key in (key for key in report if key.startswith("status_")):
                statuses[key] = statuses.get(key, 0) + report[key]
        if set(statuses) != {"status_200"}:
            self.failures.append(f"answers: {statuses}")
        warnings = sum('"warning"' in line for line in lines)
        if warnings < int(spent / 60) + 1:
            self.failures.append(f"{warnings} warnings of --insecure-no-keys in {spent:.0f} s, want one a minute")
        warm = [point for point in self.points if point[0] - begin > WARM_UP * spent]
        if len(warm) < 3:
            self.failures.append("too short: want three reloads after the first third")
            return self.tell(f"{statuses}")
        growth = slope([(at, memory) for at, memory, _ in warm])
        limit = MIB / 3600 if spent >= 3600 else NOISE / spent  # less than an hour tells a large leak only
        if growth > limit:
            self.failures.append(f"memory grows by {3600 * growth / MIB:.1f} MiB an hour")
        descriptors = [point[2] for point in warm]
        if max(descriptors) - min(descriptors) > 4:  # connections of reloads and probes come and go
            self.failures.append(f"descriptors: {descriptors}")
        self.tell(f"{statuses}, {self.reloads} reloads, {cpu:.1f} s of CPU in {spent:.0f} s, memory {warm[0][1] / MIB:.1f} to {warm[-1][1] / MIB:.1f} MiB "
                  f"({3600 * growth / MIB:+.2f} MiB an hour, at most {3600 * limit / MIB:.0f}), descriptors {min(descriptors)} to {max(descriptors)}, "
                  f"{warnings} warnings")
        return None

    def tell(self, text):
        print(text)
        for failure in self.failures:
            print(f"FAILED: {failure}")
        raise SystemExit(1 if self.failures else 0)


def main():
    build = pathlib.Path(__file__).resolve().parents[2] / "build"
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=int)
    parser.add_argument("--every", type=float, default=300, help="seconds between reloads")
    parser.add_argument("--rate", type=int, default=500, help="lists a second")
    parser.add_argument("--truenext", default=str(build / "truenext"))
    parser.add_argument("--folder", default=str(build / "acceptance"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="truenext-soak-") as folder:
        Soak(options, pathlib.Path(folder)).run()


if __name__ == "__main__":
    main()
