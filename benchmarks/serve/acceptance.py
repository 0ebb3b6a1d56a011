# SPDX-License-Identifier: Apache-2.0
"""The rows of acceptance.sh. Each prints what it found as soon as it is known; all together end as a table."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

from models import make_items, make_model
from processes import PeakMemory, processor_seconds, resident_bytes
from servers import Server, bench

SMALL, LARGE = 30_000, 1_000_000
MIB = 1 << 20


class Table:
    def __init__(self):
        self.rows = []

    def add(self, case, found, must, met):
        self.rows.append((case, found, must, "yes" if met else "NO"))
        print(f"{'ok ' if met else 'NOT'} {case}: {found} (must: {must})", flush=True)

    def text(self):
        lines = ["| case | found | must | met |", "|---|---|---|---|"]
        return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in self.rows])


def us(seconds):
    return f"{1e6 * seconds:.0f} us"


def ms(seconds):
    return f"{1e3 * seconds:.2f} ms"


class Rows:
    def __init__(self, options, table):
        self.options, self.table, self.truenext = options, table, options.truenext
        self.seconds = options.seconds
        self.small, self.small_data = make_model(self.truenext, options.folder, SMALL, users=2000, events=120)
        self.large, self.large_data = make_model(self.truenext, options.folder, LARGE, users=1000, events=1000)

    def server(self, *words):
        return Server(self.truenext, self.options.port, *words)

    def load(self, server, data, *words, seconds=None):
        return bench(self.truenext, server, data, "--seconds", seconds or self.seconds, *words)

    def live(self):
        with self.server(self.small) as server:
            if shutil.which("wrk"):
                before = processor_seconds(server.pid)
                out = subprocess.run(["wrk", "-t1", "-c64", f"-d{self.seconds}s", server.url + "/health/live"], capture_output=True, text=True).stdout
                count = int(out.split(" requests in")[0].split()[-1])
                each, rate = (processor_seconds(server.pid) - before) / count, count / self.seconds
            else:
                report = self.load(server, self.small_data, "--ask", "live", "--rate", 0, "--connections", 64)
                each, rate = report["server_cpu_seconds"], report["answers_per_second"]
        self.table.add("GET /health/live, 64 connections", f"{us(each)} of CPU, {rate:.0f}/s", "25 us, 20,000/s", each <= 25e-6 and rate >= 20_000)

    def alone(self):
        out = subprocess.run([self.truenext, "bench", "recommend", "--data", self.small_data, "--model", self.small, "--threads", "1", "--json",
                              "--quiet", "--steps", "3000"], capture_output=True, text=True, check=True).stdout
        bare = json.loads(out)["cpu_seconds"]
        with self.server(self.small, "--threads", 1) as server:
            report = self.load(server, self.small_data, "--rate", 0, "--connections", 1)
        each, p50 = report["server_cpu_seconds"], report["p50_seconds"]
        self.table.add("a list of 30,000 items, one at a time", f"{us(each)} of CPU, p50 {ms(p50)}",
                       f"bench recommend {us(bare)} + 60 us, p50 1 ms", each <= bare + 60e-6 and p50 < 1e-3)

    def closed(self):
        with self.server(self.small) as server:
            report = self.load(server, self.small_data, "--rate", 0, "--connections", 64)
        with self.server(self.small, "--set", "max_batch=1") as server:
            single = self.load(server, self.small_data, "--rate", 0, "--connections", 64)
        rate, gain = report["answers_per_second"], report["answers_per_second"] / single["answers_per_second"]
        self.table.add("the same, closed loop, 64 connections", f"{rate:.0f}/s, {us(report['server_cpu_seconds'])} of CPU, {gain:.2f} times without batches",
                       "5,000/s, not below 1", rate >= 5000 and gain >= 1)

    def open(self):
        with self.server(self.small) as server:
            report = self.load(server, self.small_data, "--rate", 1000, "--connections", 64, seconds=6 * self.seconds)
        p99, p999 = report["p99_seconds"], report["p99.9_seconds"]
        errors = sum(value for key, value in report.items() if key.startswith("status_") and key != "status_200")
        self.table.add(f"the same, open loop, 1,000/s for {6 * self.seconds} s", f"p99 {ms(p99)}, p99.9 {ms(p999)}, {errors} errors",
                       "5 ms, 20 ms, none", p99 < 5e-3 and p999 < 20e-3 and errors == 0)

    def explained(self):
        with self.server(self.small) as server:
            report = self.load(server, self.small_data, "--rate", 0, "--connections", 1, "--fields", '{"explain": "leave-one-out"}')
        self.table.add("leave-one-out of 20 positions, 30,000 items", f"p50 {ms(report['p50_seconds'])}", "5 ms", report["p50_seconds"] < 5e-3)

    def million(self):
        items = make_items(self.options.folder, LARGE)
        with self.server(self.large, "--items", items) as server:
            alone = self.load(server, self.large_data, "--rate", 0, "--connections", 1)
            few = self.load(server, self.large_data, "--rate", 0, "--connections", 1, "--fields", '{"filter": {"all": ["few"]}}')
            closed = self.load(server, self.large_data, "--rate", 0, "--connections", 64)
            fixed = self.load(server, self.large_data, "--rate", 200, "--connections", 64)
        each, filtered = alone["server_cpu_seconds"], few["server_cpu_seconds"]
        self.table.add("1,000,000 items, one at a time", f"{ms(each)} of CPU", "3.2 ms", each <= 3.2e-3)
        self.table.add("the same, closed loop, 64 connections", f"{closed['answers_per_second']:.0f}/s, {ms(closed['server_cpu_seconds'])} of CPU",
                       "500/s", closed["answers_per_second"] >= 500)
        self.table.add("the same, open loop, 200/s", f"p99 {ms(fixed['p99_seconds'])}", "20 ms", fixed["p99_seconds"] < 20e-3)
        self.table.add("a filter that leaves 1 % of them", f"{ms(filtered)} of CPU", f"without: {ms(each)} (+5 %)", filtered <= 1.05 * each)

    def start(self):
        with self.server(self.large) as server:
            model = server.get_json("/v1/models/main")
            memory, most, seconds, cpu = resident_bytes(server.pid), model["memory_bytes"] + 60 * MIB, server.ready_after, server.ready_cpu
        self.table.add("start to ready, 1,000,000 items x 64", f"{seconds:.2f} s ({cpu:.2f} s of CPU)", "1.5 s", seconds < 1.5)
        self.table.add("memory, 1,000,000 items x 64", f"{memory / MIB:.0f} MiB", f"file, compact table, 60 MiB: {most / MIB:.0f} MiB", memory <= most)

    def overload(self):
        for name, words in (("a queue of 64", ["--set", "queue=64"]), ("the default queue", [])):
            with self.server(self.large, *words) as server:
                self.load(server, self.large_data, "--rate", 0, "--connections", 64, seconds=2)
                capacity = self.load(server, self.large_data, "--rate", 0, "--connections", 64)["answers_per_second"]
                with PeakMemory(server.pid) as memory:
                    report = self.load(server, self.large_data, "--rate", 3 * capacity, "--connections", 1000, seconds=3 * self.seconds)
                after = self.load(server, self.large_data, "--rate", 0, "--connections", 1, seconds=1)
            goodput, grown = report["answers_per_second"] / capacity, memory.grown / MIB
            told, p99 = report.get("refused_p99_seconds", float("nan")), report["p99_seconds"]
            others = {key: value for key, value in report.items() if key.startswith("status_") and key not in ("status_200", "status_503")}
            self.table.add(f"overload, 3 times capacity ({capacity:.0f}/s), {name}",
                           f"goodput {100 * goodput:.0f} %, 503 in p99 {ms(told)}, answers p99 {ms(p99)}, memory +{grown:.0f} MiB, "
                           f"{others or 'no other status'}, a second later p99 {ms(after['p99_seconds'])}",
                           "80 %, 5 ms, 1,000 ms, 32 MiB, recovered in 1 s",
                           goodput >= 0.8 and told < 5e-3 and p99 <= 1 and grown <= 32 and not others and "status_503" not in after)

    def events(self):
        with tempfile.TemporaryDirectory(dir=self.options.folder) as folder, self.server(self.small, "--events", f"{folder}/events.db") as server:
            report = self.load(server, self.small_data, "--ask", "events", "--rate", 0, "--connections", 64)
            reads = {}
            reader = threading.Thread(target=lambda: reads.update(self.load(server, self.small_data, "--rate", 1000, "--connections", 32)))
            reader.start()
            self.load(server, self.small_data, "--ask", "events", "--rate", 1000, "--connections", 32)
            reader.join()
        rate, p99, other = report["answers_per_second"], report["p99_seconds"], reads["p99_seconds"]
        self.table.add("events on disk, 64 writers", f"{rate:.0f}/s, p99 {ms(p99)}", "5,000/s, 50 ms", rate >= 5000 and p99 < 50e-3)
        self.table.add("lists beside events, 1,000/s each", f"p99 {ms(other)}", "10 ms", other < 10e-3)

    def help(self):
        libraries = subprocess.run(["ldd", self.truenext], capture_output=True, text=True).stdout
        loaded = [name for name in ("ssl", "crypto", "sqlite", "prometheus", "truenext_serve") if f"lib{name}" in libraries]
        before = os.times()
        for _ in range(20):
            subprocess.run([self.truenext, "--help"], capture_output=True, check=True)
        after = os.times()
        spent = (after.children_user + after.children_system - before.children_user - before.children_system) / 20
        self.table.add("truenext --help", f"{ms(spent)} of CPU; libraries of the server: {', '.join(loaded) or 'none'}", "none", not loaded)


ROWS = ("live", "alone", "closed", "open", "million", "explained", "overload", "events", "start", "help")


def main():
    build = pathlib.Path(__file__).resolve().parents[2] / "build"
    parser = argparse.ArgumentParser()
    parser.add_argument("--truenext", default=str(build / "truenext"))
    parser.add_argument("--folder", default=str(build / "acceptance"))
    parser.add_argument("--seconds", type=int, default=10, help="of a row; the open loop takes six times as long, overload three")
    parser.add_argument("--only", default="", help=f"rows whose name holds this: {', '.join(ROWS)}")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    table = Table()
    rows = Rows(options, table)
    load = os.getloadavg()[0]
    for name in ROWS:
        if options.only in name:
            getattr(rows, name)()
    print(f"\nload {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}\n")
    print(table.text())


if __name__ == "__main__":
    main()
