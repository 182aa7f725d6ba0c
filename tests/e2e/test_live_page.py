"""The live page in a real browser: figures that move, what it looks like, and whom it keeps out."""

import json
import os
import re
import select
import subprocess

import pytest

import browser
import environment
import http_raw
import load
import server_process

WIDTHS = (360, 768, 1280, 1920)


@pytest.fixture(scope="module")
def server():
    with server_process.running("--workers", 2) as started:
        yield started


@pytest.fixture
def page(server, chromium):
    """The live page, which gets its samples."""
    with browser.opened(chromium, server, "/"):
        chromium.wait(lambda: "a sample a second" in chromium.text("#link"), "the first sample")
        yield chromium
        assert chromium.complaints() == []


def number(text):
    return float(re.sub(r"[^0-9.]", "", text) or "nan")


def overload(server, seconds=8):
    return load.offering(server, 3 * load.capacity(2), seconds)


def test_the_figures_move_with_the_load_and_a_miss_is_explained(server, page):
    assert page.text("#state") == "ready"
    with overload(server) as running:
        page.wait(lambda: number(page.text("#goodput")) > 0 and number(page.text("#offered")) > 0, "goodput")
        page.wait(lambda: number(page.text("#misses")) > 0, "misses")
        row = "#endpoints tr:has(th)"
        page.wait(lambda: page.script(
            "return [...document.querySelectorAll(arguments[0])].some((row) => row.cells[0].innerText === '/test/sleep'"
            " && Number(row.cells[1].innerText) > 0 && row.cells[5].innerText !== '')", row), "the endpoint's figures")
        label = "return document.querySelector('#rates-chart svg')?.getAttribute('aria-label') ?? ''"
        page.wait(lambda: re.search(r"goodput [\d.]+ a second now", page.script(label)), "the curve in words")
        browser.keep_picture(page, "live-under-load")
        running.result()
    why = page.wait(lambda: page.text("#last td.wide"), "a miss")
    assert "answered after" in why, why
    assert re.search(r"predicted .* to wait \(.* at most\)", page.text("#last")), page.text("#last")
    assert page.script("return document.querySelector('#last svg.waterfall').getAttribute('aria-label')") == why
    causes = page.script("return [...document.querySelectorAll('#causes tr')].filter((row) => !row.hidden)"
                         ".map((row) => [row.dataset.cause, row.cells[2].innerText, row.cells[4].innerText])")
    assert causes and all(number(count) > 0 and advice for _, count, advice in causes), causes
    assert not page.is_wider_than_window()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_window_and_keeps_nobody_out(server, page, scheme):
    for width in WIDTHS:
        page.look(scheme, width)
        page.wait(lambda: page.script("return document.querySelector('#rates-chart svg') !== null"), "the curves")
        assert not page.is_wider_than_window(), f"{width} px, {scheme}"
        if width in (360, 1280):
            assert page.faults() == [], f"{width} px, {scheme}"
        browser.keep_picture(page, f"live-{scheme}-{width}", whole=True)
    back = page.script("return getComputedStyle(document.documentElement).backgroundColor")
    lightness = sum(map(int, re.findall(r"\d+", back)[:3])) / 3
    assert lightness > 200 if scheme == "light" else lightness < 60, back


def test_the_keyboard_alone_reaches_everything(server, page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    reached = []
    for _ in range(40):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        reached.append(page.script(
            "const at = document.activeElement;"
            "return at.getAttribute('href') ?? at.getAttribute('aria-labelledby') ?? at.tagName"))
        if reached[-1] == "BODY":
            break
    for wanted in ("#main", "/", "/metrics", "causes-title", "endpoints-title", "last-title"):
        assert wanted in reached, reached
    assert reached[0] == "#main", "the first one leads past the rest"


def test_without_javascript_it_is_a_table(server):
    server.ask("POST", "/test/sleep", {"ms": 500}, [("Baton-Budget-Ms", "50")])
    with browser.open_browser(has_script=False) as plain:
        def has_miss():
            plain.open(f"http://{server.pages}/")
            seen = plain.driver.find_element("css selector", "main").text
            return seen if "/test/sleep timeout expired_" in seen else None

        seen = plain.wait(has_miss, "the miss in a sample")
        assert "Goodput" in seen and "answered after" in seen, seen
        assert "Requests a second" not in seen, "curves need the script"


def test_a_program_reads_the_same_figures(server):
    with subprocess.Popen([environment.tool("curl"), "-sN", f"http://{server.pages}/events"],
                          stdout=subprocess.PIPE) as watching:
        try:
            text = b""
            while text.count(b"event: sample") < 2:
                ready, _, _ = select.select([watching.stdout], [], [], environment.patience(20))
                assert ready, text
                text += os.read(watching.stdout.fileno(), 65536)
        finally:
            watching.kill()
    first = json.loads(re.search(rb"event: sample\ndata: (.*)\n\n", text).group(1))
    assert first["server"]["state"] == "ready"
    assert {"tumour", "/test/sleep"} <= {one["name"] for one in first["endpoints"]}
    assert [one["versions"][0]["state"] for one in first["models"]] == ["ready"] * 3


def test_who_is_no_browser_gets_a_short_text_and_other_sites_get_nothing(server):
    answer = environment.run(environment.tool("curl"), "-s", f"http://{server.pages}/").stdout
    assert "/metrics" in answer and "<" not in answer
    host = ("Host", server.pages)
    for headers in ([host, ("Sec-Fetch-Site", "cross-site")], [host, ("Origin", "http://evil.example")],
                    [("Host", "evil.example")]):
        refused = http_raw.ask(server.pages, "GET", "/events", None, headers)
        assert refused.status == 403, (headers, refused)
        assert refused.error
