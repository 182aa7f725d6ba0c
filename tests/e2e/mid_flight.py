"""What holds of scrapes while requests pass. One scrape reads one counter after the other; what was counted before it
began is in it, whole. So laws that are equations of an idle server become inequalities between scrapes that follow each
other."""

import math
import re

from exposition import MISS_ANSWERS

STAGES = ("read", "queue", "batch", "run", "write")
SUMS = 1e-6  # sums are of floating-point numbers, added in different orders


def types(scrape):
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", scrape.text, re.MULTILINE))


def counters(scrape):
    """All that only grows: {(name, labels): value}."""
    kinds = types(scrape)
    found = {}
    for name, samples in scrape.samples.items():
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if kinds.get(name) == "counter" or kinds.get(base) == "histogram":
            found.update({(name, tuple(sorted(labels.items()))): value for labels, value in samples})
    return found


def pairs(scrape):
    """Numbers that are the same whenever nothing is under way: (what, one, the other)."""
    for endpoint in scrape.values_of("baton_requests_total", "endpoint"):
        at = {"endpoint": endpoint}
        answers = {answer: scrape("baton_requests_total", answer=answer, **at)
                   for answer in scrape.values_of("baton_requests_total", "answer")}
        yield (f"{endpoint}: misses by cause, by answer", scrape("baton_deadline_misses_total", **at),
               sum(answers[answer] for answer in MISS_ANSWERS))
        for answer, count in answers.items():
            yield (f"{endpoint}: durations, requests answered {answer}",
                   scrape("baton_request_duration_seconds_count", answer=answer, **at), count)
        if "baton_refusal_duration_seconds_count" in scrape.samples:
            yield (f"{endpoint}: refusals timed, refused", scrape("baton_refusal_duration_seconds_count", **at),
                   answers["refused"])
        for stage in STAGES:
            yield (f"{endpoint}: stage {stage}, answers that left",
                   scrape("baton_stage_duration_seconds_count", stage=stage, **at),
                   sum(answers.values()) - answers["none"])
        yield (f"{endpoint}: budgets, budgets used", scrape("baton_request_budget_seconds_count", **at),
               scrape("baton_request_budget_used_ratio_count", **at))
        yield (f"{endpoint}: batches, their sizes", scrape("baton_batches_total", **at),
               scrape("baton_batch_size_count", **at))
        yield (f"{endpoint}: requests run, in batches", scrape("baton_inferences_total", **at),
               scrape("baton_batch_size_sum", **at))


def flows(scrape):
    """What comes in, what is inside, what has gone out: (what, came, inside, gone)."""
    for endpoint in scrape.values_of("baton_requests_total", "endpoint"):
        at = {"endpoint": endpoint}
        yield (f"{endpoint}: requests", scrape("baton_requests_received_total", **at),
               scrape("baton_requests_in_flight", **at), scrape("baton_requests_total", **at))
    for listener in scrape.values_of("baton_connections", "listener"):
        at = {"listener": listener}
        yield (f"{listener}: connections", scrape("baton_connections_accepted_total", **at),
               scrape("baton_connections", **at), scrape("baton_connections_closed_total", **at))


def impossible(scrape):
    """What no single scrape may say."""
    found = []
    for what, came, inside, gone in flows(scrape):
        if min(came, inside, gone) < 0:
            found.append(f"{what}: {came:g} came, {inside:g} inside, {gone:g} gone")
    for depth, limit in (("baton_queue_depth", "baton_queue_limit"), ("baton_pending_responses", "baton_pending_responses_limit")):
        for labels, value in scrape.samples[depth]:
            if not 0 <= value <= scrape(limit, **labels):
                found.append(f"{depth} {labels}: {value:g} of {scrape(limit, **labels):g}")
    for name, kind in types(scrape).items():
        if kind == "histogram":
            found += broken_histogram(scrape, name)
    return found


def broken_histogram(scrape, name):
    buckets = {}
    for labels, value in scrape.samples.get(f"{name}_bucket", []):
        rest = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        buckets.setdefault(rest, []).append((float(labels["le"]), value))
    found = []
    for rest, values in buckets.items():
        counts = [value for _, value in sorted(values)]
        whole = scrape(f"{name}_count", **dict(rest))
        if counts != sorted(counts) or counts[-1] != whole:
            found.append(f"{name}{dict(rest)}: buckets {counts} of {whole:g}")
    return found


def shrunk(before, after):
    """Counters of one life of a server that have become smaller, or have gone."""
    now = counters(after)
    found = []
    for (name, labels), value in counters(before).items():
        if (name, labels) not in now:
            found.append(f"{name}{dict(labels)} was {value:g} and has gone")
        elif now[name, labels] < value:
            found.append(f"{name}{dict(labels)} was {value:g} and is {now[name, labels]:g}")
    return found


def broken(first, second, third):
    """What three scrapes of one life, one after the other, may not say together."""
    found = impossible(third) + shrunk(second, third)
    later = {what: numbers for what, *numbers in pairs(second)}
    for what, one, other in pairs(first):
        one_later, other_later = later[what]
        if one > other_later or other > one_later:
            found.append(f"{what}: {one:g} and {other:g}, then {one_later:g} and {other_later:g}")
    during, after = ({what: numbers for what, *numbers in flows(scrape)} for scrape in (second, third))
    for what, came, _, gone in flows(first):
        (_, inside, _), (came_later, _, gone_later) = during[what], after[what]
        # Who had come by the first has gone by the third, or was inside all the time that the second took; and who
        # had gone by the first was not inside during the second.
        if came > gone_later + inside or gone + inside > came_later:
            found.append(f"{what}: {came:g} came and {gone:g} had gone, then {inside:g} were inside, "
                         f"then {came_later:g} had come and {gone_later:g} gone")
    return found


def unequal(scrape):
    """What an idle server may not say."""
    found = [f"{what}: {one:g} and {other:g}" for what, one, other in pairs(scrape) if one != other]
    found += [f"{what}: {came:g} came, {inside:g} inside, {gone:g} gone"
              for what, came, inside, gone in flows(scrape) if came != inside + gone]
    for endpoint in scrape.values_of("baton_requests_total", "endpoint"):
        at = {"endpoint": endpoint}
        stages = scrape("baton_stage_duration_seconds_sum", **at)
        whole = scrape("baton_request_duration_seconds_sum", **at)
        whole -= scrape("baton_request_duration_seconds_sum", answer="none", **at)
        if not math.isclose(stages, whole, rel_tol=SUMS, abs_tol=SUMS):
            found.append(f"{endpoint}: the stages took {stages:g} s, the requests {whole:g} s")
    return found
