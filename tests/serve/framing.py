# SPDX-License-Identifier: Apache-2.0
"""Raw bytes: what must be refused before any byte of a body is read, what is allowed all the same, deadlines, limits."""
import json
import os
import socket
import tempfile
import time

from serving import QUICK_END, Server, check, equal, finish, folder, make_run

HOST = b"Host: localhost\r\n"
BODY = b'{"history":[]}'


def post(headers, body=BODY, version=b"1.1", target=b"/v1/recommend"):
    return b"POST " + target + b" HTTP/" + version + b"\r\nContent-Type: application/json\r\n" + headers + b"\r\n" + body


def chunked(body=BODY, extension=b""):
    return b"%x" % len(body) + extension + b"\r\n" + body + b"\r\n0\r\n\r\n"


LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
# name, bytes, status (0 = closed without an answer is fine, too), whether the connection ends
TABLE = [
    ("a plain request", post(HOST + LENGTH), 200, False),
    ("chunks", post(HOST + CHUNKED, chunked()), 200, False),
    ("a folded header", post(HOST + b"X-A: 1\r\n  2\r\n" + LENGTH), 200, False),
    ("gzip, then a length", post(HOST + b"Transfer-Encoding: gzip\r\n" + LENGTH), 400, True),
    ("a length, then gzip", post(HOST + LENGTH + b"Transfer-Encoding: gzip\r\n"), 400, True),
    ("chunked and a length", post(HOST + CHUNKED + LENGTH, chunked()), 400, True),
    ("a length and chunked", post(HOST + LENGTH + CHUNKED, chunked()), 400, True),
    ("gzip, chunked", post(HOST + b"Transfer-Encoding: gzip, chunked\r\n", chunked()), 400, True),
    ("chunked twice", post(HOST + CHUNKED + CHUNKED, chunked()), 400, True),
    ("chunks in HTTP/1.0", post(HOST + CHUNKED, chunked(), b"1.0"), 400, True),
    ("two lengths", post(HOST + LENGTH + LENGTH), 400, True),
    ("a length that is no number", post(HOST + b"Content-Length: 1x\r\n"), 400, True),
    ("a negative length", post(HOST + b"Content-Length: -1\r\n"), 400, True),
    ("no host", post(LENGTH), 400, True),
    ("two hosts", post(HOST + HOST + LENGTH), 400, True),
    ("an empty host", post(b"Host:\r\n" + LENGTH), 400, True),
    ("a host that is none", post(b"Host: a b\r\n" + LENGTH), 400, True),
    ("another host", post(b"Host: evil.example\r\n" + LENGTH), 403, True),
    ("an origin of somebody else", post(HOST + b"Origin: http://evil.example\r\n" + LENGTH), 403, True),
    ("no host in HTTP/1.0", b"GET /health/live HTTP/1.0\r\n\r\n", 200, True),
    ("a bare line feed", b"GET /health/live HTTP/1.1\nHost: localhost\n\n", 0, True),
    ("a blank before the colon", b"GET /health/live HTTP/1.1\r\nHost : localhost\r\n\r\n", 400, True),
    ("a control byte in a chunk extension", post(HOST + CHUNKED, chunked(extension=b";a=\x01")), 400, True),
    ("a chunk size that overflows", post(HOST + CHUNKED, b"fffffffffffffffff\r\n"), 400, True),
    ("a chunk size of -2", post(HOST + CHUNKED, b"-2\r\n"), 400, True),
    ("a zero byte in the target", b"GET /v1/items/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400, True),
    ("half an escape", b"GET /v1/items/%4 HTTP/1.1\r\n" + HOST + b"\r\n", 400, True),
    ("no UTF-8", b"GET /v1/items/%ff HTTP/1.1\r\n" + HOST + b"\r\n", 400, True),
    ("absolute form", b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", 400, True),
    ("asterisk form", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400, True),
    ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", 400, True),
    ("a long target", b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, True),
    ("a long header", b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, True),
    ("a version of the future", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 0, True),
    ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0, True),
    ("binary tensors", post(HOST + LENGTH + b"Inference-Header-Content-Length: 3\r\n"), 400, True),
    ("no media type", b"POST /v1/recommend HTTP/1.1\r\n" + HOST + LENGTH + b"\r\n" + BODY, 415, True),
]


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def stays_open(server, data):
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(data)
        first = connection.recv(65536)
        while b"\r\n\r\n" not in first:
            first += connection.recv(65536)
        return b"Connection: keep-alive" in first


with folder() as where:
    run = make_run(where)
    path = os.path.join(tempfile.mkdtemp(dir=where), "socket")
    with Server(run, *QUICK_END, "--set", "header_ms=700", "--set", "body_ms=700", "--set", "write_ms=700", "--set",
                "max_connections=1200", listen=("127.0.0.1:0", f"unix:{path}", "[::1]:0")) as server:
        for name, data, want, ends in TABLE:
            answer = server.raw(data)
            status = status_of(answer)
            check(name, status == want or (want == 0 and status in (0, 400, 505)), f"{status} instead of {want}: {answer[:200]}")
            if want == 200 and not ends:
                check(f"{name}: the connection stays", stays_open(server, data))
            if want >= 400:
                check(f"{name}: the connection ends", b"Connection: close" in answer, answer[:200])
                check(f"{name}: a problem document", b"urn:truenext:problem:" in answer, answer[:300])

        answer = server.raw(post(HOST + LENGTH) * 3)
        equal("three requests at once are three answers", answer.count(b"HTTP/1.1 200 OK"), 3)
        with socket.create_connection((server.host, server.port), timeout=5) as connection:
            connection.sendall(post(HOST + LENGTH + b"Expect: 100-continue\r\n", b""))
            check("100-continue", connection.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n\r\n"))
            connection.sendall(BODY)
            check("the answer behind it", connection.recv(65536).startswith(b"HTTP/1.1 200"))
        began = time.time()
        answer = server.raw(post(HOST + b"Content-Length: 1048577\r\n", b""), close=False)
        equal("a byte too much is refused", status_of(answer), 413)
        check("before it is read", time.time() - began < 2, time.time() - began)
        answer = server.raw(post(HOST + CHUNKED, b"200000\r\n" + b" " * 0x120000), timeout=5)
        check("too much in chunks", status_of(answer) in (0, 413), answer[:100])

        def slowly(begin, piece, seconds=4):
            """Seconds until the server ends the connection, and what it said."""
            with socket.create_connection((server.host, server.port), timeout=0.1) as connection:
                connection.sendall(begin)
                start, answer = time.time(), b""
                while time.time() - start < seconds:
                    try:
                        connection.sendall(piece)
                        part = connection.recv(65536)
                        if not part:
                            break
                        answer += part
                    except socket.timeout:
                        continue
                    except OSError:
                        break
                return time.time() - start, status_of(answer)

        spent, status = slowly(b"GET / HTTP/1.1\r\n", b"X: 1\r\n")
        equal("slow headers are ended", status, 408)
        check("by an absolute deadline", spent < 2.5, spent)
        spent, status = slowly(post(HOST + b"Content-Length: 1000\r\n", b""), b" ")
        equal("slow bodies are ended", status, 408)
        check("slow bodies end soon", spent < 2.5, spent)

        idle = [socket.create_connection((server.host, server.port)) for _ in range(1000)]
        slow = [socket.create_connection((server.host, server.port)) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"GET /")
        times = []
        own = server.connect()
        for _ in range(300):
            start = time.perf_counter()
            status, _, _ = server.get("/health/live", connection=own)
            times.append(time.perf_counter() - start)
        check("1,000 idle and 100 slow connections hold nobody up", sorted(times)[-4] < 0.1, sorted(times)[-4])
        for connection in idle + slow:
            connection.close()

        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            check("a Unix socket", connection.recv(65536).startswith(b"HTTP/1.1 200"))
        equal("for its owner only", oct(os.stat(path).st_mode & 0o777), "0o700")
        port = int(server.addresses[2].rpartition(":")[2])
        with socket.create_connection(("::1", port), timeout=5) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: [::1]:%d\r\nConnection: close\r\n\r\n" % port)
            check("IPv6", connection.recv(65536).startswith(b"HTTP/1.1 200"))

        # A client that never reads is let go of: its answers fill the sockets' buffers and the deadline strikes.
        with socket.create_connection((server.host, server.port), timeout=5) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            request = b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
            ended = False
            try:
                for _ in range(400):
                    connection.sendall(request)
                    time.sleep(0.01)
            except OSError:
                ended = True
            check("a client that never reads", ended)
        status, value, answer = server.ask("HEAD", "/health/live")
        equal("HEAD has no body", (status, value, answer.getheader("Content-Length")), (200, "", "14"))
        status, _, answer = server.ask("OPTIONS", "/v1/items/1")
        equal("OPTIONS", (status, answer.getheader("Allow")), (204, "GET, HEAD, OPTIONS"))
        status, value, answer = server.ask("DELETE", "/v1/items/1")
        equal("a wrong method", (status, answer.getheader("Allow")), (405, "GET, HEAD, OPTIONS"))
        equal("SIGTERM is success", server.stop(), 0)
        check("no socket is left", not os.path.exists(path))
    with socket.create_server(("127.0.0.1", 0)) as door:  # as systemd hands one over
        with Server(run, *QUICK_END, listen=(f"fd:{door.fileno()}",), descriptors=(door.fileno(),)) as server:
            equal("a socket that was handed over", server.port, door.getsockname()[1])
            equal("answers", server.get("/health/ready")[0], 200)
finish()
