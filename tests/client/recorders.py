"""Keeps every byte that a portal passes: before it (HTTP), behind it (gRPC), and inside it."""

import json
import secrets
import socket
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from symbolon.issuance.v1 import issuance_pb2

from calls import Refused, unhex

CHUNK = 1 << 16


class Record:
    """Pairs of where and what, in the order in which they came."""

    def __init__(self):
        self.lock, self.seen = threading.Lock(), []

    def keep(self, where, data):
        with self.lock:
            self.seen.append((where, bytes(data)))

    def take(self):
        """What was kept since the last time."""
        with self.lock:
            seen, self.seen = self.seen, []
            return seen


class TcpRecorder:
    """Passes TCP connections on to a port and keeps both directions of each."""

    def __init__(self, port, record):
        self.target, self.record, self.connections = port, record, 0
        self.pumps = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            service = socket.create_connection(("127.0.0.1", self.target))
            name = f"HTTP connection {self.connections}"
            for where, source, sink in ((f"{name}, request", caller, service), (f"{name}, answer", service, caller)):
                pump = threading.Thread(target=self._pump, args=(where, source, sink), daemon=True)
                self.pumps.append(pump)
                pump.start()

    def settle(self):
        """Waits for the end of the connections so far: then all that passed is kept."""
        for pump in self.pumps:
            pump.join(30)
            if pump.is_alive():
                raise TimeoutError("a connection to the portal doesn't end")

    def _pump(self, where, source, sink):
        whole = bytearray()
        try:
            while data := source.recv(CHUNK):
                whole += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The other side has gone; what passed is kept.
        finally:
            self.record.keep(where, whole)

    def close(self):
        self.listener.close()


class GrpcRecorder(grpc.GenericRpcHandler):
    """Passes unary gRPC calls on, whatever their messages are, and keeps both."""

    def __init__(self, channel, record, credentials=None):
        self.channel, self.record = channel, record
        self.server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[self])
        if credentials:
            self.port = self.server.add_secure_port("127.0.0.1:0", credentials)
        else:
            self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def service(self, call):
        pass_on = self.channel.unary_unary(call.method)
        name = call.method.rpartition("/")[2]

        def handle(request, context):
            self.record.keep(f"gRPC {name}, request", request)
            try:
                answer = pass_on(request, timeout=30)
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())
            self.record.keep(f"gRPC {name}, answer", answer)
            return answer

        return grpc.unary_unary_rpc_method_handler(handle)

    def close(self):
        self.server.stop(None)


class RecordingPortal:
    """A portal of our own that relays as a portal does, and keeps everything."""

    def __init__(self, vault, people, record):
        self.vault, self.people, self.record = vault, people, record
        self.sessions, self.order = {}, []
        portal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                portal.record.keep("relay, request", self.raw_requestline + self.headers.as_bytes() + body)
                try:
                    status, answer = 200, portal.answer(self.path, self.headers, json.loads(body))
                except Refused as refusal:
                    status, answer = 403, {"reason": refusal.reason}
                answer = json.dumps(answer).encode()
                portal.record.keep("relay, answer", answer)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, headers, body):
        """Signs a person in, or relays a sealed request."""
        if path == "/v1/session":
            session = secrets.token_hex(32)
            self.sessions[session] = self.people[(body["login"], body["password"])]
            return {"session": session}
        person = self.sessions[headers["Authorization"].removeprefix("Bearer ")]
        election = unhex(path.split("/")[3])
        return {"token": "0x" + self.relay(person, election, unhex(body["request"])).hex()}

    def relay(self, person, election, sealed):
        request = issuance_pb2.IssueTokenRequest(registration_id=person, election=election, sealed_request=sealed)
        self.record.keep("relay, IssueToken, request", request.SerializeToString())
        answer = self.vault.issue(request)
        self.record.keep("relay, IssueToken, answer", answer.SerializeToString())
        self.order.append((election, person))
        return answer.sealed_token

    def close(self):
        self.server.shutdown()
        self.server.server_close()
