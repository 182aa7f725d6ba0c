"""What the dashboard shows: sections of panels, as plain data.

In a query, @S stands for the selectors of job and instance, @E for those and the endpoint's, and @R for the
range that rates are taken over.
"""
from dataclasses import dataclass, field


@dataclass
class Query:
    expr: str
    legend: str = ""


@dataclass
class Panel:
    title: str
    description: str
    unit: str
    queries: list
    kind: str = "timeseries"  # or stat, heatmap
    width: int = 8
    stack: bool = False
    dashed: tuple = ()         # legends of limits and targets
    red_from: float | None = None    # from here on the value is bad
    red_below: float | None = None   # below this the value is bad
    decimals: int | None = None


@dataclass
class Section:
    title: str
    panels: list = field(default_factory=list)


def quantiles(metric, by=""):
    """The median, p99 and p99.9 of a histogram."""
    return [
        Query(f"histogram_quantile({q}, sum by (le{by}) (rate({metric}_bucket{{@E}}[@R])))", name)
        for q, name in ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))
    ]


ANSWERABLE = 'answer!~"invalid|none"'

SECTIONS = [
    Section("The promise, over the time shown", [
        Panel("Predictions inside the budget",
              "Share of requests answered by the model in time. Client faults and clients that left stand on "
              "neither side.",
              "percentunit",
              [Query('sum(increase(baton_requests_total{@E,answer="prediction"}[$__range])) / '
                     "sum(increase(baton_requests_total{@E,%s}[$__range]))" % ANSWERABLE)],
              kind="stat", width=6, red_below=0.99, decimals=2),
        Panel("Miss budget left",
              "What is left of the misses that the promised ratio allows, at the traffic of the time shown. "
              "Negative: the promise is broken.",
              "percentunit",
              [Query("1 - sum(increase(baton_deadline_misses_total{@E}[$__range])) / "
                     "sum(increase(baton_requests_total{@E,%s}[$__range])) / "
                     "(1 - min(baton_slo_target_ratio{@E}))" % ANSWERABLE)],
              kind="stat", width=6, red_below=0, decimals=1),
        Panel("Late answers",
              "Answers that left after their deadline. Misses happen under load; this never should.",
              "short", [Query("sum(increase(baton_late_answers_total{@E}[$__range]))")],
              kind="stat", width=6, red_from=0.5, decimals=0),
        Panel("Requests in flight", "Admitted and not yet answered, now.",
              "short", [Query("sum(baton_requests_in_flight{@E})")], kind="stat", width=6, decimals=0),
    ]),
    Section("Traffic and misses", [
        Panel("Goodput and offered load",
              "Requests that came in, and predictions that left inside their budget. Under overload goodput "
              "should stay at its peak while the offered load rises.",
              "reqps",
              [Query("sum(rate(baton_requests_received_total{@E}[@R]))", "offered"),
               Query('sum(rate(baton_requests_total{@E,answer="prediction"}[@R]))', "goodput")]),
        Panel("Misses by cause", "Requests whose answer was no prediction in time, by why.",
              "reqps", [Query("sum by (cause) (rate(baton_deadline_misses_total{@E}[@R]))", "{{cause}}")],
              stack=True),
        Panel("Answers by kind", "How requests ended, each exactly once.",
              "reqps", [Query("sum by (answer) (rate(baton_requests_total{@E}[@R]))", "{{answer}}")],
              stack=True),
    ]),
    Section("Time", [
        Panel("Budget used",
              "How much of its budget each request had used when its answer left. 100 % is the deadline: "
              "nothing may lie above it.",
              "percentunit",
              [Query("sum by (le) (rate(baton_request_budget_used_ratio_bucket{@E}[@R]))", "{{le}}")],
              kind="heatmap"),
        Panel("Budget used, quantiles", "The same as quantiles. 1 is the deadline.",
              "percentunit", quantiles("baton_request_budget_used_ratio"), red_from=1),
        Panel("Request duration",
              "From the first readable byte to the last byte handed to the kernel, with the default budget.",
              "s",
              quantiles("baton_request_duration_seconds")
              + [Query("min(baton_deadline_seconds{@E})", "default budget")],
              dashed=("default budget",)),
        Panel("Stages, p99", "Where slow requests spend their time: reading, queue, batch, run, writing.",
              "s", [Query("histogram_quantile(0.99, sum by (le, stage) "
                          "(rate(baton_stage_duration_seconds_bucket{@E}[@R])))", "{{stage}}")]),
        Panel("Stages, mean", "Where the average request spends its time; the stack is the whole.",
              "s", [Query("sum by (stage) (rate(baton_stage_duration_seconds_sum{@E}[@R])) / ignoring(stage) "
                          "group_left sum(rate(baton_request_duration_seconds_count{@E}[@R]))", "{{stage}}")],
              stack=True),
        Panel("Time to refuse", "How fast a request that cannot be served hears so.",
              "s", quantiles("baton_refusal_duration_seconds")),
    ]),
    Section("Queue and worker pool", [
        Panel("Workers", "Busy and idle workers.",
              "short", [Query("sum by (state) (baton_pool_workers{@S})", "{{state}}")], stack=True),
        Panel("Utilisation",
              "Share of the workers' time spent running tickets, and the part of it that nobody took the "
              "results of.",
              "percentunit",
              [Query("sum(rate(baton_pool_busy_seconds_total{@S}[@R])) / sum(baton_pool_workers{@S})", "busy"),
               Query("sum(rate(baton_wasted_run_seconds_total{@S}[@R])) / sum(baton_pool_workers{@S})",
                     "wasted")]),
        Panel("Queue depth", "Tickets that wait for a worker, and the hard cap on them.",
              "short",
              [Query("sum by (endpoint) (baton_queue_depth{@E})", "{{endpoint}}"),
               Query("min(baton_queue_limit{@E})", "limit")], dashed=("limit",)),
        Panel("Pending responses", "Admitted requests that are not answered yet, and how many there may be.",
              "short",
              [Query("sum(baton_pending_responses{@S})", "pending"),
               Query("sum(baton_pending_responses_limit{@S})", "limit")], dashed=("limit",)),
        Panel("Tickets run", "Tickets that workers ran to their end.",
              "ops", [Query("sum(rate(baton_pool_tasks_total{@S}[@R]))", "run")]),
        Panel("Late answers over time", "When answers left after their deadline, by endpoint.",
              "reqps", [Query("sum by (endpoint) (rate(baton_late_answers_total{@E}[@R]))", "{{endpoint}}")]),
    ]),
    Section("The door", [
        Panel("Backlog", "Connections that the kernel holds ready to be accepted, and how many it may hold.",
              "short",
              [Query("sum by (listener) (baton_listen_backlog_depth{@S})", "{{listener}}"),
               Query("sum by (listener) (baton_listen_backlog_limit{@S})", "{{listener}} limit")],
              dashed=(".* limit",)),
        Panel("Backlog drops", "Connections that a full backlog turned away: their clients wait a second.",
              "cps", [Query("sum by (listener) (rate(baton_listen_drops_total{@S}[@R]))", "{{listener}}")]),
        Panel("Connections", "Open connections by what they are doing.",
              "short", [Query("sum by (state) (baton_connections{@S})", "{{state}}")], stack=True),
        Panel("Connections opened and closed", "Accepted connections, and closed ones by why.",
              "cps",
              [Query("sum(rate(baton_connections_accepted_total{@S}[@R]))", "accepted"),
               Query("sum by (reason) (rate(baton_connections_closed_total{@S}[@R]))", "closed: {{reason}}")]),
        Panel("Unreadable requests", "Requests that were no HTTP that the server accepts, by what was wrong.",
              "reqps", [Query("sum by (reason) (rate(baton_http_parse_errors_total{@S}[@R]))", "{{reason}}")],
              stack=True),
        Panel("Bytes", "Read from and written to connections.",
              "Bps",
              [Query("sum(rate(baton_http_received_bytes_total{@S}[@R]))", "received"),
               Query("sum(rate(baton_http_sent_bytes_total{@S}[@R]))", "sent")]),
    ]),
    Section("Conductors and process", [
        Panel("Timer lag, p99", "How late the conductors' timers fire: the server's own error bound.",
              "s", [Query("histogram_quantile(0.99, sum by (le, conductor) "
                          "(rate(baton_conductor_timer_lag_seconds_bucket{@S}[@R])))", "{{conductor}}")]),
        Panel("Loop turn, p99", "The working part of a turn; everybody behind it waits that long.",
              "s", [Query("histogram_quantile(0.99, sum by (le, conductor) "
                          "(rate(baton_conductor_loop_duration_seconds_bucket{@S}[@R])))", "{{conductor}}")]),
        Panel("Conductors busy", "Share of each conductor's time spent working.",
              "percentunit",
              [Query("sum by (instance, conductor) (rate(baton_conductor_busy_seconds_total{@S}[@R]))",
                     "{{instance}} {{conductor}}")], red_from=0.9),
        Panel("CPU", "Cores in use.",
              "short", [Query("sum by (instance) (rate(process_cpu_seconds_total{@S}[@R]))", "{{instance}}")]),
        Panel("Memory", "Memory held in RAM.",
              "bytes", [Query("sum by (instance) (process_resident_memory_bytes{@S})", "{{instance}}")]),
        Panel("File descriptors", "Open descriptors, and how many may be open.",
              "short",
              [Query("sum by (instance) (process_open_fds{@S})", "{{instance}}"),
               Query("min(process_max_fds{@S})", "limit")], dashed=("limit",)),
    ]),
]

# (name, colour, expression, text)
ANNOTATIONS = [
    ("Restarts", "purple", "changes(process_start_time_seconds{@S}[@R]) > 0", "restarted"),
    ("Drains", "orange", "baton_draining{@S} == 1", "draining"),
    ("Configuration changes", "blue", "changes(baton_config_generation{@S}[@R]) > 0", "configuration changed"),
]
