"""One mail host with its names, its services and the person who uses it; a scenario breaks something."""

from lab.names import Names
from lab.script import BASE, Script, Server, changed

HOST = "mail.lab.test"
DOMAIN = "lab.test"
USER, PASSWORD = "ann@lab.test", "correct-Horse7battery"
SENDER, RECIPIENT = "ann@lab.test", "bob@example.net"
RESOLVER_NUMBER, HOST_NUMBER, OTHER_NUMBER = 53, 1, 2
WANTS_TLS = "530 5.7.0 Must issue a STARTTLS command first"
RELAYING = "554 5.7.1 <bob@example.net>: Relay access denied"


def standard_services():
    """A mail host as most are: submission on two ports, and an entrance for everybody's mail."""
    return {587: Script(wants_tls=WANTS_TLS), 465: Script(implicit=True),
            25: Script(secured=BASE, rcpt=RELAYING, local=DOMAIN)}


class World:
    """A scenario changes it before it starts, and what a filter or route wants after. `arguments`
    are what the command gets besides; `quiet`: it wants a network of its own."""

    def __init__(self, network, number, authority, folder):
        self.network, self.number, self.authority = network, number, authority
        self.folder, self.daemons = folder, None
        self.host, self.port = HOST, 587
        self.target = None  # instead of host:port
        self.families = (4, 6) if network.has_ipv6 else (4,)
        self.user, self.password = USER, PASSWORD
        self.sender, self.recipient = SENDER, RECIPIENT
        self.logins = {USER: PASSWORD}
        self.services = standard_services()
        self.names = Names()
        self.arguments, self.under, self.environment = [], (), {}
        self.resolv_conf = None
        self.resolver = f"{self.address(RESOLVER_NUMBER)}:53"
        self.listens = True   # the resolver
        self.servers = {}
        self.started, self.ending = [], []  # what to do once all runs, and when all has ended

    def address(self, number=HOST_NUMBER, family=4):
        return self.network.address(self.number, number, family)

    def addresses(self, number=HOST_NUMBER):
        return [self.address(number, family) for family in self.families]

    def change(self, *ports, **what):
        """Changes the scripts of these ports, or of all."""
        for port in ports or list(self.services):
            self.services[port] = changed(self.services[port], **what)

    def be(self, host, port=587, user=None):
        """The host goes by the name of a provider."""
        self.host, self.port = host, port
        if user:
            self.user, self.sender = user, user if "@" in user else self.sender
            self.logins = {user: PASSWORD}

    def start(self):
        if self.host.rstrip(".").lower() not in {name for name, _ in self.names.records}:
            self.names.add_host(self.host.lower(), *self.addresses())
        for number in (HOST_NUMBER, OTHER_NUMBER):
            self.names.add(reverse(self.address(number)), "PTR", f"{self.host}.")
        self.names.add(reverse("192.0.2.2"), "PTR", "client.lab.test.")
        self.names.add_host("client.lab.test", "192.0.2.2")
        if self.listens:
            self.names.start(self.network, self.address(RESOLVER_NUMBER))
        for port, script in self.services.items():
            self.serve(port, script)
        for step in self.started:
            step(self)

    def serve(self, port, script, number=HOST_NUMBER, host=None, families=None):
        server = Server(script, host or self.host, self.authority, self.logins)
        for family in families or self.families:
            server.start(self.network.listen(self.address(number, family), port))
        self.servers[number, port] = server
        return server

    def stop(self):
        for step in reversed(self.ending):
            step()
        for server in self.servers.values():
            server.stop()
        self.names.stop()

    def seen(self, what):
        """A count or list of all servers' together."""
        values = [getattr(server.seen, what) for server in self.servers.values()]
        return sum(values, [] if values and isinstance(values[0], list) else 0)

    def command_line(self):
        """The arguments behind `doctor`. The password is in a file, as it is never an argument."""
        words = [self.target or f"{self.host}:{self.port}"]
        if self.user:
            secret = self.folder / f"password{self.number}"
            secret.write_text(self.password + "\n")
            words += ["--user", self.user, "--password-file", str(secret)]
        if self.sender:
            words += ["--from", self.sender]
        if self.recipient:
            words += ["--to", self.recipient]
        if self.resolver:
            words += ["--resolver", self.resolver]
        return [*words, "--ca-file", str(self.authority.root), *self.arguments]


def reverse(address):
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"
