"""Where mail comes in: both families of addresses."""

import smtplib

from peers.process import free_port


def test_one_port_serves_ipv4_and_ipv6_by_a_listener_each(start_relay):
    relay = start_relay(("127.0.0.1", 9))
    port = free_port()
    listener = ('\n[[listener]]\naddress = "{}:{}"\ntls = "none"\n'
                'trusted_networks = ["127.0.0.0/8", "::1/128"]\n')
    with relay.config_file.open("a") as file:
        for address in ("0.0.0.0", "[::]"):
            file.write(listener.format(address, port))
    relay.command("reload")
    for address in ("127.0.0.1", "::1"):
        with smtplib.SMTP(address, port, local_hostname="client.example", timeout=30) as smtp:
            smtp.sendmail("a@example.org", ["b@example.com"], "Subject: x\r\n\r\nHi\r\n")
    clients = sorted(event["client"].rpartition(":")[0]
                     for event in relay.wait_for_events("accepted", 2))
    assert clients == ["127.0.0.1", "[::1]"]
