"""Chromium without a window, and what the tests of the dashboard do in it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from peers.package import PEERS
from peers.presence import missing, program
from peers.relay import ROOT
from peers.waiting import eventually

try:
    from selenium import webdriver
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver, Keys = None, None

UI = ROOT / "ui"
PICTURES = os.environ.get("WAYPOST_PICTURES")  # a folder for pictures of pages, to look at
AXE = Path("node_modules", "axe-core", "axe.min.js")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--no-first-run")

TABS_MAX = 60


def axe():
    """The file of axe-core, as ./dev ui or else this fetches it; none where there is no npm, which Debian makes of
    354 packages."""
    fetched = PEERS / "ui"
    for folder in (UI, fetched):
        if (folder / AXE).exists():
            return folder / AXE
    npm = shutil.which("npm")
    if not npm:
        return None
    shutil.rmtree(fetched, ignore_errors=True)
    fetched.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(UI / name, fetched)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=fetched, check=True, stdout=sys.stderr)
    return fetched / AXE


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
        self.driver = webdriver.Chrome(service=Service(program("chromedriver")), options=options)
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
