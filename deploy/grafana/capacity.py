"""The board of what there is, and of what gets tight: queue, workers, door, conductors, process, operators."""
from panels import Board, Panel, Query, Section, quantile


def by(label, metric, selectors="@S"):
    return Query(f"sum by ({label}) ({metric}{{{selectors}}})", f"{{{{{label}}}}}")


def rate_by(label, metric, selectors="@S"):
    return Query(f"sum by ({label}) (rate({metric}{{{selectors}}}[@R]))", f"{{{{{label}}}}}")


QUEUE_AND_WORKERS = [
    Panel("Queue depth", "Tickets that wait for a worker, and the hard cap on them.",
          "short",
          [by("endpoint", "baton_queue_depth", "@E"), Query("min(baton_queue_limit{@E})", "limit")],
          dashed=("limit",)),
    Panel("Wait, believed and measured",
          "What admission believes that a request would wait now, of the endpoint where that is most, beside what "
          "requests did wait. Far apart: runs take other times than they did.",
          "s",
          [Query("max(baton_queue_wait_estimate_seconds{@E})", "believed"),
           Query(quantile(0.5, "baton_stage_duration_seconds", more=',stage="queue"'), "measured p50"),
           Query(quantile(0.99, "baton_stage_duration_seconds", more=',stage="queue"'), "measured p99")],
          dashed=("believed",)),
    Panel("Pool utilisation",
          "Share of the workers' time spent running tickets, and the part of it that nobody took the results of.",
          "percentunit",
          [Query("sum(rate(baton_pool_busy_seconds_total{@S}[@R])) / sum(baton_pool_workers{@S})", "busy"),
           Query("sum(rate(baton_wasted_run_seconds_total{@S}[@R])) / sum(baton_pool_workers{@S})", "wasted")],
          red_from=0.85),
    Panel("Workers", "Busy and idle workers, and those that are stuck in a run that nobody waits for.",
          "short", [by("state", "baton_pool_workers"), Query("sum(baton_pool_zombies{@S})", "stuck")]),
    Panel("Tickets run", "Tickets that workers took.",
          "ops", [Query("sum by (instance) (rate(baton_pool_tasks_total{@S}[@R]))", "{{instance}}")]),
    Panel("Pending responses", "Admitted requests that are not answered yet, and how many there may be.",
          "short",
          [Query("sum(baton_pending_responses{@S})", "pending"),
           Query("sum(baton_pending_responses_limit{@S})", "limit")], dashed=("limit",)),
]

DOOR = [
    Panel("Backlog", "Connections that the kernel holds ready to be accepted, and how many it may hold.",
          "short",
          [by("listener", "baton_listen_backlog_depth"),
           Query("sum by (listener) (baton_listen_backlog_limit{@S})", "{{listener}} limit")],
          dashed=(".* limit",)),
    Panel("Backlog drops", "Attempts to connect that a full backlog turned away: their clients wait a second.",
          "cps", [rate_by("listener", "baton_listen_drops_total")]),
    Panel("Connections", "Open connections by what they are doing.",
          "short", [by("state", "baton_connections")], stack=True),
    Panel("Connections opened and closed", "Accepted connections, and closed ones by why.",
          "cps",
          [Query("sum(rate(baton_connections_accepted_total{@S}[@R]))", "accepted"),
           Query("sum by (reason) (rate(baton_connections_closed_total{@S}[@R]))", "closed: {{reason}}")]),
    Panel("Bytes held", "Bytes of unfinished requests and unsent answers, and how many there may be.",
          "bytes",
          [Query("sum(baton_http_held_bytes{@S})", "held"), Query("sum(baton_http_held_bytes_limit{@S})", "limit")],
          dashed=("limit",)),
    Panel("Bytes", "Read from and written to connections.",
          "Bps",
          [Query("sum(rate(baton_http_received_bytes_total{@S}[@R]))", "received"),
           Query("sum(rate(baton_http_sent_bytes_total{@S}[@R]))", "sent")]),
    Panel("Unreadable requests", "Requests that were no HTTP that the server accepts, by what was wrong.",
          "reqps", [rate_by("reason", "baton_http_parse_errors_total")], stack=True, width=12),
    Panel("Reading paused", "How often nothing more was read of a connection for a while, by the limit it was at.",
          "cps", [rate_by("reason", "baton_http_reading_paused_total")], width=12),
]


def p99_by_conductor(metric):
    return Query(f"histogram_quantile(0.99, sum by (le, conductor) (rate({metric}_bucket{{@S}}[@R])))",
                 "{{conductor}}")


CONDUCTORS = [
    Panel("Loop turn, p99", "The working part of a turn; everybody behind it waits that long.",
          "s", [p99_by_conductor("baton_conductor_loop_duration_seconds")]),
    Panel("Timer lag, p99",
          "How late the conductors' timers fire: the server's own error bound. Above a tenth of a budget answers "
          "leave late.",
          "s", [p99_by_conductor("baton_conductor_timer_lag_seconds")]),
    Panel("Conductors busy", "Share of each conductor's time spent working.",
          "percentunit",
          [Query("sum by (instance, conductor) (rate(baton_conductor_busy_seconds_total{@S}[@R]))",
                 "{{instance}} {{conductor}}")], red_from=0.85),
    Panel("Overload level",
          "How far conductors withdraw while they lag: 0 not at all, 1 short refusals, 2 no reading while an answer "
          "is pending, 3 no new connections.",
          "short", [Query("max by (instance, conductor) (baton_conductor_overload_level{@S})",
                          "{{instance}} {{conductor}}")], width=12),
    Panel("Scrapes", "How long a scrape took to answer.",
          "s", [Query("max by (instance) (baton_scrape_duration_seconds{@S})", "{{instance}}")], width=12),
]

PROCESS = [
    Panel("CPU", "Cores in use.",
          "short", [Query("sum by (instance) (rate(process_cpu_seconds_total{@S}[@R]))", "{{instance}}")]),
    Panel("Memory", "Memory held in RAM.",
          "bytes", [Query("sum by (instance) (process_resident_memory_bytes{@S})", "{{instance}}")]),
    Panel("File descriptors", "Open descriptors, and how many may be open.",
          "short",
          [Query("sum by (instance) (process_open_fds{@S})", "{{instance}}"),
           Query("min(process_max_fds{@S})", "limit")], dashed=("limit",)),
]

OPERATORS = [
    Panel("Admin calls", "Calls of the admin plane, by gRPC status.",
          "reqps", [rate_by("code", "baton_admin_rpcs_total")], stack=True),
    Panel("Admin calls, p99", "How long they take, by method.",
          "s", [Query("histogram_quantile(0.99, sum by (le, method) "
                      "(rate(baton_admin_rpc_duration_seconds_bucket{@S}[@R])))", "{{method}}")]),
    Panel("Configuration",
          "What came of each time that the configuration was read again. A refused one leaves in force what was.",
          "short", [by("outcome", "baton_config_reloads_total")]),
    Panel("Generation", "Grows with every change that an operator makes, and with every reload that changes anything.",
          "short", [Query("max by (instance) (baton_config_generation{@S})", "{{instance}}")]),
    Panel("Out of service", "1 while an operator has taken the server out of service, and while it shuts down.",
          "short",
          [Query("max by (instance) (baton_drained{@S})", "{{instance}} taken out"),
           Query("max by (instance) (baton_draining{@S})", "{{instance}} shutting down")]),
    Panel("Log lines", "Lines written, by level, and those overrun before they were.",
          "cps",
          [rate_by("level", "baton_log_messages_total"),
           Query("sum(rate(baton_log_messages_dropped_total{@S}[@R]))", "dropped")]),
]

BOARD = Board("baton-capacity", "Baton: capacity", "What there is of everything, and what gets tight.", [
    Section("Queue and workers", QUEUE_AND_WORKERS),
    Section("The door", DOOR),
    Section("Conductors", CONDUCTORS),
    Section("Process", PROCESS),
    Section("Operators", OPERATORS),
])
