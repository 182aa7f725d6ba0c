"""A real browser, headless: Chromium, driven by its own driver."""

import base64
import contextlib
import json
import os
import pathlib
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import environment

AXE = environment.DEPS / "axe" / "axe.min.js"
# What of axe-core's findings nobody may be left with.
SERIOUS = ("serious", "critical")
# Where to keep pictures of the pages; none are taken without.
PICTURES = os.environ.get("BATON_PICTURES")


class Browser:
    """One window. `light` or dark, and its size, are as the test says; nothing of it is kept."""

    def __init__(self, has_script=True):
        options = webdriver.ChromeOptions()
        options.binary_location = environment.tool("chromium")
        for word in ("headless=new", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars",
                     "disable-background-networking", "disable-component-update", "disable-sync", "no-first-run"):
            options.add_argument("--" + word)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        if not has_script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(environment.tool("chromedriver")))
        self.driver.set_page_load_timeout(environment.patience(30))
        self.driver.set_script_timeout(environment.patience(60))

    def look(self, scheme="light", width=1280, height=900):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme},
                         {"name": "prefers-reduced-motion", "value": "reduce"}]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, url):
        self.driver.get(url)

    def text(self, selector):
        return self.driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def wait(self, condition, what, seconds=30):
        """What `condition()` gives as soon as that is true."""
        deadline = time.monotonic() + environment.patience(seconds)
        while time.monotonic() < deadline:
            outcome = condition()
            if outcome:
                return outcome
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}; the page says:\n{self.text('main')[:3000]}")

    def is_wider_than_window(self):
        return self.script("return document.documentElement.scrollWidth > document.documentElement.clientWidth")

    def faults(self):
        """axe-core's serious findings, a line each."""
        self.script(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((all) => done(all.violations), (error) => done(String(error)))")
        assert isinstance(found, list), found
        return [f"{one['id']} ({one['impact']}): {node['html'][:200]}: {node['failureSummary'][:300]}"
                for one in found if one["impact"] in SERIOUS for node in one["nodes"]]

    def complaints(self):
        """What the console has been told since the call before."""
        return [one["message"] for one in self.driver.get_log("browser") if one["level"] in ("SEVERE", "WARNING")]

    def asked(self):
        """The addresses that were asked since the call before."""
        events = (json.loads(one["message"])["message"] for one in self.driver.get_log("performance"))
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]

    def picture(self, path, whole=False):
        """A PNG of the window, or of the whole page."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.driver.quit()


@contextlib.contextmanager
def open_browser(**options):
    browser = Browser(**options)
    try:
        yield browser
    finally:
        browser.close()


@contextlib.contextmanager
def opened(chromium, server, path):
    """A page of the server in a window of the usual size. At the end of the `with` nobody but the server has been asked."""
    chromium.look()
    chromium.asked()
    chromium.complaints()
    chromium.open(f"http://{server.pages}{path}")
    yield chromium
    others = [url for url in chromium.asked() if not url.startswith((f"http://{server.pages}/", "data:", "chrome"))]
    assert others == [], "requests left the host"
    chromium.open("about:blank")  # and does not watch any more


def keep_picture(chromium, name, whole=False):
    if PICTURES:
        chromium.picture(pathlib.Path(PICTURES) / f"{name}.png", whole)
