"""`waypost dmarc report` and `dmarc import` as their users call them: every form of a report, what was
kept, and what the name system adds."""

import base64
import gzip
import io
import json
import subprocess
import time
import zipfile

import pytest

from peers.knot import Knot
from peers.relay import binary

DAY_S = 86400
TODAY = int(time.time()) // DAY_S * DAY_S
ALIGNED = ("198.51.100.7", 40, "pass", "pass", "shop.test", "shop.test")
STRANGER = ("203.0.113.9", 3, "fail", "fail", None, None)
SERVICE = ("198.51.100.80", 5, "fail", "fail", "bounces.esp.test", "esp.test")


def row(address, count, dkim, spf, spf_domain, signer):
    results = f"<spf><domain>{spf_domain}</domain><result>pass</result></spf>" if spf_domain else ""
    if signer:
        results += f"<dkim><domain>{signer}</domain><selector>s</selector><result>pass</result></dkim>"
    return (f"<record><row><source_ip>{address}</source_ip><count>{count}</count><policy_evaluated>"
            f"<disposition>none</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated>"
            f"</row><identifiers><header_from>shop.test</header_from></identifiers>"
            f"<auth_results>{results}</auth_results></record>")


def report(days_ago=1, rows=(ALIGNED,), name=None):
    begin = TODAY - days_ago * DAY_S
    return (f"<?xml version='1.0'?><feedback><report_metadata><org_name>receiver.test</org_name>"
            f"<report_id>{name or days_ago}</report_id><date_range><begin>{begin}</begin>"
            f"<end>{begin + DAY_S - 1}</end></date_range></report_metadata><policy_published>"
            f"<domain>shop.test</domain><p>none</p></policy_published>"
            + "".join(row(*each) for each in rows) + "</feedback>").encode()


def message(xml):
    return (b"From: noreply@receiver.test\nSubject: Report Domain: shop.test\nMIME-Version: 1.0\n"
            b"Content-Type: application/gzip; name=\"receiver.test!shop.test!1!2.xml.gz\"\n"
            b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(gzip.compress(xml)))


def failure():
    return (b"From: noreply@receiver.test\nSubject: FW\nMIME-Version: 1.0\n"
            b"Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n"
            b"--x\nContent-Type: message/feedback-report\n\nFeedback-Type: auth-failure\n"
            b"Source-IP: 203.0.113.9\nReported-Domain: shop.test\nAuth-Failure: dmarc\n"
            b"Original-Rcpt-To: <secret@customer.test>\n\n--x--\n")


def zipped(*reports):
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, xml in enumerate(reports):
            archive.writestr(f"report-{number}.xml", xml)
    return octets.getvalue()


@pytest.fixture(name="dmarc")
def dmarc_fixture(folder):
    """dmarc("report", ...): what it prints, as JSON unless text=True."""
    config = folder / "waypost.toml"
    config.write_text(f'hostname = "relay.shop.test"\ndata_dir = "{folder}/data"\n[[listener]]\n'
                      'address = "127.0.0.1:0"\ntls = "none"\ntrusted_networks = ["127.0.0.0/8"]\n')
    (folder / "data").mkdir()

    def run(*arguments, code=0, text=False, stdin=b""):
        ran = subprocess.run([binary(), "--config", config, "dmarc", *map(str, arguments),
                              *([] if text else ["--json"])],
                             input=stdin, capture_output=True, timeout=60, check=False)
        assert ran.returncode == code, ran.stdout + ran.stderr
        out = ran.stdout.decode()
        return (out, ran.stderr.decode()) if text else json.loads(out)
    return run


def test_every_form_of_a_report_is_read(dmarc, folder):
    forms = folder / "reports"
    (forms / "below").mkdir(parents=True)
    (forms / "plain.xml").write_bytes(report(1))
    (forms / "packed.xml.gz").write_bytes(gzip.compress(report(2)))
    (forms / "packed.zip").write_bytes(zipped(report(3)))
    (forms / "below" / "mail.eml").write_bytes(message(report(4)))
    (forms / "box").write_bytes(b"".join(b"From x Mon\n" + each + b"\n" for each in (
        message(report(5)), message(report(6)), failure())))
    found = dmarc("report", forms, "-", stdin=report(7))
    domain = found["domains"][0]
    assert (domain["domain"], domain["reports"], domain["messages"]) == ("shop.test", 7, 280)
    assert domain["sources"][0]["sender"] == "own" and len(domain["days"]) == 7
    assert found["failures"][0]["auth_failure"] == "dmarc"
    assert "secret@" not in json.dumps(found)


def test_it_says_who_sends_and_whether_to_refuse(dmarc, folder):
    for days_ago in range(1, 16):
        (folder / f"{days_ago}.xml").write_bytes(report(days_ago, (ALIGNED, STRANGER)))
    files = list(folder.glob("*.xml"))
    advice = dmarc("report", *files)["domains"][0]["advice"]
    assert advice["may_reject"] == "yes" and "45 messages" in advice["words"]
    text, _ = dmarc("report", *files, text=True)
    assert "Reject?" in text and "203.0.113.9" in text and "strangers" in text
    (folder / "service.xml").write_bytes(report(1, (SERVICE,), "service"))
    found = dmarc("report", *files, folder / "service.xml")["domains"][0]
    assert found["advice"]["may_reject"] == "after-a-look"
    service = next(each for each in found["sources"] if each["sender"] == "service")
    assert service["passes_as"] == ["bounces.esp.test", "esp.test"]
    own = dmarc("report", *files, "--own", "203.0.113.0/24")["domains"][0]
    assert own["advice"]["may_reject"] == "no"
    few = dmarc("report", *files, "--unaligned", "--since", "5d")["domains"][0]
    assert [each["address"] for each in few["sources"]] == ["203.0.113.9"]
    assert few["advice"]["may_reject"] == "unknown"


def test_several_in_one_file_are_read_and_one_in_several_files_counts_once(dmarc, folder):
    (folder / "a.zip").write_bytes(zipped(report(1), report(2), report(3)))
    (folder / "a.xml").write_bytes(report(1))
    (folder / "a.eml").write_bytes(message(report(2)))
    found = dmarc("report", *folder.glob("a.*"))
    assert (found["domains"][0]["reports"], found["domains"][0]["messages"]) == (3, 120)
    assert "more than once: 2" in found["remarks"][0]
    assert dmarc("import", *folder.glob("a.*")) == {"kept": 3, "known": 2, "too_old": 0,
                                                    "no_report": 0}
    found = dmarc("report", folder / "a.xml", folder / "none.xml", code=66)
    assert found["domains"][0]["messages"] == 40, "what could be read is told"


def test_what_was_imported_is_kept_once_and_asked_later(dmarc, folder):
    assert "no DMARC report was kept yet" in dmarc("report", code=1, text=True)[1]
    (folder / "a.xml").write_bytes(report(1, (ALIGNED, STRANGER)))
    (folder / "b.eml").write_bytes(failure())
    (folder / "old.xml").write_bytes(report(500))
    assert dmarc("import", folder / "a.xml", folder / "b.eml", folder / "old.xml") == {
        "kept": 2, "known": 0, "too_old": 1, "no_report": 0}
    assert dmarc("import", "-", stdin=message(report(1, (ALIGNED, STRANGER))))["known"] == 1
    found = dmarc("report", "--domain", "shop.test")
    assert found["domains"][0]["messages"] == 43 and len(found["failures"]) == 1
    assert dmarc("report", "--source", "203.0.113.9")["domains"][0]["messages"] == 3
    assert dmarc("report", "--domain", "other.test", code=1)["domains"] == []
    (folder / "x.txt").write_text("no report\n")
    assert dmarc("import", folder / "x.txt", code=1)["no_report"] == 1
    dmarc("import", folder / "none", code=66)
    assert b"secret@" not in (folder / "data" / "records" / "dmarc.db").read_bytes()


def test_bombs_and_other_octets_do_no_harm(dmarc, folder):
    entities = "".join(f'<!ENTITY e{i} "{"&e%d;" % (i - 1) * 10}">' for i in range(1, 10))
    (folder / "entities.xml").write_text(
        f'<!DOCTYPE f [<!ENTITY e0 "x">{entities}]><feedback>&e9;</feedback>')
    (folder / "bomb.xml.gz").write_bytes(gzip.compress(b"<feedback>" + b" " * (80 << 20)))
    (folder / "deep.xml").write_bytes(b"<feedback>" + b"<a>" * 100_000)
    (folder / "octets").write_bytes(bytes(range(256)) * 100)
    for name in ("entities.xml", "bomb.xml.gz", "deep.xml", "octets"):
        _, said = dmarc("report", folder / name, code=1, text=True)
        assert name in said and "Traceback" not in said
    huge = report(1, [(f"198.51.{i % 250}.{i // 250 % 250}", 1, "pass", "fail", None, None)
                      for i in range(100_100)])
    found = dmarc("report", "-", stdin=huge)
    assert found["domains"][0]["messages"] == 100_000
    assert any("more than 100000 rows" in each for each in found["remarks"])


def test_the_name_system_adds_names_and_whom_spf_names(dmarc, folder):
    knot = Knot(folder, {"shop.test": '@ TXT "v=spf1 ip4:203.0.113.9 -all"\n',
                         "113.0.203.in-addr.arpa": "9 PTR out.shop.test.\n"})
    try:
        found = dmarc("report", "-", "--resolver", "%s:%d" % knot.address,
                      stdin=report(1, (STRANGER,)))
    finally:
        knot.stop()
    source = found["domains"][0]["sources"][0]
    assert source["name"] == "out.shop.test" and source["sender"] == "own"
    assert found["domains"][0]["advice"]["may_reject"] == "no"
