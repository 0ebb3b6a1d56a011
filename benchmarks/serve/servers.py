# SPDX-License-Identifier: Apache-2.0
"""A server that is measured: started, asked by `truenext bench serve`, looked at through /proc."""
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * PAGE


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Server:
    """From the start of the process until it is ready; ended with the block."""

    def __init__(self, truenext, port, *words):
        self.log = tempfile.NamedTemporaryFile(mode="w")
        begin = time.monotonic()
        self.process = subprocess.Popen([truenext, "serve", "--listen", f"127.0.0.1:{port}", *map(str, words), "--set", "drain_grace_ms=0"],
                                        stderr=self.log)
        self.pid = self.process.pid
        self.url = self.find_url()
        while not self.is_ready():
            time.sleep(0.002)
        self.ready_after, self.ready_cpu = time.monotonic() - begin, processor_seconds(self.pid)

    def lines(self):
        with open(self.log.name) as file:
            return file.read().splitlines()

    def find_url(self):
        while self.process.poll() is None:
            for line in self.lines():
                if '"listening"' in line and line.endswith("}") and (url := json.loads(line)["url"]):
                    return url.rstrip("/")
            time.sleep(0.002)
        raise SystemExit("the server ended:\n" + "\n".join(self.lines()))

    def is_ready(self):
        try:
            return urllib.request.urlopen(self.url + "/health/ready", timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False

    def get_json(self, path):
        return json.load(urllib.request.urlopen(self.url + path, timeout=30))

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """The exit status of a drained server."""
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


def bench(truenext, server, data, *words):
    """The report of `truenext bench serve`."""
    done = subprocess.run([truenext, "bench", "serve", "--url", server.url, "--data", str(data), "--json", "--quiet", *map(str, words)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench serve: {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)
