# SPDX-License-Identifier: Apache-2.0
"""Answers over HTTP are those of `recommend --json`, bit for bit: alone, in batches, from many clients at once, while
models are reloaded."""
import json
import random
import signal
import struct
import threading

from serving import QUICK_END, Server, check, command, equal, finish, folder, make_run

HISTORIES = 1000
CLIENTS = 64


def expected(run, histories, *options):
    lines = "".join(",".join(history) + "\n" for history in histories)
    out = command("recommend", run, "--stdin", "--json", "-k", 7, *options, text=lines).stdout
    return [[(i["item"], i["score"]) for i in json.loads(line)["items"]] for line in out.splitlines()]


def items_of(answer):
    return [(i["item"], i["score"]) for i in answer["items"]]


def single(score):
    """`similar` writes the shortest text of the float, the server that of the double of the same value."""
    return struct.pack("f", score)


with folder() as where:
    run = make_run(where)
    make_run(where, seed=2, name="other")
    known = [line.split(",")[1] for line in open(f"{where}/log.csv").read().splitlines()[1:]]
    random.seed(5)
    histories = [random.sample(known, random.randint(1, 30)) for _ in range(HISTORIES)]
    want = expected(run, histories)

    with Server(run, "--threads", 2, *QUICK_END) as server:
        connection = server.connect()
        wrong = 0
        for history, items in zip(histories, want):
            status, answer, _ = server.post("/v1/recommend", {"history": history, "k": 7}, connection=connection)
            wrong += status != 200 or items_of(answer) != items
        equal("alone, one connection", wrong, 0)

        status, answer, _ = server.post("/v1/recommend/batch", {
            "defaults": {"k": 7}, "requests": [{"history": history} for history in histories]})
        equal("a batch succeeds", status, 200)
        equal("in a batch", [items_of(each) for each in answer["responses"]], want)

        failed = []

        def client(number):
            own = server.connect()
            for at in range(number, HISTORIES, CLIENTS):
                status, answer, _ = server.post("/v1/recommend", {"history": histories[at], "k": 7}, connection=own)
                if status != 200 or items_of(answer) != want[at]:
                    failed.append((at, status))

        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for _ in range(5):  # the same file: the bits stay
            server.signal(signal.SIGHUP)
        for thread in threads:
            thread.join()
        equal("64 clients while the model is reloaded", failed, [])

        status, answer, _ = server.post("/v1/recommend", {"history": histories[0], "k": 7, "exclude_seen": False})
        equal("with what was seen", items_of(answer), expected(run, histories[:1], "--include-seen")[0])
        banned = [item for item, _ in want[0][:2]]
        status, answer, _ = server.post("/v1/recommend", {"history": histories[0], "k": 7, "exclude": banned})
        equal("without some", items_of(answer), expected(run, histories[:1], "--exclude", ",".join(banned))[0])
        allowed = sorted(set(known))[:9]
        status, answer, _ = server.post("/v1/recommend", {"history": histories[0], "k": 7, "allow": allowed})
        equal("only some", items_of(answer), expected(run, histories[:1], "--allow", ",".join(allowed))[0])
        status, answer, _ = server.post("/v1/recommend", {"history": histories[0], "candidates": allowed})
        equal("all candidates come back", sorted(i["item"] for i in answer["items"]), allowed)

        lines = command("similar", run, "--item", known[0], "--json", "-k", 4).stdout.splitlines()
        similar = [(each["similar"], single(each["score"])) for each in map(json.loads, lines)]
        status, answer, _ = server.get(f"/v1/items/{known[0]}/similar?k=4")
        equal("similar", [(item, single(score)) for item, score in items_of(answer)], similar)

        tensor = {"name": "history", "datatype": "BYTES", "shape": [2, 30],
                  "data": [history + [""] * (30 - len(history)) for history in histories[:2]]}
        status, answer, _ = server.post("/v2/models/main/infer", {"parameters": {"k": 7}, "inputs": [tensor]})
        equal("the inference protocol", list(zip(answer["outputs"][0]["data"], answer["outputs"][1]["data"])),
              want[0] + want[1])
        body = json.dumps({"inputs": [tensor]}).encode()
        equal("its clients name no type", [server.raw(b"POST /v2/models/main/infer HTTP/1.1\r\nHost: localhost\r\n" + kind + b"Content-Length: %d\r\n\r\n"
                                                      % len(body) + body)[9:12] for kind in (b"", b"Content-Type: text/plain\r\n")], [b"200", b"400"])

        # Another file under the same path: reloaded by request, wanted by the numbers of its own run.
        before = server.get("/v1/models/main")[1]["version"]
        (run / "model.safetensors").write_bytes(open(f"{where}/other/model.safetensors", "rb").read())
        status, answer, _ = server.ask("POST", "/v1/models/main/reload")
        equal("reload", (status, answer.get("before")), (200, before))
        check("another version", answer.get("version") != before)
        status, answer, _ = server.post("/v1/recommend", {"history": histories[0], "k": 7})
        equal("the new model answers", items_of(answer), expected(run, histories[:1])[0])
        status, answer, _ = server.ask("POST", "/v1/models/main/rollback")
        equal("rollback", (status, answer.get("version")), (200, before))
        status, answer, _ = server.post("/v1/recommend", {"history": histories[0], "k": 7})
        equal("the old model answers again", items_of(answer), want[0])
        equal("SIGTERM is success", server.stop(), 0)
finish()
