"""What a domain publishes: into a real BIND by signed updates, seen there as receivers would see it,
and every way in which a form spoils a record, named."""

import base64
import json
import os
import re
import subprocess

import pytest
from peers.bind import Bind, check_zone, write_key
from peers.knot import Knot
from peers.relay import binary

MESSAGE = ("From: Ann <ann@shop.test>\r\nTo: bob@customer.test\r\nSubject: Your order\r\n"
           "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@shop.test>\r\n\r\nHello\r\n")


@pytest.fixture(name="waypost")
def waypost_fixture(folder):
    """waypost("domains", ..., server=(host, port), code=0): its output, as JSON where it is."""
    config = folder / "waypost.toml"
    config.write_text(f'hostname = "mail.shop.test"\ndata_dir = "{folder / "data"}"\n[[listener]]\n'
                      'address = "127.0.0.1:0"\ntls = "none"\ntrusted_networks = ["127.0.0.0/8"]\n')
    (folder / "data").mkdir()

    def run(*arguments, server, code=0, text=False):
        ran = subprocess.run([binary(), "--config", config, "--resolver", "%s:%d" % server,
                              *([] if text else ["--json"]), *arguments],
                             text=True, capture_output=True, timeout=60, check=False)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran if text or not ran.stdout.startswith("{") else json.loads(ran.stdout)
    return run


@pytest.fixture(name="bind")
def bind_fixture(folder):
    bind = Bind(folder, {"shop.test": '@ TXT "v=spf1 include:_spf.shop.test -all"\n@ TXT "site=1"\n'
                                      '_spf TXT "v=spf1 ip4:198.51.100.0/24 -all"\n'})
    yield bind
    bind.stop()


def at(server):
    return "%s:%d" % server


def by_update(server, key_file):
    return "--publish", "rfc2136", "--server", at(server), "--tsig-file", key_file


def states(found):
    return {key["selector"][0]: key["state"] for key in found["keys"]}


def test_a_domain_is_published_verified_and_signs(waypost, bind, folder):
    at_bind = {"server": bind.address}
    update = by_update(bind.address, bind.key_file)
    added = waypost("domains", "add", "shop.test", "--sender", "192.0.2.1", *update, **at_bind)
    assert added["update"]["done"] and added["update"]["changes"] == 4, bind.log()
    assert states(added) == {"r": "prepared", "e": "prepared"}
    # A zone of one SPF record still, and nothing else of the name lost.
    found = waypost("domains", "verify", "shop.test", "--server", at(bind.address), **at_bind)
    assert found["good"] and len(found["activated"]) == 2
    assert states(found) == {"r": "signing", "e": "signing"}
    values = {record["purpose"]: record["value"] for record in found["records"]}
    assert values["spf"] == "v=spf1 include:_spf.shop.test ip4:192.0.2.1 -all"
    assert values["dmarc"] == "v=DMARC1; p=none; rua=mailto:postmaster@shop.test"
    again = waypost("domains", "add", "shop.test", *update, **at_bind)
    assert again["update"]["done"] and again["update"]["changes"] == 0

    assert all(re.fullmatch("[re][0-9]{8}[a-z]{4}", key["selector"]) for key in found["keys"])

    mail = folder / "mail.eml"
    mail.write_text(MESSAGE)
    [rsa] = [key["selector"] for key in found["keys"] if key["type"] == "rsa2048"]
    signed = waypost("dkim", "sign", "--domain", "shop.test", "--selector", rsa, "--key",
                     folder / "data" / "keys" / "shop.test" / f"{rsa}.pem", mail, text=True, **at_bind)
    (folder / "signed.eml").write_text(signed.stdout)
    waypost("dkim", "verify", folder / "signed.eml", **at_bind)
    waypost("spf", "check", "--ip", "192.0.2.1", "--from", "ann@shop.test", **at_bind)

    rotated = waypost("keys", "rotate", "shop.test", *update, **at_bind)
    assert rotated["update"]["changes"] == 2
    waypost("keys", "rotate", "shop.test", code=1, text=True, **at_bind)
    waypost("domains", "verify", "shop.test", "--server", at(bind.address), "--wait", "20s", **at_bind)
    listed = waypost("keys", "ls", "shop.test", **at_bind)
    assert sorted(key["state"] for key in listed["keys"]) == ["retired"] * 2 + ["signing"] * 2
    # The record of a retired key stays for mail that is on its way, until it is told to go.
    assert len(waypost("keys", "retire", "shop.test", **at_bind)["retired"]) == 2
    waypost("dkim", "verify", folder / "signed.eml", **at_bind)
    gone = waypost("keys", "retire", "shop.test", rsa, "--force", *update, **at_bind)
    assert gone["gone"] == [rsa]
    waypost("dkim", "verify", folder / "signed.eml", code=1, **at_bind)

    waypost("domains", "remove", "shop.test", code=1, text=True, **at_bind)
    waypost("domains", "remove", "shop.test", "--force", **at_bind)
    assert not [each for each in (folder / "data" / "keys").rglob("*") if each.is_file()]


def test_what_the_server_refuses_is_said(waypost, bind, folder):
    def add(key_file, code=1):
        return waypost("domains", "add", "shop.test", *by_update(bind.address, key_file), code=code,
                       text=True, server=bind.address).stderr
    assert "REFUSED" in add(bind.other_file)
    assert "BADSIG" in add(write_key(folder / "wrong.key", "update.waypost.test", b"another"))
    assert "BADKEY" in add(write_key(folder / "strange.key", "strange.waypost.test"))
    bind.key_file.chmod(0o644)
    assert "open to all" in add(bind.key_file, code=77) or "others" in add(bind.key_file, code=77)
    secret = re.search('secret "(.*)"', bind.key_file.read_text()).group(1)
    bind.key_file.write_text(f"{secret}\n")
    bind.key_file.chmod(0o600)
    said = add(bind.key_file, code=64)
    assert "no TSIG key file" in said and secret not in said
    waypost("domains", "add", "shop.test", "--publish", "rfc2136", code=64, text=True,
            server=bind.address)


def test_records_come_as_a_zone_file_and_as_terraform(waypost, bind, folder):
    zone = waypost("domains", "add", "shop.test", "--return-path", "bounce.shop.test", "--format",
                   "zone", text=True, server=bind.address).stdout
    assert check_zone(folder, "shop.test", "mail A 192.0.2.1\n" + zone) == ""
    terraform = waypost("domains", "show", "shop.test", "--format", "terraform", text=True,
                        server=bind.address).stdout
    assert terraform.count('resource "aws_route53_record"') == 6
    assert 'records = ["v=spf1 include:_spf.shop.test a:mail.shop.test -all", "site=1"]' in terraform


SPOILED = {
    "name-doubled": ("dmarc", '_dmarc.shop.test TXT "{value}"'),
    "quoted": ("dmarc", '_dmarc TXT "\\"{value}\\""'),
    "several": ("spf", '@ TXT "v=spf1 mx -all"\n@ TXT "{value}"'),
    "cut": ("rsa", '{selector} TXT "{cut}"'),
    "none": ("rsa", '{selector} TXT "{cut} " "{rest}"'),
    "alias": ("ed25519", "{selector} CNAME keys.shop.test."),
    "no-answer": ("ed25519", "{selector} CNAME keys.elsewhere.test."),
    "different": ("ed25519", '{selector} TXT "v=DKIM1; k=ed25519; p={other}"'),
    "missing": ("spf", '@ TXT "site=1"'),
}


def wanted_lines(records, spoiled=()):
    """{kind: line of a zone} of what is wanted, but for what is spoiled."""
    lines = {}
    for record in records:
        kind = record["purpose"]
        if kind == "dkim":
            kind = "rsa" if "k=rsa" in record["value"] else "ed25519"
        value = record["value"]
        lines[kind] = '{} TXT {}\n'.format(
            record["relative_name"], " ".join(f'"{part}"' for part in record["strings"]))
        for difference in spoiled:
            if SPOILED[difference][0] == kind:
                lines[kind] = SPOILED[difference][1].format(
                    value=value, selector=record["relative_name"], cut=value[:255], rest=value[255:],
                    other=base64.b64encode(os.urandom(32)).decode()) + "\n"
    return lines


@pytest.mark.parametrize("spoiled", [("name-doubled", "several", "cut", "alias"),
                                     ("quoted", "missing", "none", "different")])
def test_each_way_to_spoil_a_record_has_its_name(waypost, folder, spoiled):
    start = Knot(folder, {"shop.test": "", "elsewhere.test": "", "test": ""})
    added = waypost("domains", "add", "shop.test", "--sender", "192.0.2.1", server=start.address)
    start.stop()
    home = folder / "spoiled"
    home.mkdir()
    lines = wanted_lines(added["records"], spoiled)
    knot = Knot(home, {"shop.test": "".join(lines.values()), "elsewhere.test": "", "test": ""})
    found = waypost("domains", "verify", "shop.test", "--server", at(knot.address), code=1,
                    server=knot.address)
    shown = waypost("domains", "verify", "shop.test", "--server", at(knot.address), code=1,
                    server=knot.address, text=True).stdout
    knot.stop()
    seen = {each["difference"]: each["words"] for record in found["records"]
            for each in record["observations"] if not each["resolver"]}
    assert set(seen) == set(spoiled)
    if "none" in spoiled:
        assert "blanks where its pieces were joined" in seen["none"]
        assert [selector[0] for selector in found["activated"]] == ["r"]
    else:
        assert not found["activated"]
        assert "wanted  v=spf1 ip4:192.0.2.1 ~all" in shown or "v=spf1 mx ip4:192.0.2.1" in shown
    if "name-doubled" in spoiled:
        assert "_dmarc.shop.test.shop.test" in seen["name-doubled"]


def test_what_an_alias_leads_to_is_not_known_where_its_servers_are_silent(waypost, folder):
    start = Knot(folder, {"shop.test": ""})
    added = waypost("domains", "add", "shop.test", "--sender", "192.0.2.1", server=start.address)
    start.stop()
    home = folder / "aliased"
    home.mkdir()
    lines = wanted_lines(added["records"], ("no-answer",))
    # Its name servers have addresses, and nobody listens at their port 53.
    knot = Knot(home, {"shop.test": "".join(lines.values()), "elsewhere.test": "", "test": ""})
    found = waypost("domains", "verify", "shop.test", "--server", at(knot.address), code=2,
                    server=knot.address)
    knot.stop()
    [record] = [record for record in found["records"] if "k=ed25519" in record["value"]]
    [asked] = [each for each in record["observations"] if not each["resolver"]]
    assert asked["difference"] == "no-answer"
    assert "keys.elsewhere.test, whose servers did not answer" in asked["words"]


def test_a_server_behind_and_a_stale_resolver_are_told_apart(waypost, folder):
    (folder / "old").mkdir()
    (folder / "new").mkdir()
    old = Knot(folder / "old", {"shop.test": ""})
    added = waypost("domains", "add", "shop.test", "--sender", "192.0.2.1", server=old.address)
    new = Knot(folder / "new", {"shop.test": "".join(wanted_lines(added["records"]).values())})

    def differences(resolver, *servers, code):
        options = [each for server in servers for each in ("--server", at(server))]
        found = waypost("domains", "verify", "shop.test", *options, server=resolver, code=code)
        return {each["difference"] for record in found["records"] for each in record["observations"]}
    assert differences(old.address, new.address, code=1) == {"none", "stale"}
    assert differences(new.address, new.address, old.address, code=1) == {"none", "behind"}
    assert waypost("keys", "ls", "shop.test", server=new.address)["keys"][0]["state"] == "prepared"
    # Without --server they are those of the zone, which nobody serves at port 53 here.
    waypost("domains", "verify", "shop.test", "--timeout", "3s", server=new.address, code=2, text=True)
    assert differences(new.address, new.address, code=0) == {"none"}
    old.stop()
    new.stop()
