"""GET /openapi.json: it is a valid document, it has every route, and what it says is true."""

import json
import pathlib
import re

import pytest

import certificates
import environment
import server_process
from api_keys import KeyFile

TOOLS = environment.DEPS / "openapi-venv" / "bin"
CONFIGURATION = pathlib.Path(__file__).parent / "schemathesis.toml"
SEED = 7
ROUTES = {
    "/hello": {"get"},
    "/reverse": {"post"},
    "/v1/models/{m}:predict": {"post"},
    "/v2": {"get"},
    "/v2/health/live": {"get"},
    "/v2/health/ready": {"get"},
    "/v2/models/{m}": {"get"},
    "/v2/models/{m}/config": {"get"},
    "/v2/models/{m}/infer": {"post"},
    "/v2/models/{m}/ready": {"get"},
    "/v2/models/{m}/stats": {"get"},
    "/v2/models/{m}/versions/{v}": {"get"},
    "/v2/models/{m}/versions/{v}/config": {"get"},
    "/v2/models/{m}/versions/{v}/infer": {"post"},
    "/v2/models/{m}/versions/{v}/ready": {"get"},
    "/v2/models/{m}/versions/{v}/stats": {"get"},
    "/v2/models/stats": {"get"},
    "/v2/repository/index": {"post"},
    "/v2/repository/models/{m}/load": {"post"},
    "/v2/repository/models/{m}/unload": {"post"},
}


@pytest.fixture(scope="module")
def server(models_folder):
    flags = ["--models", models_folder, *server_process.PLENTY]
    with server_process.running(*flags, test_endpoints=False) as started:
        yield started


@pytest.fixture(scope="module")
def locked(models_folder):
    """A server whose clients need keys; with one that may come as often as it likes, and one that may once."""
    with certificates.folder() as place:
        file = KeyFile(place / "api-keys.yaml")
        keys = {"often": file.new("often", "--rate", "1000000/s"), "once": file.new("once", "--rate", "1/h")}
        flags = ["--models", models_folder, "--api-keys", file.path, *server_process.PLENTY]
        with server_process.running(*flags, test_endpoints=False) as started:
            yield started, keys


@pytest.fixture(scope="module")
def locked_document(locked):
    server, keys = locked
    return server.ask("GET", "/openapi.json", headers=[("X-API-Key", keys["often"])]).json()


@pytest.fixture(scope="module")
def document(server):
    reply = server.ask("GET", "/openapi.json")
    assert (reply.status, reply.header("Content-Type")) == (200, "application/json"), reply
    return reply.json()


def tool(name):
    path = TOOLS / name
    assert path.exists(), f"{path} is missing; install what the tests need: scripts/install-dependencies test"
    return path


def methods_of(path):
    return {key for key in path if key in ("get", "put", "post", "delete", "options", "head", "patch", "trace")}


def test_the_document_is_valid(document, tmp_path):
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    environment.run(tool("openapi-spec-validator"), file)


def test_it_is_valid_where_clients_need_keys(locked_document, tmp_path):
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(locked_document))
    environment.run(tool("openapi-spec-validator"), file)


def test_it_says_what_it_describes(document):
    assert document["openapi"].startswith("3.")
    assert document["info"]["version"] == environment.project_version()
    operations = [path[method] for path in document["paths"].values() for method in methods_of(path)]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation.get("summary") or operation.get("description") for operation in operations)


def test_it_has_every_route_and_no_other(document):
    def plain(path):
        """Whatever the parameters are called."""
        return re.sub(r"\{\w+\}", "{}", path)

    said = {plain(path): methods_of(methods) - {"head", "options"} for path, methods in document["paths"].items()}
    expected = {plain(path): methods for path, methods in ROUTES.items()}
    for optional in ("/openapi.json", "/v2/"):
        said.pop(optional, None)
    assert said == expected


def test_every_GET_that_it_names_is_answered(server, document):
    for path, methods in document["paths"].items():
        if "get" in methods:
            names = re.findall(r"\{(\w+)\}", path)
            values = dict(zip(names, ("plus", "10"), strict=False))
            assert server.ask("GET", path.format(**values)).status == 200, path


def test_every_error_that_it_names_has_the_protocols_body(document):
    def follow(part):
        while "$ref" in part:
            found = document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    for path, methods in document["paths"].items():
        for method in methods_of(methods):
            for status, response in methods[method]["responses"].items():
                if status[0] not in "45" or (path.endswith("/ready") and status == "503"):
                    continue
                schema = follow(follow(response)["content"]["application/json"]["schema"])
                assert "error" in schema["required"], (path, method, status)


def asked(path):
    """The path with names that are there."""
    return path.format(m="plus", v="10")


def test_it_says_which_routes_need_a_key(locked, locked_document, document):
    server, keys = locked
    assert "securitySchemes" not in document["components"] and "security" not in json.dumps(document["paths"])
    schemes = locked_document["components"]["securitySchemes"]
    for path, methods in locked_document["paths"].items():
        for method in methods_of(methods):
            operation = methods[method]
            reply = server.ask(method.upper(), asked(path))
            needs_key = bool(operation["security"])
            assert needs_key == (reply.status == 401) == ("401" in operation["responses"]), (path, reply.status)
            assert {name for way in operation["security"] for name in way} == (set(schemes) if needs_key else set())
    for header in [("Authorization", "Bearer " + keys["often"]), (schemes["ApiKey"]["name"], keys["often"])]:
        assert server.ask("GET", "/v2", headers=[header]).status == 200


def test_it_names_the_fields_of_refusals_for_a_key(locked, locked_document):
    server, keys = locked
    key = [("X-API-Key", keys["once"])]
    answered = server.ask("POST", "/reverse", {"data": "ab"}, key)
    replies = {"200": answered, "429": server.ask("POST", "/reverse", {"data": "ab"}, key),
               "401": server.ask("POST", "/reverse", {"data": "ab"})}
    operation = locked_document["paths"]["/reverse"]["post"]
    for status, reply in replies.items():
        assert str(reply.status) == status
        said = operation["responses"][status]
        if "$ref" in said:
            said = locked_document["components"]["responses"][status]
        expected = {"RateLimit"} if status == "200" else set(said["headers"])
        assert expected <= set(said["headers"])
        for field in expected:
            assert reply.header(field), (status, field)


def schemathesis(server, folder, phases, examples, document=None, settings=""):
    """`document`: where it cannot be had without a key."""
    configuration = folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.read_text() + settings)
    where = [f"http://{server.http}/openapi.json"]
    if document is not None:
        file = folder / "openapi.json"
        file.write_text(json.dumps(document))
        where = [file, "--url", f"http://{server.http}"]
    done = environment.run(
        tool("schemathesis"), "--config-file", configuration, "run", *where, "--checks", "all", "--phases", phases,
        "--max-examples", examples, "--seed", SEED, "--no-color", "--warnings", "off", expect=None, timeout=240, cwd=folder,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]


KNOWN = '\n[parameters]\n"path.m" = "plus"\n"path.v" = "10"\n'


@pytest.mark.parametrize("known", [True, False])
def test_schemathesis_finds_nothing(server, document, tmp_path, known):
    """`known`: every path names a model that is there, so that requests come as far as the model."""
    assert document
    if known:
        schemathesis(server, tmp_path, "examples,coverage,fuzzing,stateful", environment.fewer(20), settings=KNOWN)
    else:
        schemathesis(server, tmp_path, "fuzzing", environment.fewer(10))


def test_schemathesis_finds_no_route_that_forgets_to_ask_for_a_key(locked, locked_document, tmp_path):
    """Among its checks is one that repeats what was answered without the key, and with a wrong one."""
    server, keys = locked
    auth = f'\n[auth.openapi.ApiKey]\napi_key = "{keys["often"]}"\n'
    schemathesis(server, tmp_path, "examples,fuzzing", environment.fewer(4), locked_document, KNOWN + auth)
