"""Who issues tokens, as far as a relay asks it: an introspection endpoint (RFC 7662)."""

import base64
import json
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLIENT_ID, CLIENT_SECRET = "relay one", "s3cret:of/the+relay"


class Issuer:
    """Answers on a free port of loopback, over TLS where it has a certificate. `tokens` holds what
    it says of each; of all others that they are not active. `code` and `fields` replace its answer, which waits for `may_answer`."""

    def __init__(self, certificate=None):
        self.tokens = {}
        self.asked = []
        self.code, self.fields = 200, {}
        self.may_answer = threading.Event()
        self.may_answer.set()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802, the library's name
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                issuer.answer(self, body)

            def do_GET(self):  # noqa: N802
                issuer.asked.append(("GET", self.path))
                self.send_error(404)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/oauth2/introspect"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, request, body):
        form = urllib.parse.parse_qs(body, strict_parsing=True)
        [token] = form["token"]
        self.asked.append(("POST", token))
        self.may_answer.wait(60)
        code = self.code if self._is_known(request.headers) else 401
        octets = json.dumps(self.tokens.get(token, {"active": False})).encode()
        request.send_response(code)
        for name, value in {"Content-Type": "application/json", **self.fields}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(octets)))
        request.end_headers()
        request.wfile.write(octets)

    @staticmethod
    def _is_known(headers):
        """RFC 6749 §2.3.1: encoded as a form's fields, and then as Basic wants it."""
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        said = base64.b64decode(credentials).decode().split(":")
        return scheme == "Basic" and [urllib.parse.unquote_plus(part) for part in said] == [
            CLIENT_ID, CLIENT_SECRET]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
