"""A box on the way that takes STARTTLS out of what a server offers, as some firewalls and providers do."""

import socket
import threading

from peers.proxy import pass_on


class Stripping:
    """Passes on what comes to a listening socket, with another word in the place of STARTTLS."""

    def __init__(self, listener, connect, word=b"XXXXXXXA"):
        self._listener, self._connect, self._word = listener, connect, word
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = self._connect()
            except OSError:
                return
            for passing in ((client, server), (server, client, self._strip)):
                threading.Thread(target=pass_on, args=passing, daemon=True).start()

    def _strip(self, octets):
        return octets.replace(b"STARTTLS", self._word)
