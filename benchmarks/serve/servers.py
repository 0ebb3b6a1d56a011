# SPDX-License-Identifier: Apache-2.0
"""A server that is measured: started, asked by `truenext bench serve`, ended with the block."""
import json
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from processes import Process, processor_seconds


class Server(Process):
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

    def stop(self):
        """The exit status of a drained server."""
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __exit__(self, *_):
        self.kill()
        self.log.close()


def bench(truenext, server, data, *words):
    """The report of `truenext bench serve`."""
    done = subprocess.run([truenext, "bench", "serve", "--url", server.url, "--data", str(data), "--json", "--quiet", *map(str, words)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench serve: {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)
