"""No output of any form holds a secret, whatever the server says and whoever reads it."""

import base64
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.runs import run
from lab.scenarios import named
from peers.relay import binary

SECRET = "pa55 Wörd+/=&lab"
TOKEN = "ya29.lab-token_4/0AX4XfWh"
FORMS = ([], ["-v"], ["-vv"], ["--json"], ["--json", "-v"], ["--jsonl"], ["--nagios"],
         ["--markdown"])
USAGE = 64
SHORTEST = 6  # of a secret's encoded middle that counts as the secret


def written(user, secret):
    """The ways in which a secret may show: as it is, in base64 wherever it begins in it, in a URL, in
    hexadecimal, and in what each mechanism makes of it."""
    plain = secret.encode()
    whole = [plain, b"\0" + user.encode() + b"\0" + plain,
             user.encode() + b"\0" + user.encode() + b"\0" + plain,
             f"user={user}\1auth=Bearer {secret}\1\1".encode(),
             f"n,a={user},\1auth=Bearer {secret}\1\1".encode()]
    forms = {secret, urllib.parse.quote(secret), urllib.parse.quote_plus(secret), plain.hex(),
             ascii(secret)[1:-1], secret.replace('"', '\\"')}
    for octets in whole:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.add(encode(octets).decode().rstrip("="))
    for shift in range(3):  # without the octets that its neighbours have a part in
        middle = base64.b64encode(b"\0" * shift + plain).decode().rstrip("=")[shift + 1:-1]
        forms.add(middle)
    assert min(map(len, forms)) >= SHORTEST
    return sorted(forms)


def leaks(text, user, secret):
    return [form for form in written(user, secret) if form in text]


def every_form(lab, world, patience_forms=FORMS):
    """(options, everything that it printed); a form that this doctor does not have is left out, as
    long as people's and JSON are there."""
    command = [*world.network.enter(), binary(), "doctor", *world.command_line()]
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda options: run([*command, *options]), patience_forms))
    ran = [(options, each.out + each.err) for options, each in zip(patience_forms, said)
           if each.code != USAGE]
    assert [] in [options for options, _ in ran] and ["--json"] in [options for options, _ in ran]
    return ran


@pytest.fixture(name="open_world")
def open_world_fixture(lab):
    opened = []

    def open_world(name, secret, **script):
        world = lab.world()
        named(name).prepare(world)
        right = world.password == world.logins.get(world.user)
        world.password = secret
        if right:
            world.logins = {world.user: secret}
        world.change(**script)
        opened.append(world)
        world.start()
        return world
    yield open_world
    for world in opened:
        world.stop()


@pytest.mark.parametrize("name, secret, script", [
    ("STARTTLS on 587", SECRET, {}),
    ("a message is sent", SECRET, {}),
    ("wrong password", SECRET, {"echoes": True, "auth": "535 5.7.8 Not this one"}),
    ("wrong password", SECRET, {"echoes": True, "auth": "535 5.7.8 Not this one",
                                "secured": ("AUTH LOGIN",)}),
    ("app password with its spaces", "abcd efgh ijkl mnop", {}),
    ("space behind the password", SECRET + " ", {}),
    ("login in the clear", SECRET, {}),
    ("no mechanism in common", SECRET, {}),
    ("certificate expired", SECRET, {}),
    ("relaying denied to a stranger", SECRET, {}),
    ("nothing listens", SECRET, {}),
    ("name does not exist", SECRET, {}),
    ("token expired", TOKEN, {}),
    ("token expired", TOKEN, {"echoes": True}),
], ids=lambda value: value if isinstance(value, str) and " " in value and value != SECRET else None)
def test_no_form_of_the_report_holds_it(lab, open_world, name, secret, script):
    world = open_world(name, secret, **script)
    for options, text in every_form(lab, world):
        assert text.strip(), f"nothing was said with {options}"
        assert not leaks(text, world.user or "ann@lab.test", secret), f"{options}\n{text}"


def test_a_login_went_there_and_is_in_the_transcript_without_its_words(lab, open_world):
    world = open_world("STARTTLS on 587", SECRET)
    [(_, text)] = [each for each in every_form(lab, world, ([], ["--json"], ["-v"]))
                   if each[0] == ["-v"]]
    assert world.seen("logins") == 3
    assert "AUTH PLAIN" in text and "[hidden]" in text


def test_the_search_would_see_it():
    """What it looks for is what servers are really told."""
    user, secret = "ann@lab.test", SECRET
    for said in (f"\0{user}\0{secret}", secret, f"user={user}\1auth=Bearer {secret}\1\1"):
        assert leaks("C: AUTH X " + base64.b64encode(said.encode()).decode(), user, secret)
    assert leaks(f"the password {secret} is", user, secret)
    assert not leaks("C: AUTH PLAIN [hidden]", user, secret)


def test_a_password_on_the_command_line_is_refused(lab, open_world):
    world = open_world("STARTTLS on 587", SECRET)
    for option in ("--password", "--pass"):
        said = run([*world.network.enter(), binary(), "doctor", *world.command_line(), option, SECRET])
        assert said.code == USAGE, said.out
        assert not leaks(said.out + said.err, world.user, SECRET)
    assert world.seen("logins") == 0
