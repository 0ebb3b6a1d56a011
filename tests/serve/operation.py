# SPDX-License-Identifier: Apache-2.0
"""Keys, reloads, several models, overload, drain, configuration."""
import json
import os
import shutil
import signal
import socket
import threading
import time

from serving import QUICK_END, Server, check, command, equal, finish, folder, make_run


def new_key(role, *options):
    out = command("serve", "--new-key", role, "--role", role, *options).stdout.splitlines()
    return out[0].split(": ")[1], out[2]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def metric(server, name, key=None):
    text = server.get("/metrics", headers=bearer(key) if key else None)[1]
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def keys(where, run):
    made = {role: new_key(role) for role in ("read", "write", "admin")}
    made["slow"] = new_key("read", "--rate", "2/s")
    lines = [made[role][1] for role in ("read", "write", "admin")] + [made["slow"][1].replace("read", "slow", 1)]
    path = os.path.join(where, "keys.txt")
    with open(path, "w") as file:
        file.write("# keys\n" + "\n".join(lines) + "\nold read sha256:" + "0" * 64 + " expires=2020-01-01\n")
    refused = command("serve", run, "--keys", path, "--listen", "127.0.0.1:0", ok=False)
    check("keys that others can read are refused", refused.returncode == 2 and "chmod 600" in refused.stderr, refused.stderr)
    os.chmod(path, 0o600)
    refused = command("serve", run, "--listen", "0.0.0.0:0", ok=False)
    check("beyond loopback only with keys", refused.returncode == 1 and "--keys" in refused.stderr, refused.stderr)
    with Server(run, "--keys", path, *QUICK_END) as server:
        equal("live needs no key", server.get("/health/live")[0], 200)
        status, value, answer = server.get("/v1/models")
        equal("no key", (status, answer.getheader("WWW-Authenticate")), (401, 'Bearer realm="truenext"'))
        equal("an unknown key", server.get("/v1/models", headers=bearer("tnk_x"))[0], 401)
        equal("read", server.get("/v1/models", headers=bearer(made["read"][0]))[0], 200)
        equal("read may not reload", server.ask("POST", "/v1/models/main/reload", headers=bearer(made["read"][0]))[0], 403)
        equal("admin may", server.ask("POST", "/v1/models/main/reload", headers=bearer(made["admin"][0]))[0], 200)
        equal("paths are for admins", ["path" in server.get("/v1/models/main", headers=bearer(made[r][0]))[1] for r in ("read", "admin")],
              [False, True])
        equal("a model by its name is for admins", [server.post("/v1/recommend", {"history": [], "model": "main"}, headers=bearer(made[r][0]))[0]
                                                    for r in ("read", "admin")], [403, 200])
        guesses(server, made["read"][0])
        rates = [server.get("/v1/models", headers=bearer(made["slow"][0]))[0] for _ in range(4)]
        check("a rate", rates[:2] == [200, 200] and 429 in rates, rates)
        with open(path, "a") as file:
            file.write("broken\n")
        server.signal(signal.SIGHUP)
        check("a wrong key file is told", server.wait_for_log('"keys", "result": "refused"'), server.lines)
        equal("and the keys stay", server.get("/v1/models", headers=bearer(made["read"][0]))[0], 200)
        check("no key is logged", not any("tnk_" in line for line in server.lines))


def guesses(server, good):
    """Answers to wrong keys are held back, nobody else's are, and not without bound."""
    wrong = bearer("tnk_" + "A" * 43)
    counter = 'truenext_http_rejected_total{reason="key"}'
    before = metric(server, counter, good)
    start = time.monotonic()
    equal("a wrong key", server.get("/v1/models", headers=wrong)[0], 401)
    check("its answer comes late", 0.1 <= time.monotonic() - start < 1, time.monotonic() - start)
    start = time.monotonic()
    equal("no key is no guess", server.get("/v1/models")[0], 401)
    check("and answered at once", time.monotonic() - start < 0.1, time.monotonic() - start)
    own = server.connect()
    equal("a right key", server.get("/v1/models", headers=bearer(good), connection=own)[0], 200)
    request = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + wrong["Authorization"].encode() + b"\r\n\r\n"
    many = [socket.create_connection((server.host, server.port), timeout=10) for _ in range(400)]
    for connection in many:
        connection.sendall(request)
    start = time.monotonic()
    equal("a right key meanwhile", server.get("/v1/models", headers=bearer(good), connection=own)[0], 200)
    check("does not wait for guesses", time.monotonic() - start < 0.1, time.monotonic() - start)
    answers = [connection.recv(65536) for connection in many]
    equal("all guesses are answered", {answer.split(b" ")[1] for answer in answers}, {b"401"})
    check("those beyond the bound lose their connections", any(b"Connection: close" in answer for answer in answers))
    check("the others keep them", any(b"Connection: keep-alive" in answer for answer in answers))
    for connection in many:
        connection.close()
    equal("guesses are counted", metric(server, counter, good) - before, 401)


def reloads(where, run):
    model = run / "model.safetensors"
    good = model.read_bytes()
    (run / "model.safetensors").write_bytes(good)
    with Server(run, "--threads", 2, *QUICK_END) as server:
        version = server.get("/v1/models/main")[1]["version"]
        broken = {"no model": b"nonsense", "a cut model": good[: len(good) // 2], "an empty file": b"",
                  "not finite": good.replace(good[-64:], b"\xff\xff\xff\x7f" * 16)}
        for name, data in broken.items():
            model.write_bytes(data)  # over the file that is served: it was copied
            status, value, _ = server.ask("POST", "/v1/models/main/reload")
            check(f"{name} is refused", status == 422 and value["type"].endswith("reload-refused"), (status, value))
            equal(f"{name}: the old one answers", server.post("/v1/recommend", {"history": ["1"]})[1]["model"]["version"], version)
        shutil.rmtree(os.path.join(where, "foreign"), ignore_errors=True)
        command("simulate", "--users", 60, "--items", 30, "--out", f"{where}/foreign.csv")
        text = open(f"{where}/foreign.csv").read().splitlines()
        with open(f"{where}/foreign.csv", "w") as file:
            file.write("\n".join([text[0]] + ["{},x{},{}".format(*line.split(",")) for line in text[1:]]) + "\n")
        command("prepare", f"{where}/foreign.csv", "--out", f"{where}/foreign")
        other = make_run(where, name="foreign-run", data="foreign")
        model.write_bytes((other / "model.safetensors").read_bytes())
        status, value, _ = server.ask("POST", "/v1/models/main/reload")
        check("other items are refused", status == 422 and "shared items" in value["detail"], value)
        equal("unless forced", server.ask("POST", "/v1/models/main/reload?force=true")[0], 200)
        model.write_bytes(good)
        equal("and back", server.ask("POST", "/v1/models/main/reload?force=true")[0], 200)

        stop, failed, versions = threading.Event(), [], set()

        def client():
            own = server.connect()
            while not stop.is_set():
                status, value, _ = server.post("/v1/recommend", {"history": ["1", "2"]}, connection=own)
                if status != 200:
                    failed.append(status)
                versions.add(value["model"]["version"])

        threads = [threading.Thread(target=client) for _ in range(4)]
        for thread in threads:
            thread.start()
        second = make_run(where, seed=9, name="second")
        for data in ((second / "model.safetensors").read_bytes(), good) * 3:
            (run / "new").write_bytes(data)
            os.replace(run / "new", model)
            equal("a reload under load", server.ask("POST", "/v1/models/main/reload")[0], 200)
        stop.set()
        for thread in threads:
            thread.join()
        equal("no request fails", failed, [])
        equal("both versions were seen", len(versions), 2)
        check("reloads are counted", metric(server, 'truenext_model_reloads_total{model="main",result="ok"}') >= 8)


def several(where, run):
    other = make_run(where, seed=4, name="b")
    config = f"{where}/serve.toml"
    with open(config, "w") as file:
        file.write(f'drain_grace_ms = 0\n[[model]]\nname = "a"\npath = "{run}"\nweight = 90\n'
                   f'[[model]]\nname = "b"\npath = "{other}"\nweight = 10\n[shadow]\nmodel = "b"\nshare = 1.0\n')
    equal("a configuration is checked", command("serve", "--config", config, "--check-config").returncode, 0)
    refused = command("serve", "--config", config, "--set", "quue=1", ok=False)
    check("unknown keys are refused with the nearest", refused.returncode == 1 and "queue" in refused.stderr, refused.stderr)
    with Server("--config", config) as server:
        own = server.connect()

        def model_of(unit):
            return server.post("/v1/recommend", {"history": ["1"], "unit": unit}, connection=own)[1]["model"]

        first = [model_of(f"u{i}")["name"] for i in range(300)]
        equal("sticky", [model_of(f"u{i}")["name"] for i in range(300)], first)
        check("by weight", 10 <= first.count("b") <= 60, first.count("b"))
        status, value, _ = server.ask("PUT", "/v1/traffic", {"weights": {"a": 80, "b": 20}})
        equal("weights change", (status, value["weights"]), (200, {"a": 80, "b": 20}))
        second = [model_of(f"u{i}")["name"] for i in range(300)]
        moved = sum(x != y for x, y in zip(first, second))
        check("few units move, and one way", moved <= 60 and not any(x == "b" and y == "a" for x, y in zip(first, second)), moved)
        equal("units are sticky, others not", (model_of("u")["sticky"],
              server.post("/v1/recommend", {"history": ["1"]}, connection=own)[1]["model"]["sticky"]), (True, False))
        equal("wrong weights", server.ask("PUT", "/v1/traffic", {"weights": {"a": 0, "b": 0}})[0], 400)
        deadline = time.time() + 5
        while metric(server, "truenext_shadow_overlap_count") == 0 and time.time() < deadline:
            time.sleep(0.05)
        check("the shadow is compared", metric(server, "truenext_shadow_overlap_count") > 0)


def overload(run):
    with Server(run, "--threads", 1, "--set", "queue=2", "--set", "drain_grace_ms=300") as server:
        answers = []

        def client():
            own = server.connect()
            for _ in range(40):
                status, _, answer = server.post("/v1/recommend", {"history": ["1", "2"]}, connection=own)
                answers.append((status, answer.getheader("Retry-After")))

        threads = [threading.Thread(target=client) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = {status for status, _ in answers}
        equal("answers and 503", statuses, {200, 503})
        check("503 says when to come again", all(after == "1" for status, after in answers if status == 503))
        equal("afterwards it answers", server.post("/v1/recommend", {"history": ["1"]})[0], 200)
        status, value, _ = server.post("/v1/recommend", {"history": ["1"]}, headers={"Truenext-Timeout-Ms": "0"})
        equal("a timeout that is none", status, 400)
        requests = [{"history": ["1"]}] * 50
        value = server.post("/v1/recommend/batch", {"requests": requests})[1]
        equal("a batch waits for half of a queue", [each.get("method") for each in value["responses"]], ["model"] * 50)

        own = server.connect()
        server.get("/health/live", connection=own)
        server.signal(signal.SIGTERM)
        check("draining", server.wait_for_log('"draining"'))
        equal("ready says no", server.get("/health/ready")[0], 503)
        status, _, answer = server.post("/v1/recommend", {"history": ["1"]}, connection=own)
        equal("late requests are answered and the connection ends", (status, answer.getheader("Connection")), (200, "close"))
        equal("a drained end is success", server.stop(), 0)


with folder() as where:
    run = make_run(where)
    keys(where, run)
    reloads(where, run)
    several(where, run)
    overload(run)
finish()
