"""The board of single endpoints: how each does, where its time goes, and which versions answer."""
from panels import ANSWERABLE, Board, Column, Panel, Query, Section, quantile

READY = {1: ("ready", "green"), 0: ("not ready", "red")}

TABLES = [
    Panel("Endpoints",
          "Each endpoint now. The state is that of a model: ready while any version of it answers; a route has none. "
          "p99 is how long requests take, misses are the share of those that were no client's fault, batch is how many "
          "run together on average, budget is the default one.",
          "short",
          [Query("max by (endpoint) (baton_model_ready{@E})"),
           Query("sum by (endpoint) (rate(baton_requests_received_total{@E}[@R]))"),
           Query(quantile(0.99, "baton_request_duration_seconds", ", endpoint")),
           Query("sum by (endpoint) (rate(baton_deadline_misses_total{@E}[@R])) / "
                 "sum by (endpoint) (rate(baton_requests_total{@E,%s}[@R]))" % ANSWERABLE),
           Query("sum by (endpoint) (rate(baton_inferences_total{@E}[@R])) / "
                 "sum by (endpoint) (rate(baton_batches_total{@E}[@R]))"),
           Query("min by (endpoint) (baton_deadline_seconds{@E})"),
           Query("max by (endpoint) (baton_slo_target_ratio{@E})")],
          kind="table", width=24, keys={"endpoint": "Endpoint"},
          columns=(Column("State", words=READY), Column("Rate", "reqps"), Column("p99", "s"),
                   Column("Misses", "percentunit", 2, red_from=0.01), Column("Batch", "short", 1),
                   Column("Budget", "s"), Column("Promised", "percentunit", 2))),
    Panel("Versions",
          "Each version of each model, what runs it, and how long its last load took that succeeded.",
          "short",
          [Query("max by (endpoint, version) (baton_model_ready{@E})"),
           Query("max by (endpoint, version) (baton_model_load_duration_seconds{@E})"),
           Query('sum by (endpoint, version) (baton_model_loads_total{@E,result="ok"})'),
           Query('sum by (endpoint, version) (baton_model_loads_total{@E,result="failed"})')],
          kind="table", width=16, keys={"endpoint": "Endpoint", "version": "Version"},
          columns=(Column("State", words=READY), Column("Loaded in", "s"), Column("Loads", "short", 0),
                   Column("Failed loads", "short", 0, red_from=1))),
    Panel("Backends", "Versions by what runs them.",
          "short", [Query("count by (backend) (baton_model_info{@E})", "{{backend}}")], kind="stat", width=8),
]

TRAFFIC = [
    Panel("Requests", "Requests that came in, by endpoint.",
          "reqps", [Query("sum by (endpoint) (rate(baton_requests_received_total{@E}[@R]))", "{{endpoint}}")]),
    Panel("Answers by kind", "How requests ended, each exactly once.",
          "reqps", [Query("sum by (answer) (rate(baton_requests_total{@E}[@R]))", "{{answer}}")], stack=True),
    Panel("Share of misses", "Of the requests that were no client's fault, by endpoint.",
          "percentunit",
          [Query("sum by (endpoint) (rate(baton_deadline_misses_total{@E}[@R])) / "
                 "sum by (endpoint) (rate(baton_requests_total{@E,%s}[@R]))" % ANSWERABLE, "{{endpoint}}")]),
]

TIME = [
    Panel("Stages, mean", "Where the average request spends its time; the stack is the whole.",
          "s", [Query("sum by (stage) (rate(baton_stage_duration_seconds_sum{@E}[@R])) / ignoring(stage) "
                      'group_left sum(rate(baton_request_duration_seconds_count{@E,answer!="none"}[@R]))',
                      "{{stage}}")],
          stack=True),
    Panel("Stages, p99", "Where slow requests spend their time: reading, queue, batch, run, writing.",
          "s", [Query(quantile(0.99, "baton_stage_duration_seconds", ", stage"), "{{stage}}")]),
    Panel("Duration, p99", "From the first readable byte to the last byte handed to the kernel, by endpoint.",
          "s", [Query(quantile(0.99, "baton_request_duration_seconds", ", endpoint"), "{{endpoint}}")]),
]

RUNS = [
    Panel("Run time, believed and measured",
          "The 99 % of runs that admission reckons with, dashed, and what runs took.",
          "s",
          [Query('max by (endpoint) (baton_service_time_seconds{@E,q="0.99"})', "{{endpoint}} believed"),
           Query(quantile(0.99, "baton_stage_duration_seconds", ", endpoint", ',stage="run"'), "{{endpoint}}")],
          dashed=(".* believed",)),
    Panel("Requests in a run", "Mean size of the batches that ran.",
          "short",
          [Query("sum by (endpoint) (rate(baton_inferences_total{@E}[@R])) / "
                 "sum by (endpoint) (rate(baton_batches_total{@E}[@R]))", "{{endpoint}}")]),
    Panel("Batch sizes", "How many runs had how many requests.",
          "short", [Query("sum by (le) (rate(baton_batch_size_bucket{@E}[@R]))", "{{le}}")], kind="heatmap"),
    Panel("Runs a second", "Runs of models and routes, of one request or of several together.",
          "ops", [Query("sum by (endpoint) (rate(baton_batches_total{@E}[@R]))", "{{endpoint}}")]),
    Panel("Wasted run time", "Workers' time spent on results that nobody took, by endpoint.",
          "s", [Query("sum by (endpoint) (rate(baton_wasted_run_seconds_total{@E}[@R]))", "{{endpoint}}")]),
    Panel("Response cache", "Requests that it answered, that joined an equal one, and that had to run.",
          "reqps",
          [Query("sum(rate(baton_cache_hits_total{@E}[@R]))", "hit"),
           Query("sum(rate(baton_cache_joined_total{@E}[@R]))", "joined"),
           Query("sum(rate(baton_cache_misses_total{@E}[@R]))", "miss")], stack=True),
]

MODELS = [
    Panel("Loads and failures", "Loads of versions, by how they ended, since the server started.",
          "short",
          [Query("sum by (endpoint, result) (baton_model_loads_total{@E})", "{{endpoint}} {{result}}")]),
    Panel("Versions that answer", "How many versions of a model answer. None: its requests are refused.",
          "short", [Query("sum by (endpoint) (baton_model_ready{@E})", "{{endpoint}}")]),
    Panel("Canaries taken back", "Canaries that lost their share of the requests for being worse.",
          "short", [Query("sum by (endpoint) (baton_canary_rollbacks_total{@E})", "{{endpoint}}")]),
]

BOARD = Board("baton-endpoints", "Baton: endpoints", "How each endpoint does, and which versions answer.", [
    Section("At a glance", TABLES),
    Section("Traffic", TRAFFIC),
    Section("Where the time goes", TIME),
    Section("Runs", RUNS),
    Section("Models", MODELS),
])
