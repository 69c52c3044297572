"""A web server with one file, over HTTPS, that answers as it is told to."""

import socket
import ssl
import threading

REQUEST_OCTETS_MAX = 16 * 1024


class Web:
    """answer: what it says to every request, as octets; requests: the first lines that came."""

    def __init__(self, made, answer):
        self.answer, self.requests = answer, []
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(made.file, made.key)
        self._listener = None

    def start(self, listener):
        self._listener = listener
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        if self._listener:
            try:
                self._listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            try:
                connection.settimeout(10)
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    said = secured.recv(REQUEST_OCTETS_MAX)
                    self.requests.append(said.split(b"\r\n")[0].decode("latin-1"))
                    secured.sendall(self.answer)
                    secured.unwrap()
            except OSError:
                connection.close()


def response(body, status="200 OK", content_type="text/plain", *fields):
    head = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}",
            "Connection: close", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body.encode()
