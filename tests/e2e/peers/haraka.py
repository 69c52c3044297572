"""Haraka: the server of haraka.test, and a smarthost's client for everybody else's mail."""

import json
import shutil

from peers.node import modules, node
from peers.process import Process, free_port

PLUGIN = """
const fs = require('node:fs')
const settings = %s

exports.register = function () {
  this.register_hook('rcpt', 'decide')
  this.register_hook('queue', 'keep')
  this.register_hook('get_mx', 'smarthost')
}

exports.decide = (next, connection, [recipient]) => {
  const { host, user } = recipient
  if (host !== 'haraka.test') {
    connection.relaying = settings.smarthost !== null
    return connection.relaying ? next(OK) : next(DENY, 'relaying denied')
  }
  return settings.mailboxes.includes(user) ? next(OK) : next(DENY, 'no such user')
}

exports.keep = (next, connection) => {
  const name = `${settings.mail}/${connection.transaction.uuid}`
  const file = fs.createWriteStream(`${name}.partial`)
  file.once('close', () => fs.rename(`${name}.partial`, `${name}.eml`, () => next(OK)))
  connection.transaction.message_stream.pipe(file, { dot_stuffed: true })
}

exports.smarthost = (next) => next(OK, [{ priority: 0, exchange: '127.0.0.1', ...settings.smarthost }])
"""


class Haraka:
    """smarthost: where mail for other domains goes; login: (name, password) there, over TLS."""
    domain = "haraka.test"
    tls_works = True

    def __init__(self, folder, certificate, mailboxes=("ann",), smarthost=None, login=None):
        haraka = modules() / "Haraka" / "bin" / "haraka"
        self.home = folder / "haraka"
        self.address = ("127.0.0.1", free_port())
        for name in ("plugins", "queue", "mail"):
            (self.home / name).mkdir(parents=True)
        shutil.copytree(haraka.parents[1] / "config", self.home / "config")
        shutil.copyfile(certificate.file, self.home / "config" / "tls_cert.pem")
        shutil.copyfile(certificate.key, self.home / "config" / "tls_key.pem")
        route = None
        if smarthost:
            route = {"port": smarthost[1]}
            if login:
                route.update(auth_user=login[0], auth_pass=login[1])
        (self.home / "plugins" / "peer.js").write_text(PLUGIN % json.dumps(
            {"mailboxes": mailboxes, "mail": str(self.home / "mail"), "smarthost": route}))
        for name, text in {
                "me": "mx.haraka.test", "plugins": "tls\npeer", "loglevel": "info",
                "smtp.ini": f"listen=127.0.0.1:{self.address[1]}\nnodes=0\n",
                "outbound.ini": f"enable_tls={'true' if login else 'false'}\n"
                                "temp_fail_intervals=1s*9\n",
                "queue_dir": str(self.home / "queue")}.items():
            (self.home / "config" / name).write_text(text + "\n")
        self._process = Process([node(), haraka, "-c", self.home], folder / "haraka.log", cwd="/")
        self._process.wait_for_listener(self.address)

    def mail(self):
        """The messages of all mailboxes."""
        return [file.read_bytes() for file in sorted((self.home / "mail").glob("*.eml"))]

    def log(self):
        return self._process.log()

    def stop(self):
        self._process.stop()
