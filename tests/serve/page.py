# SPDX-License-Identifier: Apache-2.0
"""The page in headless Chromium, driven over its debugging protocol by the standard library. Skipped where there is no
Chromium. TRUENEXT_SCREENSHOTS=FOLDER keeps pictures. axe-core looks for what shuts people out, if TRUENEXT_AXE is its
axe.min.js or TRUENEXT_PYTHON has the package axe-playwright-python, which carries it."""
import base64
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request

from serving import QUICK_END, Server, check, equal, finish, folder, make_run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    print("skipped: no Chromium here")
    sys.exit(77)
HOSTILE = '"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


class Tab:
    """A page of a browser: a WebSocket (RFC 6455) that speaks JSON."""

    def __init__(self, where):
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
             f"--user-data-dir={where}/chromium", "about:blank"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        port_file, deadline = f"{where}/chromium/DevToolsActivePort", time.time() + 60
        while not (os.path.exists(port_file) and os.path.getsize(port_file)) and time.time() < deadline:
            time.sleep(0.05)
        port = int(open(port_file).read().split()[0])
        tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
        path = next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"].split(str(port), 1)[1]
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.input = self.socket.makefile("rb")
        while self.input.readline().strip():
            pass
        self.number, self.events = 0, []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def send(self, text):
        data = text.encode()
        size = struct.pack(">BH", 0xFE, len(data)) if 125 < len(data) < 65536 else struct.pack(">B", 0x80 | len(data)) \
            if len(data) < 126 else struct.pack(">BQ", 0xFF, len(data))
        self.socket.sendall(b"\x81" + size + b"\0\0\0\0" + data)  # a mask of zeros

    def receive(self):
        text = b""
        while True:
            head, size = self.input.read(2)
            size &= 0x7F
            size = struct.unpack(">H", self.input.read(2))[0] if size == 126 else struct.unpack(">Q", self.input.read(8))[0] if size == 127 else size
            text += self.input.read(size)
            if head & 0x80:
                return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        self.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                return message.get("result", message)
            self.events.append(message)

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    def until(self, name, script, seconds=15):
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self.run(script):
                return check(name, True)
            time.sleep(0.05)
        check(name, False, self.run("document.body.innerText"))

    def key(self, name, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, text="\r" if name == "Enter" else "")

    def picture(self, name):
        if place := os.environ.get("TRUENEXT_SCREENSHOTS"):
            with open(os.path.join(place, name + ".png"), "wb") as file:
                file.write(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]))


def axe_script():
    """The text of axe-core, or none."""
    path = os.environ.get("TRUENEXT_AXE")
    if path is None and (python := os.environ.get("TRUENEXT_PYTHON")):
        found = subprocess.run([python, "-c", "import importlib.util as u; print(u.find_spec('axe_playwright_python').submodule_search_locations[0])"],
                               capture_output=True, text=True, check=False)
        path = f"{found.stdout.strip()}/axe.min.js" if found.returncode == 0 else None
    if path is None:
        print("without axe-core: neither TRUENEXT_AXE nor its package in TRUENEXT_PYTHON")
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_access(name, tab, axe):
    """Nothing that axe-core knows, of any weight: WCAG and good practice."""
    if axe is not None:
        tab.run(axe)
        told = tab.run("axe.run(document).then(r => JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => "
                       "[v.impact, v.id, v.nodes.map(n => n.html + ' ' + n.failureSummary)])}))")
        result = json.loads(told)
        check(f"axe-core looks at {name}", result["passes"] >= 10, result["passes"])
        equal(f"axe-core finds nothing in {name}", result["violations"], [])


LIST = "[...document.querySelectorAll('#list > li')].map(e => e.innerText).join('|')"

axe = axe_script()
with folder() as where:
    run = make_run(where)
    with open(f"{where}/items.jsonl", "w") as file:
        for item in range(1, 41):
            title = HOSTILE if item == 3 else "Donaudampfschifffahrtsgesellschaftskapitaen " * 3 if item == 4 else f"Film {item}"
            file.write(json.dumps({"item": str(item), "title": title, "popularity": 100 - item}) + "\n")
    with Server(run, "--items", f"{where}/items.jsonl", *QUICK_END) as server:
        tab = Tab(where)
        try:
            tab.call("Emulation.setDeviceMetricsOverride", width=1200, height=900, deviceScaleFactor=1, mobile=False)
            tab.call("Page.navigate", url=f"http://{server.address}/")
            tab.until("items are found", "document.querySelectorAll('#found button').length >= 10")
            equal("popular ones first", tab.run("document.querySelector('#found button').textContent"), "Film 1")
            seen = set()
            for number in range(3):
                before = tab.run(LIST)
                tab.run(f"document.querySelectorAll('#found button')[{number}].click()")
                tab.until(f"the list follows item {number + 1}", f"({LIST}) !== {json.dumps(before)} && document.querySelectorAll('#list > li').length === 10")
                seen.add(tab.run(LIST))
            equal("three lists", len(seen), 3)
            equal("chips", tab.run("document.querySelectorAll('#history > li').length"), 3)
            equal("a hostile title stays text", tab.run("document.querySelectorAll('#history span')[2].textContent"), HOSTILE)
            equal("and runs nothing", tab.run("window.hacked === undefined && document.images.length === 0"), True)
            tab.picture("light")

            # The keyboard alone: from the search to an item, Enter adds it.
            tab.run("document.getElementById('search').focus()")
            tab.key("Tab", 9)
            equal("Tab goes to the first item", tab.run("document.activeElement.textContent"), "Film 1")
            tab.key("Enter", 13)
            tab.until("Enter takes it", "document.querySelectorAll('#history > li').length === 4")
            tab.run("document.querySelector('#history button[aria-label^=remove]').click()")
            tab.until("a chip goes", "document.querySelectorAll('#history > li').length === 3")
            tab.run("document.querySelector('#history button[aria-label^=later]').click()")
            tab.until("chips move", f"document.querySelectorAll('#history span')[1].textContent === {json.dumps('Film 2')}")
            tab.run("document.getElementById('why').click()")
            tab.until("explanations", "document.querySelectorAll('#list .quiet').length > 0")
            equal("the request can be copied", tab.run("document.getElementById('curl').textContent.startsWith('curl http://127.0.0.1')"), True)
            equal("the list tells screen readers", tab.run("document.getElementById('list').getAttribute('aria-live')"), "polite")
            equal("every field has a name", tab.run("[...document.querySelectorAll('input, select')].every(e => e.labels.length > 0)"), True)

            check_access("the light page", tab, axe)

            tab.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
            tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
            tab.run("document.querySelectorAll('#found button')[3].click()")
            tab.until("a long title is shown", "document.body.innerText.includes('Donaudampf')")
            equal("360 pixels need no sideways scrolling", tab.run("document.documentElement.scrollWidth <= 360"), True)
            equal("dark", tab.run("getComputedStyle(document.body).backgroundColor"), "rgb(23, 24, 26)")
            contrast = """(() => {
              const light = (c) => { const v = c.match(/[0-9]+/g).slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
              const paper = light(getComputedStyle(document.body).backgroundColor);
              return Math.min(...[...document.querySelectorAll('h1, p, a, button, label, .quiet, .rank')].map(e => { const ink = light(getComputedStyle(e).color); return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05); }));
            })()"""
            check("contrast in the dark", tab.run(contrast) >= 4.5, tab.run(contrast))
            check_access("the dark, narrow page", tab, axe)
            tab.picture("dark-360")
            tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
            check("contrast in the light", tab.run(contrast) >= 4.5, tab.run(contrast))
            told = [e for e in tab.events if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
                    and e["params"].get("entry", {}).get("level") != "verbose"]
            equal("no error, no report of the policy", told, [])
            hosts = {e["params"]["request"]["url"].split("/")[2] for e in tab.events if e.get("method") == "Network.requestWillBeSent"
                     and e["params"]["request"]["url"].startswith("http")}
            equal("nothing leaves the page", hosts, {server.address})
        finally:
            tab.process.terminate()
            tab.process.wait()
finish()
