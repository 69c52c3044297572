"""Chromium without a window, and what the tests of the dashboard do in it."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from peers.api import http_port
from peers.package import PEERS, fetching
from peers.presence import missing, program
from peers.process import free_port
from peers.relay import ROOT
from peers.waiting import eventually

try:
    from selenium import webdriver
    from selenium.common.exceptions import NoSuchFrameException, NoSuchWindowException, StaleElementReferenceException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.keys import Keys
    FrameGone = (NoSuchFrameException, NoSuchWindowException, StaleElementReferenceException)
except ImportError:
    webdriver, Keys, FrameGone = None, None, ()

UI = ROOT / "ui"
PICTURES = os.environ.get("WAYPOST_PICTURES")  # a folder for pictures of pages, to look at
AXE = Path("node_modules", "axe-core", "axe.min.js")
SCRIPT_S = 120
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--no-first-run")

TABS_MAX = 60


def axe():
    """The file of axe-core, as ./dev ui or else this fetches it; none where there is no npm, which Debian makes of
    354 packages."""
    if (UI / AXE).exists():
        return UI / AXE
    npm, fetched = shutil.which("npm"), PEERS / "ui"
    if npm and not (fetched / AXE).exists():
        with fetching():
            if not (fetched / AXE).exists():
                fetch_modules(npm, fetched)
    return fetched / AXE if (fetched / AXE).exists() else None


def fetch_modules(npm, folder):
    partial = PEERS / "ui.partial"
    for made in (folder, partial):
        shutil.rmtree(made, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(UI / name, partial)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=partial, check=True, stdout=sys.stderr)
    partial.rename(folder)


class Browser:
    def __init__(self, base):
        if webdriver is None:
            missing("no selenium for Python: python3-selenium")
        options = webdriver.ChromeOptions()
        self._profile = tempfile.TemporaryDirectory(prefix="waypost-browser-", ignore_cleanup_errors=True)
        for flag in (*FLAGS, f"--user-data-dir={self._profile.name}"):
            options.add_argument(flag)
        options.binary_location = program("chromium")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Left to itself it would look for a port that is free at that moment.
        self.driver = webdriver.Chrome(service=Service(program("chromedriver"), port=free_port()), options=options)
        self.driver.set_script_timeout(SCRIPT_S)
        self.base = base
        self.look(1280, "light")

    def stop(self):
        self.driver.quit()
        self._profile.cleanup()

    def look(self, width, shade, height=800):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": shade}]})

    def open(self, path):
        self.driver.get(self.base + path)

    def log_in(self, password):
        """On the page that asks for it. It puts the cursor into a field of its own accord, and not always at once:
        what was typed before that would go there, too."""
        self.one("input[name=password]")
        eventually(lambda: self.run("return document.activeElement.name") == "user", "the page waits for somebody",
                   explain=lambda: f"{self.path}\n{self.text}")
        self.one("input[name=password]").send_keys(password, Keys.ENTER)

    def wait_until_live(self):
        """A page hears keys, and what happens to mail, a moment after it is seen."""
        eventually(lambda: self.all(".live.is-live"), "the page is live", explain=lambda: f"{self.path}\n{self.text}")

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.base)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector, text=""):
        """The first element there is with this text in it, as soon as there is one."""
        def there():
            for each in self.all(selector):
                try:
                    if text in each.text and each.is_displayed():
                        return each
                except StaleElementReferenceException:
                    return None
            return None
        return eventually(there, f"{selector} with {text!r}", explain=lambda: f"{self.path}\n{self.text}")

    def click(self, selector, text=""):
        self.one(selector, text).click()

    @property
    def text(self):
        return self.driver.find_element("css selector", "body").text

    def wait_for_focus(self, attribute, value):
        eventually(lambda: (self.run("return document.activeElement.getAttribute(arguments[0])", attribute) or "").endswith(value),
                   f"the focus is where {attribute} is {value}", explain=lambda: self.focused.get_attribute("outerHTML"))

    def wait_for_text(self, text):
        eventually(lambda: text in self.text, f"the page says {text!r}", explain=lambda: f"{self.path}\n{self.text}")

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def barriers(self):
        """What axe-core finds on the page that keeps people out, a line each."""
        self.run(axe().read_text())
        violations = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((found) => done(found.violations))")
        return [f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:200]}" for each in violations
                if each["impact"] in ("serious", "critical", "moderate")]

    def look_at(self, name):
        """The page fits a wide and a narrow screen in both shades, and keeps nobody out."""
        for width, shade in ((1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")):
            self.look(width, shade)
            eventually(lambda: self.run("return document.documentElement.dataset.shade") == shade, shade)
            assert self.run("return document.documentElement.scrollWidth") <= width, (name, width)
            if axe():
                assert not self.barriers(), (name, width, shade)
            if PICTURES:
                self.look(width, shade, self.run("return document.documentElement.scrollHeight"))
                self.driver.save_screenshot(f"{PICTURES}/{name}-{width}-{shade}.png")
        self.look(1280, "light")

    def tab_to(self, selector, text=""):
        """Tab after tab, as far as a page has them."""
        for _ in range(TABS_MAX):
            if self.focused.get_attribute("outerHTML") and self.focused in self.all(selector) and text in self.focused.text:
                return
            self.press(Keys.TAB)
        raise AssertionError(f"no tab leads to {selector} {text}\n{self.text}")

    def complaints(self):
        """Errors and warnings of the console since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]


@contextmanager
def logged_in(relay, password="correct horse"):
    """An admin sees the relay's first page, and it hears keys; nothing may be said to the console."""
    file = relay.folder / "password"
    file.write_text(password + "\n")
    relay.command("admin", "password", "--password-file", str(file))
    browser = Browser(f"http://127.0.0.1:{http_port(relay)}")
    try:
        browser.open("/")
        browser.log_in(password)
        browser.wait_until_live()
        browser.complaints()
        yield browser
        assert not browser.complaints()
    finally:
        browser.stop()
