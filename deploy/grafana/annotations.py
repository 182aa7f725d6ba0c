"""What is marked on every board: (name, colour, expression, text)."""

ANNOTATIONS = [
    ("Restarts", "purple", "changes(process_start_time_seconds{@S}[@R]) > 0", "restarted"),
    ("Drains", "orange", "baton_draining{@S} == 1 or baton_drained{@S} == 1", "out of service"),
    ("Reloads", "blue", "changes(baton_config_reloads_total{@S}[@R]) > 0", "configuration read: {{outcome}}"),
    ("Model loads", "green",
     "changes(baton_model_loads_total{@S}[@R]) > 0 or "
     "(baton_model_loads_total{@S} > 0 unless baton_model_loads_total{@S} offset @R)",
     "{{endpoint}} version {{version}} loaded: {{result}}"),
]
