# SPDX-License-Identifier: Apache-2.0
"""`truenext bench serve`: what it asks, what it counts, and a server that is asked for more than it can answer."""
import json
import os

from serving import QUICK_END, Server, check, command, equal, finish, folder, make_run
from processes import PeakMemory  # serving knows where


def bench(server, data, *words, ok=True):
    done = command("bench", "serve", "--url", f"http://{server.address}", "--data", data, "--json", "--quiet", *words, ok=ok)
    return json.loads(done.stdout) if done.returncode == 0 else done


def asks(server, data):
    for words in (["--ask", "live"], ["--ask", "events"], ["--ask", "recommend"], ["--fields", '{"explain": "leave-one-out", "k": 3}']):
        report = bench(server, data, "--rate", 0, "--seconds", 0.5, "--connections", 4, *words)
        check(f"{words}: answers", report["status_200"] > 10 and report["answers_per_second"] > 0, report)
        check(f"{words}: times", 0 < report["p50_seconds"] <= report["p99_seconds"], report)
        check(f"{words}: what the server takes", report["server_cpu_seconds"] >= 0 and report["server_memory_bytes"] > 1e6, report)
        check(f"{words}: nothing is refused", not any(key.startswith("refused") for key in report), report)
    report = bench(server, data, "--rate", 50, "--seconds", 1, "--connections", 4)
    check("fixed times", 40 <= report["status_200"] <= 51, report["status_200"])
    report = bench(server, data, "--fields", '{"k": -1}', "--rate", 0, "--seconds", 0.2)
    check("refusals are counted", report.get("status_400", 0) > 0 and "status_200" not in report, report)
    equal("no JSON", bench(server, data, "--fields", "k", ok=False).returncode, 1)
    equal("fields of nothing", bench(server, data, "--ask", "live", "--fields", '{"k": 1}', ok=False).returncode, 1)
    equal("an unknown word", bench(server, data, "--ask", "all", ok=False).returncode, 1)


def overload(run, data, name, *limits):
    """Three times what one thread can do: what fits is answered, the rest hears 503 at once, be it that the queue is full or
    that what waits would take longer than a request has time."""
    with Server(run, "--threads", 1, *limits, "--set", "max_batch=1", *QUICK_END) as server:
        fields = ["--fields", '{"explain": "leave-one-out", "explain_items": 20, "k": 250}']  # dear enough that asking is cheaper
        bench(server, data, "--rate", 0, "--seconds", 0.5, "--connections", 4, *fields)
        alone = bench(server, data, "--rate", 0, "--seconds", 1.5, "--connections", 4, *fields)
        capacity = alone["answers_per_second"]
        with PeakMemory(server.process.pid) as memory:
            report = bench(server, data, "--rate", 3 * capacity, "--seconds", 3, "--connections", 128, *fields)
        after = bench(server, data, "--rate", 0, "--seconds", 0.3, "--connections", 1, *fields)
        check(f"{name}: answers and 503, nothing else",
              {key for key in report if key.startswith("status_")} == {"status_200", "status_503"}, report)
        # A machine that does other things, too, has no steady capacity: benchmarks/serve asks for 80 %.
        check(f"{name}: goodput", report["answers_per_second"] > 0.25 * capacity, (report["answers_per_second"], capacity))
        check(f"{name}: 503 at once", report["refused_p50_seconds"] < 0.5 * report["p50_seconds"] and report["refused_p50_seconds"] < 0.02, report)
        check(f"{name}: answers within the timeout", report["p99_seconds"] < 1 + 4 * alone["p99_seconds"], report)
        check(f"{name}: memory is bounded", memory.grown < 32 << 20, memory.grown)
        check(f"{name}: and then all is as before", "status_503" not in after and after["p50_seconds"] < 2 * alone["p50_seconds"] + 0.02, (alone, after))


with folder() as where:
    run = make_run(where, items=300)
    data = run.parent / "data"
    with Server(run, "--events", os.path.join(where, "events.db"), *QUICK_END) as server:
        asks(server, data)
    overload(run, data, "a short queue", "--set", "queue=8")
    overload(run, data, "a short time", "--set", "timeout_ms=100")
finish()
