# SPDX-License-Identifier: Apache-2.0
"""The event store: idempotent, forgetting, durable (kill -9 during appends, TRUENEXT_KILLS times, 12 without), a full
disk, a store that may not be written; and the loop serve, prepare, train --init-from, reload."""
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import threading
import time

from serving import QUICK_END, TRUENEXT, Server, check, command, equal, finish, folder, make_run


def event(user, item, **more):
    return {"user": user, "item": item, **more}


def users(where, run):
    path = f"{where}/events.db"
    equal("no store", status_without_store(run), 404)
    with Server(run, "--events", path, *QUICK_END) as server:
        own = server.connect()
        status, value, _ = server.post("/v1/events", {"events": [
            event("u", "1", time="2026-11-26T17:00:00Z", id="e1"), event("u", "2", time=1795712400000 + 5000),
            event("u", "3", time="2026-11-26T16:00:00+00:00", kind="click"), event("u", "4", kind="shown"),
            event("u", "1", time="2026-11-26T17:00:00Z", id="e1"), event("w", 7)]}, connection=own)
        equal("events and a duplicate", (status, value), (200, {"accepted": 5, "duplicates": 1}))
        value = server.get("/v1/users/u/events", connection=own)[1]
        equal("newest first, late ones in their place", [each["item"] for each in value["events"]], ["4", "2", "1", "3"])
        equal("times", value["events"][2]["time"], "2026-11-26T17:00:00.000Z")
        expected = command("recommend", run, "--history", "3,1,2", "--json", "-k", 5).stdout
        value = server.get("/v1/users/u/recommend?k=5", connection=own)[1]
        equal("a stored user is asked with the history, without what was shown",
              [(i["item"], i["score"]) for i in value["items"]], [(i["item"], i["score"]) for i in json.loads(expected)["items"]])
        value = server.post("/v1/users/u/recommend", {"append": ["9"], "k": 40, "exclude_shown": "1h"}, connection=own)[1]
        check("what was shown does not come back", "4" not in [i["item"] for i in value["items"]])
        equal("the session goes on top", value["history"]["given"], 4)
        body = {"events": [event("v", "1")]}
        first = server.post("/v1/events", body, headers={"Idempotency-Key": "k"}, connection=own)
        again = server.post("/v1/events", body, headers={"Idempotency-Key": "k"}, connection=own)
        equal("the same key, the same answer", first[:2], again[:2])
        equal("and nothing twice", len(server.get("/v1/users/v/events", connection=own)[1]["events"]), 1)
        status, value, _ = server.post("/v1/events", {"events": [event("v", "2")]}, headers={"Idempotency-Key": "k"}, connection=own)
        equal("another body", status, 409)
        status, value, _ = server.post("/v1/events", {"events": [event("v", "3"), event("", "3", time="then")]}, connection=own)
        equal("all or nothing", (status, sorted(each["pointer"] for each in value["errors"])), (400, ["/events/1/time", "/events/1/user"]))
        lines = [json.loads(line) for line in server.get("/v1/admin/events.jsonl", connection=own)[1].splitlines()]
        equal("the export", len(lines), 6)
        server.post("/v1/events", {"events": [event("u", "secret-item")]}, connection=own)
        check("what is stored is in the bytes", any(b"secret-item" in open(path + end, "rb").read() for end in ("", "-wal")))
        equal("forget", server.ask("DELETE", "/v1/users/u", connection=own)[0], 204)
        equal("forget somebody unknown", server.ask("DELETE", "/v1/users/nobody", connection=own)[0], 204)
        equal("nothing is left", server.get("/v1/users/u/events", connection=own)[1]["events"], [])
        check("nor in the bytes", all(b"secret-item" not in open(path + end, "rb").read() for end in ("", "-wal")))
        refused = command("serve", run, "--events", path, "--listen", "127.0.0.1:0", ok=False)
        check("one server at a time", refused.returncode == 2 and "another process" in refused.stderr, refused.stderr)
        equal("no shared memory beside it", os.path.exists(path + "-shm"), False)
        refused = command("prepare", path, "--out", f"{where}/x", ok=False)
        check("prepare says who has it", refused.returncode == 2 and "another process" in refused.stderr, refused.stderr)
        equal("SIGTERM is success", server.stop(), 0)
    sqlite3.connect(f"{where}/foreign.db").execute("create table t(x)").connection.close()
    for words, text in ((("serve", run, "--listen", "127.0.0.1:0", "--events"), "no event store"), (("prepare", "--out", f"{where}/x"), "an SQLite database")):
        refused = command(*words, f"{where}/foreign.db", ok=False)
        check("a database of somebody else", refused.returncode == 2 and text in refused.stderr, refused.stderr)
    with open(f"{where}/cut.db", "wb") as file:
        file.write(open(path, "rb").read()[:5000])
    refused = command("serve", run, "--events", f"{where}/cut.db", "--listen", "127.0.0.1:0", ok=False)
    check("a damaged store", refused.returncode == 2 and "cut.db" in refused.stderr, refused.stderr)


def status_without_store(run):
    with Server(run, *QUICK_END) as server:
        return server.get("/v1/users/u/events")[0]


def kills(where, run):
    """What was acknowledged is there, whenever the server dies."""
    path, acknowledged, number = f"{where}/kill.db", set(), 0
    random.seed(3)
    for _ in range(int(os.environ.get("TRUENEXT_KILLS", "12"))):
        with Server(run, "--events", path, *QUICK_END, "--set", "keep_events=1000000") as server:
            def client(begin):
                own = server.connect()
                for at in range(begin, begin + 100000):
                    try:
                        status, _, _ = server.post("/v1/events", {"events": [event(f"u{at % 7}", "1", id=str(at))]}, connection=own)
                    except Exception:  # the server is gone
                        return
                    if status == 200:
                        acknowledged.add(str(at))

            threads = [threading.Thread(target=client, args=(number + 100000 * i,)) for i in range(3)]
            number += 300000
            for thread in threads:
                thread.start()
            threading.Event().wait(random.uniform(0.02, 0.1))
            server.signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
    with open(path, "rb") as file:
        equal("the file itself says whose it is", file.read(72)[68:], b"true")
    connection = sqlite3.connect(path)
    stored = {row[0].decode() for row in connection.execute("select event_id from events")}
    equal("the store is sound", connection.execute("pragma integrity_check").fetchone()[0], "ok")
    connection.close()
    check("something was acknowledged", len(acknowledged) > 20, len(acknowledged))
    equal("nothing acknowledged is lost", len(acknowledged - stored), 0)


def full_disk(where, run):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 10 ** 8))

    with Server(run, "--events", f"{where}/full.db", *QUICK_END, "--set", "store_required=true", preexec=limit) as server:
        statuses = []
        for at in range(60):
            events = [event(f"user {at} {i} " + "x" * 100, "1") for i in range(50)]
            statuses.append(server.post("/v1/events", {"events": events})[0])
            if statuses[-1] != 200:
                break
        equal("a full disk", statuses[-1], 503)
        equal("lists go on", server.post("/v1/recommend", {"history": ["1"]})[0], 200)
        equal("not ready where the store is required", server.get("/health/ready")[0], 503)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (10 ** 8, 10 ** 8))
        deadline = time.time() + 10
        while server.get("/health/ready")[0] != 200 and time.time() < deadline:
            time.sleep(0.1)
        equal("ready again when there is room, though nobody wrote", server.get("/health/ready")[0], 200)
        equal("what was stored can be read", len(server.get("/v1/users/user%200%200%20" + "x" * 100 + "/events")[1]["events"]), 1)


def read_only(where, run):
    """As a user that may not write, which root always may."""
    def become_nobody():
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)

    def as_nobody(*words):
        return subprocess.run([TRUENEXT, *map(str, words)], capture_output=True, text=True, check=False, preexec_fn=become_nobody)

    refused = command("serve", run, "--events", f"{where}/nowhere/e.db", "--listen", "127.0.0.1:0", ok=False)
    check("no folder for the store", refused.returncode == 2 and "nowhere: no such folder" in refused.stderr, refused.stderr)
    place, own = f"{where}/read only? 100%", f"{where}/anybody"
    os.chmod(where, 0o755)
    os.mkdir(place)
    os.mkdir(own)
    os.chmod(own, 0o777)
    path = f"{place}/events.db"
    with Server(run, "--events", path, *QUICK_END) as server:
        server.post("/v1/events", {"events": [event("u", item, time=int(item)) for item in "12345"]})
        server.stop()
    with open(f"{place}/no.db-wal", "w") as file:
        file.write("log")
    for name in (path, f"{place}/no.db"):
        open(name, "a").close()
        os.chmod(name, 0o444)
    os.chmod(place, 0o555)
    try:
        if as_nobody("--version").returncode != 0:
            print("another user cannot start the command here: what it may not write is not tested")
            return
        for name in ("events.db", "new.db"):
            ended = as_nobody("serve", run, "--events", f"{place}/{name}", "--listen", "127.0.0.1:0")
            check(f"{name}: no server without a place to write", ended.returncode == 2 and "may not write the event store" in ended.stderr, ended.stderr)
        ended = as_nobody("prepare", path, "--out", f"{own}/data", "--min-user-events", 1)
        check("prepare reads what it may not write", ended.returncode == 0, ended.stderr)
        equal("all of it", json.loads(command("describe", f"{own}/data", "--json").stdout)["events"], 5)
        ended = as_nobody("prepare", f"{place}/no.db", "--format", "truenext-events", "--out", f"{own}/other")
        check("but not past a log", ended.returncode == 2 and "copy both" in ended.stderr, ended.stderr)
    finally:
        os.chmod(place, 0o755)


def loop(where, run):
    """What was served trains the next model."""
    path = f"{where}/loop.db"
    rows = [line.split(",") for line in open(f"{where}/log.csv").read().splitlines()[1:]]
    with Server(run, "--events", path, *QUICK_END) as server:
        own = server.connect()
        for begin in range(0, len(rows), 1000):
            events = [event(user, item, time=int(time) * 1000) for user, item, time in rows[begin:begin + 1000]]
            equal("events arrive", server.post("/v1/events", {"events": events}, connection=own)[0], 200)
        server.post("/v1/events", {"events": [event(rows[0][0], "9", kind="shown")]}, connection=own)
        server.stop()
    prepared = json.loads(command("prepare", path, "--out", f"{where}/served", "--json").stdout)
    check("prepare names the format", "truenext-events" in json.dumps(prepared), prepared)
    count = [json.loads(command("describe", f"{where}/{name}", "--json").stdout) for name in ("data", "served")]
    for name in ("users", "items", "events"):
        equal(f"the same {name} as in the log", count[1].get(name), count[0].get(name))
        check(f"{name} are counted", count[0].get(name))
    command("train", "--preset", "sasrec", "--data", f"{where}/served", "--run", f"{where}/next", "--set", "model.hidden_size=8",
            "--set", "train.epochs=1", "--set", f"train.init_from={run}", "--quiet")
    with Server(run, "--events", path, *QUICK_END) as server:
        before = server.get("/v1/models/main")[1]["version"]
        os.replace(f"{where}/next/model.safetensors", run / "model.safetensors")
        server.signal(signal.SIGHUP)
        check("the next model is loaded", server.wait_for_log('"model main", "result": "ok"'), server.lines)
        check("and answers", server.get(f"/v1/users/{rows[0][0]}/recommend")[1]["model"]["version"] != before)


with folder() as where:
    run = make_run(where)
    users(where, run)
    kills(where, run)
    full_disk(where, run)
    read_only(where, run)
    loop(where, run)
finish()
