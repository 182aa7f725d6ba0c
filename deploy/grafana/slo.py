"""The board of the promise: is it kept, since when not, and why."""
from panels import ANSWERABLE, Board, Panel, Query, Section, quantiles


def burn(window):
    """How fast the endpoint that does so fastest uses up the misses that it may have."""
    return (f"max(sum by (job, endpoint) (baton:misses:rate{window}{{@E}}) / "
            f"sum by (job, endpoint) (baton:answerable:rate{window}{{@E}}) / "
            "(1 - max by (job, endpoint) (baton_slo_target_ratio{@E})))")


BOARD = Board("baton-slo", "Baton: the promise", "Whether answers leave inside their budgets, and why not.", [
    Section("Is the promise kept?", [
        Panel("Predictions inside the budget",
              "Share of requests answered by the model in time, over the time shown. Client faults and clients that "
              "left stand on neither side.",
              "percentunit",
              [Query('sum(increase(baton_requests_total{@E,answer="prediction"}[$__range])) / '
                     "sum(increase(baton_requests_total{@E,%s}[$__range]))" % ANSWERABLE)],
              kind="stat", width=6, decimals=2),
        Panel("Miss budget left, 30 days",
              "What is left of the misses that the promised ratio allows in 30 days, of the endpoint that has least. "
              "Negative: the promise is broken. From the recording rules of deploy/prometheus/rules.yml.",
              "percentunit",
              [Query("min(1 - sum by (job, endpoint) (baton:misses:rate30d{@E}) / "
                     "sum by (job, endpoint) (baton:answerable:rate30d{@E}) / "
                     "(1 - max by (job, endpoint) (baton_slo_target_ratio{@E})))")],
              kind="stat", width=6, red_below=0, decimals=1),
        Panel("Late answers",
              "Answers that left after their deadline, over the time shown. Misses happen under load; this never "
              "should.",
              "short", [Query("sum(increase(baton_late_answers_total{@E}[$__range]))")],
              kind="stat", width=6, red_from=0.5, decimals=0),
        Panel("Requests in flight", "Received and not yet answered, now.",
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
        Panel("Misses by endpoint", "The same requests, by what they asked for.",
              "reqps", [Query("sum by (endpoint) (rate(baton_deadline_misses_total{@E}[@R]))", "{{endpoint}}")],
              stack=True),
    ]),
    Section("Time", [
        Panel("Budget used",
              "How much of its budget each request had used when its answer left. The row that ends at 1 is the last "
              "one before the deadline: nothing may lie above it.",
              "percentunit",
              [Query("sum by (le) (rate(baton_request_budget_used_ratio_bucket{@E}[@R]))", "{{le}}")],
              kind="heatmap", exemplars=True),
        Panel("Budget used, quantiles", "The same as quantiles, with the deadline as a line at 100 %.",
              "percentunit", quantiles("baton_request_budget_used_ratio"), red_from=1),
        Panel("Request duration",
              "From the first readable byte to the last byte handed to the kernel, with the shortest default budget "
              "dashed. The points are single requests with their trace_id, where Prometheus keeps exemplars.",
              "s",
              quantiles("baton_request_duration_seconds")
              + [Query("min(baton_deadline_seconds{@E})", "default budget")],
              dashed=("default budget",), exemplars=True),
    ]),
    Section("Burn rates, and saying no", [
        Panel("Burn rate, pages",
              "How fast the endpoint that is worst off uses up its misses: 1 is exactly as fast as promised. It pages "
              "from 14.4 over 1 h and 5 min, and from 6 over 6 h and 30 min. From the recording rules.",
              "short", [Query(burn(window), window) for window in ("5m", "30m", "1h", "6h")],
              lines=((6, "orange"), (14.4, "red"))),
        Panel("Burn rate, tickets",
              "The same over longer windows: a ticket from 3 over 1 d and 2 h, and from 1 over 3 d and 6 h.",
              "short", [Query(burn(window), window) for window in ("2h", "6h", "1d", "3d")],
              lines=((1, "orange"), (3, "red"))),
        Panel("Time to refuse", "How fast a request that cannot be served hears so.",
              "s", quantiles("baton_refusal_duration_seconds")),
    ]),
])
