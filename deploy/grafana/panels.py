"""What boards are made of, as plain data.

In a query, @S stands for the selectors of job and instance, @E for those and the endpoint's, and @R for the
range that rates are taken over.
"""
from dataclasses import dataclass, field

ANSWERABLE = 'answer!~"invalid|none"'  # client faults, and clients that left, stand on neither side


@dataclass
class Query:
    expr: str
    legend: str = ""


@dataclass
class Column:
    """Of a table: what a query's value is called, and how it is shown."""
    title: str
    unit: str = "short"
    decimals: int | None = None
    red_from: float | None = None
    words: dict | None = None  # value -> (text, colour)


@dataclass
class Panel:
    title: str
    description: str
    unit: str
    queries: list
    kind: str = "timeseries"  # or stat, heatmap, table
    width: int = 8
    stack: bool = False
    dashed: tuple = ()         # legends of limits and targets
    lines: tuple = ()          # (value, colour), from low to high: drawn across
    red_from: float | None = None    # from here on the value is bad
    red_below: float | None = None   # below this the value is bad
    decimals: int | None = None
    exemplars: bool = False    # show single requests with their trace_id, where Prometheus keeps them
    columns: tuple = ()        # of a table: one a query
    keys: dict = field(default_factory=dict)  # of a table: label -> title, in their order; a row each value


@dataclass
class Section:
    title: str
    panels: list = field(default_factory=list)


@dataclass
class Board:
    uid: str
    title: str
    description: str
    sections: list


def quantiles(metric, by=""):
    """The median, p99 and p99.9 of a histogram."""
    return [Query(quantile(q, metric, by), name) for q, name in ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))]


def quantile(q, metric, by="", more=""):
    return f"histogram_quantile({q}, sum by (le{by}) (rate({metric}_bucket{{@E{more}}}[@R])))"
