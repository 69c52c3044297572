"""Mail that goes to a next hop which wants a login, or to one for some domains only."""

import smtplib
import socket

from peers.process import Process
from peers.relay import binary
from peers.waiting import eventually
from test_site_limits import held_by_quota
from test_smtplib import CONTENT


def send(relay, recipient="ann@example.net"):
    with smtplib.SMTP(*relay.trusted) as client:
        client.sendmail("app@example.com", [recipient], CONTENT)


def plain(name, password):
    return ("PLAIN", f"\0{name}\0{password}")


def token(name, text):
    return ("XOAUTH2", f"user={name}\1auth=Bearer {text}\1\1")


def write_secret(folder, text):
    file = folder / "smarthost.secret"
    file.write_text(text + "\n")
    file.chmod(0o600)
    return str(file)


def smarthost(sink_or_port, **more):
    port = getattr(sink_or_port, "port", sink_or_port)
    return {"next_hop": f"127.0.0.1:{port}", **more}


def start_provider_and_relay(start_relay, folder, certificate, listener, **more):
    """Two relays: the second sends by the first, as its user."""
    provider_sink = more.pop("sink")
    provider = start_relay(next_hop=provider_sink.address[:2], hostname="provider.example")
    secret = write_secret(folder, provider.create_key("shop"))
    port = getattr(provider, listener)[1]
    return provider, start_relay(
        ca_file=str(certificate.file),
        delivery=smarthost(port, login="shop", secret_file=secret, **more))


def test_another_relay_takes_mail_by_login_over_starttls(start_relay, make_sink, folder, certificate):
    sink = make_sink()
    provider, relay = start_provider_and_relay(start_relay, folder, certificate, "starttls", sink=sink)
    send(relay)
    [delivered] = relay.wait_for_events("delivered")
    assert delivered["tls"].startswith("TLSv1.3") and delivered["certificate"] == "valid"
    [accepted] = provider.wait_for_events("accepted")
    assert accepted["login"] == "shop"
    provider.wait_for_events("delivered")
    assert len(sink.messages) == 1


def test_another_relay_takes_mail_by_login_over_implicit_tls(start_relay, make_sink, folder,
                                                             certificate):
    provider, relay = start_provider_and_relay(start_relay, folder, certificate, "implicit",
                                               sink=make_sink(), tls_mode="implicit")
    send(relay)
    relay.wait_for_events("delivered")
    assert provider.wait_for_events("accepted")[0]["login"] == "shop"


def test_a_wrong_password_makes_mail_wait_until_the_file_is_right(start_relay, make_sink, folder,
                                                                  certificate):
    sink = make_sink(certificate=certificate, logins={plain("shop", "right-password")})
    secret = write_secret(folder, "wrong-password")
    relay = start_relay(ca_file=str(certificate.file),
                        delivery=smarthost(sink, login="shop", secret_file=secret))
    send(relay)
    deferred = relay.wait_for_events("deferred")[0]
    assert (deferred["phase"], deferred["class"]) == ("login", "auth-failed"), deferred
    assert deferred["reply"].startswith("535 5.7.8") and not relay.events("bounced")
    write_secret(folder, "right-password")
    relay.wait_for_events("delivered")
    everything = relay.log() + "".join(map(str, relay.events()))
    assert "wrong-password" not in everything and "right-password" not in everything


def test_a_token_is_read_anew_for_each_login(start_relay, make_sink, folder, certificate):
    sink = make_sink(certificate=certificate, logins={token("shop", "first")})
    secret = write_secret(folder, "first")
    relay = start_relay(ca_file=str(certificate.file),
                        delivery=smarthost(sink, login="shop", secret_file=secret,
                                           mechanism="xoauth2", idle_connection="0s"))
    send(relay)
    relay.wait_for_events("delivered")
    sink.logins = {token("shop", "second")}
    write_secret(folder, "second")
    send(relay, "bob@example.net")
    relay.wait_for_events("delivered", 2)
    assert [session.login for session in sink.sessions] == ["XOAUTH2"] * 2


def test_no_password_goes_to_who_has_no_certificate_that_holds(start_relay, make_sink, folder,
                                                               certificate):
    sink = make_sink(certificate=certificate, logins={plain("shop", "secret")})
    secret = write_secret(folder, "secret")
    # Without `ca_file`: the system's authorities do not know the sink's certificate.
    relay = start_relay(delivery=smarthost(sink, login="shop", secret_file=secret))
    send(relay)
    deferred = relay.wait_for_events("deferred")[0]
    assert deferred["phase"] == "tls" and "certificate" in deferred["reply"], deferred
    assert not sink.messages and not any(session.login for session in sink.sessions)


def test_a_secret_that_everybody_may_read_is_refused_at_the_start(start_relay, make_sink, folder,
                                                                  certificate):
    sink = make_sink(certificate=certificate, logins={plain("shop", "secret")})
    secret = write_secret(folder, "secret")
    relay = start_relay(ca_file=str(certificate.file),
                        delivery=smarthost(sink, login="shop", secret_file=secret))
    relay.stop()
    (folder / "smarthost.secret").chmod(0o644)
    process = Process([binary(), "--config", relay.config_file, "--ca-file", certificate.file,
                       "serve"], folder / "refused.log")
    eventually(lambda: not process.is_running(), "it refuses to start")
    assert process.stop() == 77  # rights
    assert f"chmod o= {secret}" in (folder / "refused.log").read_text()


def closed_port():
    """Nobody listens there, and for as long as the socket is kept nobody else will."""
    kept = socket.socket()
    kept.bind(("127.0.0.1", 0))
    return kept, kept.getsockname()[1]


def test_mail_goes_by_another_port_with_its_login_when_nobody_answers_at_the_first(
        start_relay, make_sink, folder, certificate):
    sink = make_sink(certificate=certificate, logins={plain("shop", "right-password")})
    kept, closed = closed_port()
    relay = start_relay(ca_file=str(certificate.file), delivery=smarthost(
        closed, login="shop", secret_file=write_secret(folder, "right-password"),
        fallback_ports=[sink.port]))
    send(relay)
    [delivered] = relay.wait_for_events("delivered")
    assert delivered["address"] == f"127.0.0.1:{sink.port}"
    assert delivered["certificate"] == "valid" and sink.sessions[0].login == "PLAIN"
    send(relay, "bob@example.net")
    later = relay.wait_for_events("delivered", 2)[1]
    # The site is one, whatever the port.
    assert delivered["site"] == later["site"] == f"127.0.0.1:{closed}/shop"
    [switched] = relay.events("port_switched")
    assert (switched["route"], switched["port_from"], switched["port_to"], switched["site"]) == (
        "next_hop", closed, sink.port, delivered["site"]), switched
    assert "refused" in switched["reply"]
    eventually(lambda: f"route:next_hop: mail goes by port {sink.port} instead of {closed}"
               in relay.log(), "it is said", explain=relay.log)
    kept.close()


def test_a_fallback_port_may_have_implicit_tls(start_relay, make_sink, folder, certificate):
    kept, closed = closed_port()
    provider = start_relay(next_hop=make_sink().address[:2], hostname="provider.example")
    relay = start_relay(ca_file=str(certificate.file), delivery=smarthost(
        closed, login="shop", secret_file=write_secret(folder, provider.create_key("shop")),
        fallback_ports=[f"{provider.implicit[1]}/implicit"]))
    send(relay)
    relay.wait_for_events("delivered")
    assert provider.wait_for_events("accepted")[0]["login"] == "shop"
    kept.close()


def test_no_fallback_port_takes_mail_in_the_clear(start_relay, make_sink):
    clear = make_sink()
    kept, closed = closed_port()
    relay = start_relay(routes=[{"id": "partner", "match": ["*"], **smarthost(closed),
                                 "fallback_ports": [clear.port]}])
    send(relay)
    deferred = relay.wait_for_events("deferred")[0]
    assert f"port {closed}: " in deferred["reply"] and f"port {clear.port}: " in deferred["reply"]
    assert not clear.messages and not relay.events("port_switched")
    kept.close()


def test_an_account_gets_a_fifth_less_than_its_provider_allows(start_relay, make_sink):
    sink = make_sink()
    relay = start_relay(
        sites=[{"id": "gmail", "match": ["gmail.com"], "connections": 7}],
        routes=[{"id": "shop", "match": ["*.shop.example"], **smarthost(sink)},
                {"id": "rest", "match": ["*"], **smarthost(sink), "messages_per_hour": 5}])
    for recipient in ("a@gmail.com", "b@example.net", "c@deep.shop.example", "d@example.org",
                      "e@example.net", "f@gmail.com"):
        send(relay, recipient)
    relay.wait_for_events("delivered", 4)
    waiting = held_by_quota(relay, 2)
    assert len(sink.messages) == 4
    assert {event["site"] for event in relay.events("delivered")} == {f"127.0.0.1:{sink.port}"}
    line = 1 + relay.config_file.read_text().splitlines().index("messages_per_hour = 5")
    assert waiting[0]["limit_origin"].endswith(
        f"waypost.toml:{line}, 20 % under the provider's 5")
    assert "20 % under the provider's 5" in relay.command("why", waiting[0]["id"]).stdout


def test_each_domain_goes_its_own_way(start_relay, make_sink):
    partner, rest = make_sink(), make_sink()
    relay = start_relay(next_hop=rest.address[:2],
                        routes=[{"id": "partner", "match": ["partner.example", "*.partner.example"],
                                 **smarthost(partner)}])
    for recipient in ("a@partner.example", "b@deep.partner.example", "c@example.net"):
        send(relay, recipient)
    relay.wait_for_events("delivered", 3)
    assert sorted(to for to, _ in partner.delivered()) == ["a@partner.example",
                                                           "b@deep.partner.example"]
    assert [to for to, _ in rest.delivered()] == ["c@example.net"]


def test_a_route_that_is_called_almost_as_our_own_goes_its_own_way(start_relay, make_sink):
    partner, rest = make_sink(), make_sink()
    relay = start_relay(next_hop=rest.address[:2], delivery={"idle_connection": "1m"},
                        routes=[{"id": "next-hop", "match": ["partner.example"],
                                 **smarthost(partner)}])
    for number in range(3):
        send(relay, f"a{number}@example.net")
        send(relay, f"b{number}@partner.example")
        # Both connections are kept, and the next of each finds its own.
        relay.wait_for_events("delivered", 2 * (number + 1))
    assert {to for to, _ in rest.delivered()} == {f"a{number}@example.net" for number in range(3)}
    assert {to for to, _ in partner.delivered()} == {f"b{number}@partner.example"
                                                     for number in range(3)}
    text = relay.config_file.read_text()
    relay.config_file.write_text(text.replace('id = "next-hop"', 'id = "next_hop"'))
    refused = relay.command("check", code=78).stderr
    assert "`next_hop` is the id of the route that [delivery] makes" in refused
    refused = relay.command("reload", code=78).stderr
    assert "`next_hop` is the id of the route that [delivery] makes" in refused
