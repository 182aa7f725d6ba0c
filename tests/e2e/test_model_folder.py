"""Models that come and go while the server runs: by an operator, by a watched folder, as canaries; nobody notices."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import environment
import http_raw
import server_process

BUNDLED = environment.ROOT / "server" / "models" / "bundled"
SAMPLE = json.loads((BUNDLED / "tumour.sample.json").read_text())


def put(folder, name, version, source="tumour"):
    """A version as a careful operator brings it: complete under another name first, then renamed."""
    target = pathlib.Path(folder) / name / str(version)
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.parent / f".{version}.new"
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir()
    shutil.copy(BUNDLED / f"{source}.onnx", hidden / "model.onnx")
    shutil.rmtree(target, ignore_errors=True)
    os.rename(hidden, target)
    return target


def configure(folder, name, text):
    path = pathlib.Path(folder) / name / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(".config.yaml.new")
    new.write_text(text)
    os.rename(new, path)


def version_of(server, path="/v2/models/m/infer"):
    reply = server.ask("POST", path, SAMPLE)
    return reply.json()["model_version"] if reply.status == 200 else reply.status


def version_after_pause(connection, path, body):
    """Of a request whose body comes when the server has looked at its head."""
    head, rest = http_raw.request("POST", path, body, [("Expect", "100-continue")]).split(b"\r\n\r\n", 1)
    connection.send(head + b"\r\n\r\n")
    assert connection.read_head().status == 100
    connection.send(rest)
    return connection.read().json()["model_version"]


def when(condition, seconds=30):
    deadline = time.monotonic() + environment.patience(seconds)
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def folder():
    """Readable by whomever root becomes: pytest's own folders are not."""
    with tempfile.TemporaryDirectory(prefix="baton-models-") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        put(path, "m", 1)
        yield path


@contextlib.contextmanager
def serving(folder, *flags):
    with server_process.running(*server_process.PLENTY, "--models", folder, *flags) as server:
        yield server


@contextlib.contextmanager
def asking(server, path="/v2/models/m/infer", connections=2):
    """Requests one after the other on each connection while the `with` runs; all of their statuses and versions, in
    the order of the answers where there is one connection."""
    seen, over = [], threading.Event()

    def ask():
        with server.connect() as connection:
            while not over.is_set():
                reply = connection.ask("POST", path, SAMPLE)
                seen.append((reply.status, reply.json().get("model_version")))

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_an_operator_loads_a_new_version_and_nobody_notices(folder):
    with serving(folder) as server:
        assert version_of(server) == "1"
        with asking(server, connections=1) as seen, asking(server, connections=1) as beside:
            when(lambda: len(seen) > 20 and len(beside) > 20)
            put(folder, "m", 2, "tumour_logistic")
            assert version_of(server) == "1", "a folder that nobody watches changes nothing by itself"
            done = server.batonctl("load", "m")
            assert "m     2        ready  yes      100%" in done.stdout, done.stdout
            before = len(seen), len(beside)
            when(lambda: len(seen) > before[0] + 20 and len(beside) > before[1] + 20)
        assert {status for status, _ in seen + beside} == {200}
        for versions in ([version for _, version in seen], [version for _, version in beside]):
            assert versions == sorted(versions) and set(versions) == {"1", "2"}, "from the old one to the new one, once"
        assert version_of(server, "/v2/models/m/versions/1/infer") == "1"


def test_the_same_version_can_be_replaced(folder):
    with serving(folder) as server:
        before = server.ask("POST", "/v2/models/m/infer", SAMPLE).json()["outputs"]
        put(folder, "m", 1, "tumour_logistic")
        server.batonctl("reload")
        after = server.ask("POST", "/v2/models/m/infer", SAMPLE).json()["outputs"]
        assert before != after


def test_a_version_that_does_not_load_leaves_the_old_one_serving_and_says_why(folder):
    with serving(folder) as server:
        bad = folder / "m" / "2"
        bad.mkdir()
        (bad / "model.onnx").write_bytes((BUNDLED / "tumour.onnx").read_bytes()[:1000])
        with asking(server) as seen:
            done = server.batonctl("load", "m", expect=None)
            when(lambda: len(seen) > 20)
        assert done.returncode == 1
        assert f"{bad}/model.onnx" in done.stderr and "ONNX Runtime" in done.stderr, done.stderr
        assert set(seen) == {(200, "1")}
        state = json.loads(server.batonctl("get", "model", "m", "-o", "json").stdout)
        assert [version["state"] for version in state["versions"]] == ["MODEL_VERSION_STATE_READY", "MODEL_VERSION_STATE_FAILED"]
        assert "model.onnx" in state["versions"][1]["reason"]
        reply = server.ask("POST", "/v2/models/m/versions/2/infer", SAMPLE)
        assert (reply.status, reply.header("Baton-Cause")) == (503, "model_unavailable")
        assert server.metrics()("baton_model_loads_total", endpoint="m", version="2", result="failed") == 1
        put(folder, "m", 2)
        server.batonctl("load", "m")
        assert version_of(server) == "2"


def test_a_wrong_configuration_is_told_with_its_place_and_changes_nothing(folder):
    with serving(folder) as server:
        configure(folder, "m", "default_budget: 20ms\nbatch: {max_size: many}\nversoins: {latest: 1}\n")
        done = server.batonctl("load", "m", expect=None)
        assert done.returncode == 1
        assert "config.yaml:2:" in done.stderr and "config.yaml:3:1: versoins" in done.stderr, done.stderr
        assert version_of(server) == "1"
        assert "8s" in server.batonctl("get", "endpoints").stdout
        configure(folder, "m", "default_budget: 2s\n")
        server.batonctl("load", "m")
        assert server.ask("POST", "/v2/models/m/infer", SAMPLE).header("Baton-Budget-Ms") == "2000"


def test_what_an_operator_has_set_outlives_a_load(folder):
    with serving(folder) as server:
        server.batonctl("set", "endpoint", "m", "default_budget=3s")
        put(folder, "m", 2)
        server.batonctl("load", "m")
        assert server.ask("POST", "/v2/models/m/infer", SAMPLE).header("Baton-Budget-Ms") == "3000"


def test_an_unloaded_model_is_unavailable_until_it_is_loaded_again(folder):
    put(folder, "other", 1)
    with serving(folder) as server:
        server.batonctl("unload", "m")
        reply = server.ask("POST", "/v2/models/m/infer", SAMPLE)
        assert (reply.status, reply.header("Baton-Answer"), reply.header("Baton-Cause")) == (503, "refused", "model_unavailable")
        assert reply.header("Retry-After") and "m" in reply.json()["error"]
        assert server.ask("GET", "/v2/models/m/ready").status == 503
        assert server.ask("GET", "/v2/models/m/ready").json() == {"name": "m", "ready": False}
        assert server.ask("GET", "/v2/health/ready").status == 200
        server.batonctl("reload")
        assert version_of(server) == 503, "an operator's word stands"
        assert version_of(server, "/v2/models/other/infer") == "1"
        server.batonctl("load", "m")
        assert version_of(server) == "1"


def test_a_server_is_not_ready_without_a_required_model(folder):
    configure(folder, "m", "required: true\n")
    put(folder, "other", 1)
    with serving(folder) as server:
        def ready():
            reply = server.ask("GET", "/v2/health/ready")
            return reply.status, reply.json()["ready"]

        assert ready() == (200, True)
        server.batonctl("unload", "other")
        assert version_of(server) == "1"
        assert ready() == (200, True), "nobody requires the other one"
        server.batonctl("unload", "m")
        when(lambda: ready() == (503, False))
        server.batonctl("load", "m")
        when(lambda: ready() == (200, True))
        log = server.log()
        assert log.count("required_model_missing") == log.count("required_models_answer") == 1


def test_reload_takes_up_new_models_and_lets_go_of_those_that_are_gone(folder):
    with serving(folder) as server:
        put(folder, "new", 7)
        configure(folder, "new", "default_budget: 1s\nlabels: {label: [no, yes]}\n")
        shutil.rmtree(folder / "m")
        server.batonctl("reload")
        reply = server.ask("POST", "/v2/models/new/infer", SAMPLE)
        assert (reply.status, reply.json()["model_version"], reply.header("Baton-Budget-Ms")) == (200, "7", "1000")
        assert server.ask("POST", "/v2/models/m/infer", SAMPLE).status == 404
        assert server.metrics()("baton_model_ready", endpoint="new", version="7") == 1


def test_the_version_policy_says_who_answers(folder):
    for version in (2, 3, 4):
        put(folder, "m", version)
    configure(folder, "m", "versions: {specific: [1, 3], labels: {stable: 1}}\n")
    with serving(folder) as server:
        assert version_of(server) == "3"
        assert version_of(server, "/v2/models/m/versions/stable/infer") == "1"
        assert version_of(server, "/v2/models/m/versions/2/infer") == 404
        assert server.ask("GET", "/v2/models/m").json()["versions"] == ["1", "3"]
        configure(folder, "m", "versions: {latest: 2}\n")
        server.batonctl("load", "m")
        assert server.ask("GET", "/v2/models/m").json()["versions"] == ["3", "4"]


def test_a_watched_folder_is_taken_up_when_it_is_whole(folder):
    with serving(folder, "--watch-models") as server:
        half = folder / "m" / "2"
        half.mkdir()
        model = (BUNDLED / "tumour.onnx").read_bytes()
        with asking(server) as seen, open(half / "model.onnx", "wb", buffering=0) as file:
            for start in range(0, len(model), len(model) // 20 + 1):  # as a slow copy does
                file.write(model[start:start + len(model) // 20 + 1])
                time.sleep(0.1)
            when(lambda: seen and seen[-1][1] == "2")
        assert {status for status, _ in seen} == {200}
        assert "model_not_loaded" not in server.log(), "half a file was loaded:\n" + server.log()
        shutil.rmtree(folder / "m" / "2")
        when(lambda: version_of(server) == "1")


def test_checksums_are_held_against_the_files(folder):
    (folder / "m" / "1" / "SHA256SUMS").write_text("0" * 64 + "  model.onnx\n")
    put(folder, "sound", 1)
    with pytest.raises(AssertionError, match="SHA256SUMS"):
        with serving(folder):
            pass
    text = environment.run("sha256sum", "model.onnx", cwd=folder / "m" / "1").stdout
    (folder / "m" / "1" / "SHA256SUMS").write_text(text)
    with serving(folder) as server:
        assert version_of(server) == "1"


def test_a_canary_gets_its_share_and_a_bad_one_is_taken_back(folder):
    # Version 2 needs another number of inputs: every request to it goes wrong, as bad input; so a sleeper stands in
    # for a slow canary: it misses each deadline, while version 1 answers.
    root = folder / "s"
    for version in (1, 2):
        (root / str(version)).mkdir(parents=True)
    configure(folder, "s", "backend: builtin\nparameters: {kind: sleeper}\n"
                           "canary: {version: 2, share: 50%, margin: 5%, min_requests: 50, window: 60s}\n")
    with serving(folder) as server:
        body = {"inputs": [{"name": "ms", "shape": [1], "datatype": "FP64", "data": [0]}]}
        spec = server.ask("GET", "/v2/models/s").json()["inputs"][0]
        body["inputs"][0].update(name=spec["name"], datatype=spec["datatype"], shape=[max(1, n) for n in spec["shape"]])
        versions = [server.ask("POST", "/v2/models/s/infer", body).json()["model_version"] for _ in range(100)]
        assert 45 <= versions.count("2") <= 55, versions
        with server.connect() as connection:
            versions = [version_after_pause(connection, "/v2/models/s/infer", body) for _ in range(20)]
        assert 8 <= versions.count("2") <= 12, versions

        slow = json.loads(json.dumps(body))
        slow["inputs"][0]["data"] = [400]
        deadline = time.monotonic() + environment.patience(60)
        with server.connect() as connection:
            # The canary alone is asked for what it cannot do in time.
            while "canary_taken_back" not in server.log():
                assert time.monotonic() < deadline, "the canary was not taken back:\n" + server.log()[-2000:]
                connection.ask("POST", "/v2/models/s/versions/2/infer", slow, [("Baton-Budget-Ms", "10")])
                connection.ask("POST", "/v2/models/s/versions/1/infer", body)
        versions = [server.ask("POST", "/v2/models/s/infer", body).json()["model_version"] for _ in range(40)]
        assert set(versions) == {"1"}
        assert server.metrics()("baton_canary_rollbacks_total", endpoint="s") == 1
        state = json.loads(server.batonctl("get", "model", "s", "-o", "json").stdout)
        assert "miss rate" in state["versions"][1]["reason"] and state["canary_version"] == ""


def test_many_loads_under_load_lose_no_request(folder):
    put(folder, "second", 1, "digits")
    with serving(folder) as server:
        with asking(server) as seen:
            for _ in range(5):
                server.batonctl("unload", "second")
                server.batonctl("load", "second")
            when(lambda: len(seen) > 50)
        assert set(seen) == {(200, "1")}


def test_a_request_under_way_keeps_its_model(folder):
    root = folder / "s"
    (root / "1").mkdir(parents=True)
    configure(folder, "s", "backend: builtin\nparameters: {kind: sleeper}\n")
    with serving(folder) as server:
        spec = server.ask("GET", "/v2/models/s").json()["inputs"][0]
        body = {"inputs": [{"name": spec["name"], "shape": [max(1, n) for n in spec["shape"]],
                            "datatype": spec["datatype"], "data": [environment.meanwhile(1500)]}]}
        with server.connect() as connection:
            connection.send(http_raw.request("POST", "/v2/models/s/infer", body))
            server.metrics_when(lambda now: now("baton_pool_workers", state="busy") >= 1)
            server.batonctl("unload", "s")
            assert connection.read().status == 200


def test_a_pipeline_is_one_endpoint_and_follows_its_models(folder):
    (folder / "add" / "1").mkdir(parents=True)
    configure(folder, "add", "backend: builtin\nparameters: {kind: linear, weights: \"1\", bias: \"1\"}\n")
    with serving(folder) as server:
        add = server.ask("GET", "/v2/models/add").json()
        inside, outside = add["inputs"][0], add["outputs"][0]
        (folder / "both").mkdir()
        configure(folder, "both", f"""default_budget: 2s
pipeline:
  steps:
    - model: add
      outputs: {{{outside["name"]}: sum}}
    - model: identity
      inputs: {{input: sum}}
      outputs: {{output: result}}
""")
        (folder / "identity" / "1").mkdir(parents=True)
        configure(folder, "identity", "backend: builtin\nparameters: {kind: identity, datatype: FP32, shape: \"[-1]\"}\n")
        server.batonctl("reload")
        body = {"inputs": [{"name": inside["name"], "datatype": "FP32", "shape": [1, 1], "data": [41]}]}
        reply = server.ask("POST", "/v2/models/both/infer", body)
        assert (reply.status, reply.header("Baton-Budget-Ms")) == (200, "2000"), reply
        assert [output["name"] for output in reply.json()["outputs"]] == ["result"]
        assert reply.json()["outputs"][0]["data"] == [42]
        assert server.ask("GET", "/v2/models/both").json()["platform"] == "baton_pipeline"

        configure(folder, "add", "backend: builtin\nparameters: {kind: linear, weights: \"1\", bias: \"9\"}\n")
        server.batonctl("load", "add")
        assert server.ask("POST", "/v2/models/both/infer", body).json()["outputs"][0]["data"] == [50]

        server.batonctl("unload", "add")
        reply = server.ask("POST", "/v2/models/both/infer", body)
        assert (reply.status, reply.header("Baton-Cause")) == (503, "model_unavailable")
        assert "'add' is not ready" in reply.json()["error"]
        server.batonctl("load", "add")
        assert server.ask("POST", "/v2/models/both/infer", body).status == 200


def test_labels_come_with_a_classification(folder):
    configure(folder, "m", "labels: {probabilities: [benign, malignant]}\n")
    with serving(folder) as server:
        body = {**SAMPLE, "outputs": [{"name": "probabilities", "parameters": {"classification": 1}}]}
        output = server.ask("POST", "/v2/models/m/infer", body).json()["outputs"][0]
        assert output["datatype"] == "BYTES" and output["data"][0].endswith(":1:malignant"), output
        configure(folder, "m", "labels: {probability: [benign, malignant]}\n")
        put(folder, "m", 2)
        done = server.batonctl("load", "m", expect=None)
        assert done.returncode == 1 and "labels: the model has no output 'probability'" in done.stderr, done.stderr


def test_warm_up_samples_are_run_and_a_wrong_one_is_told(folder):
    (folder / "m" / "sample.json").write_text(json.dumps(SAMPLE))
    configure(folder, "m", "warm_up: [sample.json]\n")
    with serving(folder) as server:
        assert server.metrics()("baton_model_ready", endpoint="m", version="1") == 1
        wrong = json.loads(json.dumps(SAMPLE))
        wrong["inputs"][0]["name"] = "x"
        (folder / "m" / "sample.json").write_text(json.dumps(wrong))
        put(folder, "m", 2)
        done = server.batonctl("load", "m", expect=None)
        assert done.returncode == 1 and "warm_up: a sample fails" in done.stderr, done.stderr
        assert version_of(server) == "1"


def test_a_cheaper_model_stands_in_for_one_that_is_unloaded(folder):
    put(folder, "cheap", 1, "tumour_logistic")
    configure(folder, "m", "fallback: {kind: model, model: cheap}\n")
    with serving(folder) as server:
        server.batonctl("unload", "m")
        reply = server.ask("POST", "/v2/models/m/infer", SAMPLE)
        assert (reply.status, reply.header("Baton-Answer"), reply.header("Baton-Cause")) == (200, "fallback", "model_unavailable")
        assert reply.json()["parameters"]["degraded"] is True


def test_a_canary_that_does_not_load_promotes_nobody(folder):
    put(folder, "m", 2)
    configure(folder, "m", "canary: {share: 50%}\n")
    with serving(folder) as server:
        bad = folder / "m" / "3"
        bad.mkdir()
        (bad / "model.onnx").write_bytes(b"no model")
        server.batonctl("load", "m", expect=1)
        state = json.loads(server.batonctl("get", "model", "m", "-o", "json").stdout)
        assert state["default_version"] == "1"
        put(folder, "m", 3)
        server.batonctl("load", "m")
        state = json.loads(server.batonctl("get", "model", "m", "-o", "json").stdout)
        assert (state["default_version"], state["canary_version"]) == ("2", "3")


def change(folder, name, text, version=1):
    (folder / name / str(version)).mkdir(parents=True, exist_ok=True)
    configure(folder, name, text)


IDENTITY = 'backend: builtin\nparameters: {kind: identity, datatype: FP32, shape: "[-1]"}\n'


def test_a_model_with_a_canary_may_become_a_pipeline(folder):
    put(folder, "m", 2)
    configure(folder, "m", "canary: {share: 10%}\n")
    with serving(folder) as server:
        shutil.rmtree(folder / "m" / "1")
        shutil.rmtree(folder / "m" / "2")
        configure(folder, "m", "pipeline: {steps: [{model: nosuch}]}\n")
        done = server.batonctl("load", "m", expect=1)
        assert "config.yaml" in done.stderr and "'nosuch'" in done.stderr
        time.sleep(1.5)  # the canaries are looked at once a second
        assert server.ask("GET", "/v2/health/live").status == 200
        assert server.ask("POST", "/v2/models/m/infer", SAMPLE).status == 503


def test_a_shape_that_is_too_large_is_no_reason_to_die(folder):
    with serving(folder) as server:
        change(folder, "big", 'backend: builtin\nparameters: {kind: identity, datatype: FP32, shape: "[549755813888]"}\n')
        server.batonctl("load", "big", expect=None)
        assert version_of(server) == "1"


def test_a_configuration_that_is_put_back_is_as_good_as_before(folder):
    change(folder, "i", IDENTITY)
    with serving(folder) as server:
        configure(folder, "i", IDENTITY.replace("FP32", "FPXX"))
        done = server.batonctl("load", "i", expect=1)
        assert f"{folder}/i/config.yaml" in done.stderr and "FPXX" in done.stderr, done.stderr
        configure(folder, "i", IDENTITY)
        assert "failed" not in server.batonctl("load", "i").stdout


def test_a_pipeline_is_no_step_of_itself(folder):
    change(folder, "i", IDENTITY)
    (folder / "p").mkdir()
    configure(folder, "p", "pipeline: {steps: [{model: i}]}\n")
    with serving(folder) as server:
        configure(folder, "p", "pipeline: {steps: [{model: p}]}\n")
        assert "lead back to 'p' itself" in server.batonctl("load", "p", expect=1).stderr
        for _ in range(3):
            server.batonctl("load", "i")
        assert server.log().count('"model_not_loaded","model":"p"') == 1


def test_a_pipe_in_place_of_a_list_holds_up_nobody(folder):
    os.mkfifo(folder / "m" / "1" / "SHA256SUMS")
    put(folder, "n", 1)
    with pytest.raises(AssertionError, match="SHA256SUMS"):
        with serving(folder):
            pass


def test_one_dangling_link_does_not_hold_up_the_rest(folder):
    with serving(folder) as server:
        (folder / "x").symlink_to("/nowhere")
        put(folder, "m", 2)
        done = server.batonctl("reload", expect=4)
        assert "leads nowhere" in done.stderr
        assert version_of(server) == "2"


def test_a_file_beside_the_configuration_changes_no_setting(folder):
    with serving(folder) as server:
        server.batonctl("set", "endpoint", "m", "default_budget=3s")
        (folder / "m" / "README").write_text("hello")
        server.batonctl("load", "m")
        assert server.ask("POST", "/v2/models/m/infer", SAMPLE).header("Baton-Budget-Ms") == "3000"


def test_a_load_under_way_does_not_hold_up_the_end(folder):
    sample = {"inputs": [{"name": "ms", "shape": [1], "datatype": "FP32", "data": [60000]}]}
    with serving(folder) as server:
        (folder / "s" / "1").mkdir(parents=True)
        (folder / "s" / "sample.json").write_text(json.dumps(sample))
        configure(folder, "s", "backend: builtin\nparameters: {kind: sleeper}\nwarm_up: [sample.json]\n")
        loading = threading.Thread(target=lambda: server.batonctl("load", "s", expect=None))
        loading.start()
        when(lambda: "load_model" in server.log())
        server.stop()
        loading.join()


def catches_interrupts(pid):
    caught = re.search(r"^SigCgt:\s*(\w+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]
    return int(caught, 16) & (1 << (signal.SIGINT - 1))


def test_an_operation_goes_on_behind_whoever_stops_waiting(folder):
    sample = {"inputs": [{"name": "ms", "shape": [1], "datatype": "FP32", "data": [60000]}]}
    with serving(folder) as server:
        (folder / "s" / "1").mkdir(parents=True)
        (folder / "s" / "sample.json").write_text(json.dumps(sample))
        configure(folder, "s", "backend: builtin\nparameters: {kind: sleeper}\nwarm_up: [sample.json]\n")
        waiting = subprocess.Popen([environment.program("batonctl"), "--server", server.admin, "load", "s"],
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        when(lambda: catches_interrupts(waiting.pid))
        name = json.loads(server.batonctl("get", "operations", "-o", "json").stdout)["operations"][0]["name"]
        waiting.send_signal(signal.SIGINT)
        said = waiting.communicate()[1]
        assert waiting.returncode == 130
        assert f"operation {name.partition('/')[2]} goes on" in said
        behind = server.batonctl("load", "m", "--no-wait", "-o", "name").stdout.strip().partition("/")[2]
        shown = server.batonctl("get", "operations").stdout.splitlines()
        assert [line.split()[3:5] for line in shown[1:]] == [["running", "0"], ["waits", "1"]]
        done = server.batonctl("wait", behind, "--timeout", "1s", expect=6)
        assert f"operation {behind} goes on" in done.stderr
        server.stop()


def test_what_config_yaml_changes_moves_the_etag_and_is_audited(folder):
    with serving(folder) as server:
        def endpoint():
            return json.loads(server.batonctl("get", "endpoint", "m", "-o", "json").stdout)
        before = endpoint()
        configure(folder, "m", "max_workers: 2\nversions: {labels: {stable: 1}}\n")
        server.batonctl("load", "m")
        after = endpoint()
        assert (before["max_workers"], after["max_workers"]) == (0, 2)
        assert int(after["etag"]) > int(before["etag"])
        stale = server.batonctl("set", "endpoint", "m", "min_workers=1", "--etag", before["etag"], expect=5)
        assert "somebody else has changed it" in stale.stderr
        server.batonctl("load", "m")
        assert endpoint()["etag"] == after["etag"]  # nothing was different
        server.batonctl("set", "endpoint", "m", "min_workers=1", "--etag", after["etag"])
        server.batonctl("unload", "m")
        assert server.ask("POST", "/reverse", b'{"data": "x"}').status == 200
        server.batonctl("reset", "estimator", "reverse")
        when(lambda: "estimator_reset" in server.log())
        log = server.log()
        for text in ("1=ready default=1 stable=1", "1=unloaded"):
            assert text in log, log
        (line,) = [line for line in log.splitlines() if "estimator_reset" in line]
        assert "samples=0" in line and "q50=" in line
