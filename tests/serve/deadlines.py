# SPDX-License-Identifier: Apache-2.0
"""Deadlines are absolute and never lost: whatever a client sends meanwhile, in whatever pieces, and when it sends nothing."""
import select
import socket
import time

from serving import QUICK_END, Server, check, equal, finish, folder, make_run

LIMIT = 0.6  # seconds, of every phase
LATE = 0.6  # more than a deadline may be late on a busy machine
POST = b"POST /v1/recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


class Slow:
    """A client that begins a request and goes on sending pieces of it."""

    def __init__(self, server, begin, piece, every):
        self.socket = socket.create_connection((server.host, server.port), timeout=5)
        self.socket.sendall(begin)
        self.socket.setblocking(False)
        self.piece, self.every, self.unsent = piece, every, b""
        self.start = self.next = time.monotonic()
        self.answer, self.ended = b"", None

    def step(self, now):
        if self.ended is None and self.piece and now >= self.next:
            self.next = now + self.every
            self.unsent = self.unsent or self.piece
            try:
                self.unsent = self.unsent[self.socket.send(self.unsent):]
            except BlockingIOError:
                pass
            except OSError:
                self.ended = now

    def read(self, now):
        try:
            part = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self.answer += part
        if not part:
            self.ended = now
        elif self.answer and self.ended is None:  # it was told; it stops sending, like a client that listens
            self.ended = now

    def status(self):
        return int(self.answer.split(b" ", 2)[1]) if self.answer.startswith(b"HTTP/1.1 ") else 0


def drive(clients, seconds):
    """Until the server has told or ended all, at most so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (open_ := [each for each in clients if each.ended is None]):
        now = time.monotonic()
        for each in open_:
            each.step(now)
        for each in select.select([each.socket for each in open_ if each.ended is None], [], [], 0.001)[0]:
            next(client for client in open_ if client.socket is each).read(time.monotonic())
    for each in clients:
        each.socket.close()


def ended_in_time(name, clients, status):
    drive(clients, LIMIT + 4)
    open_ = sum(each.ended is None for each in clients)
    equal(f"{name}: none stays open", open_, 0)
    spent = [each.ended - each.start for each in clients if each.ended is not None]
    check(f"{name}: by an absolute deadline", max(spent, default=0) < LIMIT + LATE, max(spent, default=0))
    check(f"{name}: not before it", min(spent, default=9) > LIMIT - 0.1, min(spent, default=0))
    equal(f"{name}: what is said", {each.status() for each in clients}, {status})


with folder() as where:
    run = make_run(where)
    milliseconds = int(1000 * LIMIT)
    with Server(run, *QUICK_END, "--set", f"header_ms={milliseconds}", "--set", f"body_ms={milliseconds}", "--set",
                f"idle_ms={milliseconds}", "--set", "max_body_bytes=50000000", "--set", "max_header_bytes=100000") as server:
        length = POST + b"Content-Length: 40000000\r\n\r\n"
        chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n"
        cases = {"headers byte by byte": (GET + b"X: ", b"a", 0.002, 408),
                 "headers line by line": (GET, b"X: 1\r\n", 0.002, 408),
                 "headers in pieces of a read": (GET + b"X: ", b"a" * 4096, 0.05, 408),
                 "bodies byte by byte": (length, b" ", 0.002, 408),
                 "bodies in pieces of a read": (length, b" " * 4096, 0.002, 408),
                 "bodies in larger pieces": (length, b" " * 65536, 0.005, 408),
                 "chunks byte by byte": (chunked, b"1\r\n \r\n", 0.002, 408),
                 "chunks without a pause": (chunked, b"1\r\n \r\n" * 20000, 0, 408),
                 "headers that stop": (GET, b"", 1, 408),
                 "bodies that stop": (length, b"", 1, 408),
                 "idle from the beginning": (b"", b"", 1, 0)}
        for name, (begin, piece, every, status) in cases.items():
            ended_in_time(name, [Slow(server, begin, piece, every) for _ in range(16)], status)

        # Idle after an answer: the deadline begins anew with each.
        own = socket.create_connection((server.host, server.port), timeout=LIMIT + 3)
        for _ in range(3):
            own.sendall(GET + b"\r\n")
            check("an answer", own.recv(65536).startswith(b"HTTP/1.1 200"))
            time.sleep(LIMIT * 0.6)
        own.sendall(GET + b"\r\n")
        check("a connection in use stays", own.recv(65536).startswith(b"HTTP/1.1 200"))
        start = time.monotonic()
        equal("an idle one is ended without a word", own.recv(65536), b"")
        check("when its time is over", LIMIT - 0.1 < time.monotonic() - start < LIMIT + LATE, time.monotonic() - start)
        equal("others are answered", server.get("/health/live")[0], 200)
        own = server.connect()
        equal("and what is whole in time is", [server.post("/v1/recommend", {"history": ["1"]}, connection=own)[0] for _ in range(3)], [200] * 3)
finish()
