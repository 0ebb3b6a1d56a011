# SPDX-License-Identifier: Apache-2.0
"""Helpers of the end-to-end tests of `truenext serve`: the standard library alone."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "serve"))
from processes import Process  # noqa: E402

TRUENEXT = sys.argv[1]
SANITIZERS = ("WARNING: ThreadSanitizer", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:")
failures = []
passed = 0


def check(name, ok, detail=""):
    """Counts; a test goes on after what fails, so that one run tells everything."""
    global passed
    if ok:
        passed += 1
    else:
        failures.append(name)
        print(f"FAILED: {name} {detail}", flush=True)


def equal(name, got, want):
    check(name, got == want, f"\n  got  {got!r}\n  want {want!r}")


def finish():
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


def command(*words, text="", ok=True):
    done = subprocess.run([TRUENEXT, *map(str, words)], input=text, capture_output=True, text=True)
    if ok and done.returncode != 0:
        raise RuntimeError(f"truenext {' '.join(map(str, words))}: {done.returncode}\n{done.stderr}")
    return done


def make_run(folder, items=40, seed=1, name="run", data="data", log="log.csv"):
    """A small trained run in `folder`, with the dataset that it is of."""
    folder = pathlib.Path(folder)
    if not (folder / data).exists():
        command("simulate", "--users", 200, "--items", items, "--interests", 4, "--events", 12, "--out", folder / log)
        command("prepare", folder / log, "--out", folder / data)
    command("train", "--preset", "sasrec", "--data", folder / data, "--run", folder / name, "--seed", seed,
            "--set", "model.hidden_size=8", "--set", "train.epochs=1", "--quiet")
    return folder / name


class Server(Process):
    """A server on a free port of the loopback."""

    def __init__(self, *words, listen=("127.0.0.1:0",), preexec=None, environment=None, descriptors=()):
        options = []
        for address in listen:
            options += ["--listen", address]
        self.lines = []
        self.addresses = []
        self.process = subprocess.Popen([TRUENEXT, "serve", *map(str, words), *options], stderr=subprocess.PIPE,
                                        text=True, preexec_fn=preexec, pass_fds=descriptors, env={**os.environ, **(environment or {})})
        self.listening = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        deadline = time.time() + 30
        while len(self.addresses) < len(listen) and self.process.poll() is None and time.time() < deadline:
            time.sleep(0.005)
        if len(self.addresses) < len(listen):
            self.process.kill()
            self.reader.join()
            raise RuntimeError("no server: " + "".join(self.lines))
        self.address = self.addresses[0]
        host, _, port = self.address.rpartition(":")
        self.host, self.port = host.strip("[]"), int(port) if port.isdigit() else 0

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if '"listening"' in line:
                self.addresses.append(json.loads(line)["address"])

    def connect(self, timeout=20):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """Status, JSON or text, headers."""
        own = connection or self.connect()
        data = None if body is None else json.dumps(body).encode() if not isinstance(body, (bytes, str)) else body
        sent = dict(headers or {})
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        own.request(method, path, data, sent)
        answer = own.getresponse()
        content = answer.read()
        if connection is None:
            own.close()
        kind = answer.getheader("Content-Type", "")
        value = json.loads(content) if content and "json" in kind and "jsonl" not in kind else content.decode()
        return answer.status, value, answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body, **more):
        return self.ask("POST", path, body, **more)

    def raw(self, data, timeout=5.0, close=True):
        """Everything that comes back for these bytes."""
        with socket.create_connection((self.host, self.port), timeout=timeout) as connection:
            answer = b""
            try:
                connection.sendall(data)
                if close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:  # the server has ended it already
                pass
            try:
                while part := connection.recv(65536):
                    answer += part
            except OSError:
                pass
            return answer

    def wait_for_log(self, text, seconds=20):
        deadline = time.time() + seconds
        while time.time() < deadline:
            if any(text in line for line in list(self.lines)):
                return True
            time.sleep(0.01)
        return False

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        self.reader.join()
        return status

    def __exit__(self, *_):
        self.kill()
        self.reader.join()
        check("no sanitizer complains", not any(report in line for line in self.lines for report in SANITIZERS), "".join(self.lines))


QUICK_END = ("--set", "drain_grace_ms=0")


def folder():
    return tempfile.TemporaryDirectory(prefix="truenext-serve-")
