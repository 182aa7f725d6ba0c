"""The configuration file: checked, shown, and what wins over what."""

import json
import os

import pytest

import environment
import server_process
from environment import ROOT, program, run

SERVER = "baton-server"
ANYWHERE = "listeners: {http: '127.0.0.1:0', grpc: '127.0.0.1:0', admin: '127.0.0.1:0', pages: '127.0.0.1:0'}\n"


def baton(*words, expect=0, variables=None, **options):
    """The program with nothing of ours in its environment but `variables`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    return run(program(SERVER), *words, expect=expect, env={**clean, **(variables or {})}, **options)


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="baton.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


def dumped(*words, **options):
    return baton("config", "dump", "-o", "json", *words, **options).stdout


def test_a_server_serves_as_its_file_says(write):
    file = write(ANYWHERE + "workers: 3\ntest_endpoints: true\nendpoints: {tumour: {max_workers: 2}}\n")
    with server_process.running("--config", file, listeners=(), test_endpoints=False, laws=False) as server:
        assert json.loads(server.batonctl("get", "pool", "-o", "json").stdout)["size"] == 3
        assert server.ask("POST", "/test/sleep", {"ms": 1}, [("Baton-Budget-Ms", "8000")]).status == 200
        shown = server.batonctl("get", "endpoint", "tumour", "-o", "json").stdout
        assert json.loads(shown)["max_workers"] == 2


def test_flags_win_over_the_environment_over_the_file_over_defaults(write):
    file = write("workers: 2\nbacklog: 20\nuser: file\nlimits: {json_depth: 9}\n")
    origins = json.loads(dumped(
        "--origin", "--config", file, "--workers", 4, "--limit", "json_depth=8",
        variables={"BATON_WORKERS": "3", "BATON_BACKLOG": "30"},
    ))
    found = {one["key"]: (one["value"], one["origin"]) for one in origins}
    assert found["workers"] == (4, "flag --workers")
    assert found["backlog"] == (30, "env BATON_BACKLOG")
    assert found["user"] == ("file", f"{file}:3:7")
    assert found["limits.json_depth"] == (8, "flag --limit json_depth")
    assert found["policy"] == ("baton", "default")


def test_a_dump_is_a_file_that_says_the_same(write):
    file = write(
        "listeners: {http: '[::1]:0', admin: off}\nworkers: 3\nuser: 'a b: #\"x'\n"
        "endpoints: {/reverse: {max_workers: 1}, 'a:b': {}}\n"
        "static_files: {/static: /usr}\n")
    whole = dumped("--config", file)
    for words in (("-o", "yaml"), ("-o", "json"), ("--origin",)):
        again = write(baton("config", "dump", *words, "--config", file).stdout, "again.yaml")
        assert dumped("--config", again) == whole


def test_the_file_may_be_named_by_the_environment(write):
    file = write("workers: 7\n")
    assert json.loads(dumped(variables={"BATON_CONFIG": str(file)}))["workers"] == 7
    other = write("workers: 8\n", "other.yaml")
    assert json.loads(dumped("--config", other, variables={"BATON_CONFIG": str(file)}))["workers"] == 8


def test_everything_that_is_wrong_is_said_at_once_with_its_place(write):
    file = write("worker: 3\nbacklog: many\nlimits:\n  body_byte: 1MiB\n  head_time: 1y\n")
    for words, code in ((("check",), 1), (("config", "dump"), 2), ((), 2)):
        done = baton(*words, "--config", file, "--conductors", "0", expect=code, variables={"BATON_LOG_LEVL": "info"})
        assert done.stdout == ""
        for part in (
            f"{file}:1:1: worker: unknown key", "did you mean workers?", f"{file}:2:10: backlog: expected a whole number",
            f"{file}:4:3: limits.body_byte: unknown key", "did you mean body_bytes?", f"{file}:5:14: limits.head_time: ",
            "env BATON_LOG_LEVL: unknown variable (did you mean BATON_LOG_LEVEL?)",
            "flag --conductors: conductors: expected 1 to 64, or auto, got '0'",
        ):
            assert part in done.stderr, done.stderr


def test_what_does_not_go_together_is_said_at_once(write):
    file = write(
        "listeners: {pages: '127.0.0.1:8081'}\nbudgets: {default: 20s}\nlimits: {body_bytes: 1GiB}\nworkers: 1\n"
        "endpoints: {digits: {min_workers: 2, fallback: {kind: model, model: digits}}}\n")
    stderr = baton("check", "--config", file, expect=1).stderr
    for part in ("listeners.pages: is 127.0.0.1:8081", "budgets.default: is 20s", "limits.held_bytes: is 256MiB",
                 "endpoints.digits.min_workers: is 2", "endpoints.digits.fallback.model: is 'digits' itself"):
        assert part in stderr, stderr


def test_check_loads_what_would_be_loaded(write, tmp_path):
    assert baton("check").stdout == "nothing is wrong\n"
    bundled = ROOT / "server" / "models" / "bundled"
    for name, content in (("good", (bundled / "tumour_logistic.onnx").read_bytes()), ("broken", b"this is no model")):
        (tmp_path / "models" / name / "1").mkdir(parents=True)
        (tmp_path / "models" / name / "1" / "model.onnx").write_bytes(content)
    (tmp_path / "models" / "good" / "config.yaml").write_text("max_worker: 2\n")
    file = write(f"models: {{folder: {tmp_path}/models}}\nendpoints: {{nobody: {{max_workers: 1}}}}\n")
    stderr = baton("check", "--config", file, expect=1).stderr
    for part in ("good/config.yaml:1:1: max_worker: unknown key", "broken/1/model.onnx",
                 f"{file}:2:35: endpoints.nobody: there is no such endpoint, expected one of"):
        assert part in stderr, stderr
    (tmp_path / "models" / "good" / "config.yaml").write_text("max_workers: 2\n")
    (tmp_path / "models" / "broken" / "1" / "model.onnx").write_bytes((bundled / "digits.onnx").read_bytes())
    file.write_text(f"models: {{folder: {tmp_path}/models}}\nendpoints: {{good: {{max_workers: 1}}}}\n")
    assert baton("check", "--config", file).stderr == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody")
def test_check_looks_for_the_user(write):
    assert "no user 'nobody-of-the-name'" in baton("check", "--user", "nobody-of-the-name", expect=1).stderr


def test_check_runs_no_model_and_takes_no_port(write):
    with server_process.running() as server:
        assert baton("check", "--http", server.http).stdout == "nothing is wrong\n"


@pytest.mark.parametrize("make, said", [
    (lambda path: path.mkdir(), "is not a file"),
    (lambda path: None, "is not there"),
    (lambda path: path.touch() or os.truncate(path, 100_000_000), "is too large, expected at most 1MiB"),
    (lambda path: os.mkfifo(path), "is not a file"),
    (lambda path: path.write_text("workers: [1\n"), ":2:1: "),
    (lambda path: path.write_bytes(b"\x00\xff\xfe"), ""),
], ids=["directory", "missing", "100 MB", "fifo", "no YAML", "no text"])
def test_what_is_no_configuration_file_is_refused(tmp_path, make, said):
    path = tmp_path / "baton.yaml"
    make(path)
    stderr = baton("check", "--config", path, expect=1).stderr
    assert str(path) in stderr and said in stderr, stderr


def test_a_file_that_may_not_be_read_is_refused(write):
    file = write("workers: 2\n")
    file.chmod(0)
    # Root without what lets it read everything.
    through = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = run(*through, program(SERVER), "check", "--config", file, expect=1)
    assert f"{file}: cannot be read" in done.stderr, done.stderr


def test_variables_of_others_are_let_pass_and_named(write):
    done = baton("check", variables={"BATON_BIN": "/b", "BATON_SLOW_FACTOR": "1", "BATON_ADMIN": "127.0.0.1:1"})
    assert "env BATON_BIN: means nothing to the server" in done.stderr
    assert "BATON_ADMIN" not in done.stderr  # batonctl's


def test_the_example_is_checked_in_and_right(write):
    text = (ROOT / "docs" / "baton.example.yaml").read_text()
    assert baton("config", "example").stdout == text
    example = write(text)
    assert baton("check", "--config", example).stdout == "nothing is wrong\n"
    assert dumped("--config", example) == dumped()


VALIDATE = """
import json, sys, yaml, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    print(len(list(validator.iter_errors(yaml.safe_load(open(path))))))
"""


def test_the_json_schema_takes_what_the_server_takes(write):
    schema = write(baton("config", "schema").stdout, "schema.json")
    odd = write("conductors: auto\nlisteners: {admin: 'off'}\nendpoints: {a: {batch: {max_delay: 1.5ms}}}\n"
                "limits: {body_rate: 240}\nstatic_files: {/s: /usr}\n", "odd.yaml")
    baton("config", "dump", "--config", odd)
    whole = write(baton("config", "dump").stdout, "dump.yaml")
    wrong = write("worker: 1\nbacklog: many\nlimits: {json_depth: 0}\nhalf_close: 'yes'\nbudgets: {max: soon}\n", "wrong.yaml")
    python = environment.DEPS / "openapi-venv" / "bin" / "python"
    example = ROOT / "docs" / "baton.example.yaml"
    done = run(python, "-B", "-c", VALIDATE, schema, example, whole, odd, wrong)
    assert done.stdout.split() == ["0", "0", "0", "5"]
