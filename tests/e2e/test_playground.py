"""The playground and the API page in a real browser: a prediction, a miss that is explained, and lines that run."""

import re

import pytest

import api_keys
import browser
import certificates
import environment
import http_raw
import server_process


@pytest.fixture(scope="module")
def server():
    with server_process.running("--workers", 2) as started:
        yield started


@pytest.fixture
def place():
    with certificates.folder() as folder:
        yield folder


@pytest.fixture
def page(server, chromium):
    """The form, for the model that is offered first."""
    with browser.opened(chromium, server, "/playground"):
        chromium.wait(lambda: "tumour" in chromium.text("#curl"), "the form")
        yield chromium
        # A miss is no failure of the page; the browser notes each answer above 399 all the same.
        assert [one for one in chromium.complaints() if "Failed to load resource" not in one] == []


def choose(page, place, value):
    page.script("const at = document.getElementById(arguments[0]); at.value = arguments[1];"
                "at.dispatchEvent(new Event('input', {bubbles: true}));"
                "at.dispatchEvent(new Event('change', {bubbles: true}))", place, value)


def predict(page):
    page.script("document.getElementById('outcome').replaceChildren(); document.getElementById('predict').click()")
    return page.wait(lambda: page.text("#kind"), "an answer")


def counted(server, **labels):
    return server.metrics_when_idle()("baton_requests_total", endpoint="tumour", **labels)


def test_a_prediction_is_made_and_counted_as_any_other(server, page):
    before = counted(server, answer="prediction")
    choose(page, "budget", "400")  # 5 s
    choose(page, "sample", "3")
    assert predict(page) == "prediction", page.text("#outcome")
    seen = page.text("#outcome")
    assert "label" in seen and "probabilities" in seen and "In truth" in seen.replace("in truth", "In truth"), seen
    assert re.search(r"run [\d.]+ ms", seen), seen
    assert page.script("return document.querySelector('#outcome svg.waterfall') !== null")
    assert counted(server, answer="prediction") == before + 1
    browser.keep_picture(page, "playground", whole=True)


def test_a_miss_says_its_cause_in_words(server, page):
    # No slider goes so far down: with nothing left of its budget a request is a miss on every machine.
    page.script("const real = window.fetch; window.fetch = (url, options) => {"
                "  if (options?.headers?.['Baton-Budget-Ms']) options.headers['Baton-Budget-Ms'] = '0';"
                "  return real(url, options); }")
    kind = predict(page)
    assert kind in ("timeout", "refused"), page.text("#outcome")
    assert page.text("#cause") and page.text("#why").endswith("."), page.text("#outcome")
    browser.keep_picture(page, "playground-miss", whole=True)


def test_what_is_wrong_with_the_form_is_said(page):
    choose(page, "data-0", "[1, 2]")
    predict(page)
    assert "expected 30 elements" in page.text("#error")
    choose(page, "data-0", "one, two")
    page.script("document.getElementById('predict').click()")
    page.wait(lambda: "no JSON" in page.text("#trouble"), "a complaint")


def test_an_api_key_leaves_the_budget_as_it_was_chosen(page):
    choose(page, "budget", "123")
    shown = page.text("#budget-text")
    choose(page, "key", "some-key")
    page.wait(lambda: "BATON_KEY" in page.text("#curl"), "the lines with the key")
    assert page.script("return document.getElementById('budget').value") == "123"
    assert page.text("#budget-text") == shown


def test_of_a_model_that_is_not_known_nothing_is_asked(page):
    page.script("window.fetch = () => Promise.reject(new Error('gone'));"
                "document.getElementById('model').dispatchEvent(new Event('change', {bubbles: true}))")
    page.wait(lambda: "inputs are not known: gone" in page.text("#trouble"), "a complaint")
    page.script("document.getElementById('predict').click()")
    assert "inputs are not known" in page.text("#trouble")
    assert page.script("return document.getElementById('inputs').children.length") == 0
    assert page.text("#curl") == "" and page.text("#kind") == ""


def test_the_lines_to_copy_run(server, page):
    choose(page, "budget", "400")
    curl = page.text("#curl")
    assert f"http://{server.http}/" in curl
    done = environment.run("bash", "-c", curl.replace("curl ", "curl -s ", 1))
    assert '"outputs"' in done.stdout, done
    python = environment.run("/usr/bin/python3", "-c", page.text("#python"))
    assert python.stdout.startswith("prediction [{"), python.stdout


@pytest.mark.parametrize("path", ["playground", "api"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_fit_every_window_and_keep_nobody_out(server, chromium, path, scheme):
    chromium.open(f"http://{server.pages}/{path}")
    ready = "#curl" if path == "playground" else "#api section"
    chromium.wait(lambda: chromium.text(ready), path)
    if path == "api":
        chromium.script("document.querySelectorAll('details').forEach((one) => {"
                        "  one.open = one.innerHTML.includes('/infer'); })")
    for width in (360, 768, 1280, 1920):
        chromium.look(scheme, width)
        assert not chromium.is_wider_than_window(), f"{width} px"
        if width in (360, 1280):
            assert chromium.faults() == [], f"{width} px"
            browser.keep_picture(chromium, f"{path}-{scheme}-{width}", whole=True)


def test_the_api_page_has_every_operation(server, chromium):
    paths = server.ask("GET", "/openapi.json").json()["paths"]
    wanted = {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method != "parameters"}
    chromium.open(f"http://{server.pages}/api")
    chromium.wait(lambda: chromium.text("#api section"), "the operations")
    shown = chromium.script("return [...document.querySelectorAll('summary')].map((one) =>"
                            " one.children[0].textContent + ' ' + one.children[1].textContent)")
    assert set(shown) == wanted


def test_the_data_plane_is_asked_from_these_pages_only(server):
    host = ("Host", server.pages)
    assert http_raw.ask(server.pages, "GET", "/data/v2", None, [host]).json()["name"] == "baton"
    for headers in ([host, ("Origin", "http://evil.example")], [host, ("Sec-Fetch-Site", "same-site")],
                    [("Host", "evil.example")]):
        for method, path in (("GET", "/data/v2"), ("POST", "/data/v2/models/tumour/infer")):
            assert http_raw.ask(server.pages, method, path, None, headers).status == 403, headers
    unload = http_raw.ask(server.pages, "POST", "/data/v2/repository/models/tumour/unload", None, [host])
    assert unload.status == 404 and "expected" in unload.error


def test_where_clients_need_keys_these_pages_do_too(place):
    keys = api_keys.KeyFile(place / "keys")
    token = keys.new("ann")
    with server_process.running("--api-keys", keys.path, *server_process.PLENTY) as server:
        host = ("Host", server.pages)
        assert http_raw.ask(server.pages, "GET", "/data/v2", None, [host]).status == 401
        let_in = http_raw.ask(server.pages, "GET", "/data/v2", None, [host, ("Authorization", f"Bearer {token}")])
        assert let_in.status == 200, let_in


def test_beyond_loopback_single_requests_are_not_shown_and_the_data_plane_is_not_asked():
    everywhere = ("--http", "127.0.0.1:0", "--grpc", "off", "--admin", "127.0.0.1:0", "--pages", "0.0.0.0:0",
                  "--admin-socket", "off")
    with server_process.running(listeners=everywhere) as server:
        refused = http_raw.ask(server.pages, "GET", "/data/v2", None, [("Host", server.pages)])
        assert refused.status == 403 and "--api-keys" in refused.error, refused
        page = http_raw.ask(server.pages, "GET", "/", None, [("Accept", "text/html")])
        assert page.status == 200 and b"not shown" in page.body
