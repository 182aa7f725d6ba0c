// The live page: one stream of events; the figures, tables and curves follow it.
"use strict";

const kKept = 300; // points of the curves, one a second
const kMisses = 12; // that are shown
const kUsedOver = 60; // seconds of the bars
let points = []; // {at_unix_ms, offered, goodput, misses, budget_used}
let bounds = [];
let totals = null; // budget_used of the newest sample
const shown = {}; // what tables were made of, so that they are made anew only when they change

function cells(row) {
  return row.map((cell) => {
    if (cell instanceof Node) return element("td", {}, cell);
    if (typeof cell === "object") return element(cell.head ? "th" : "td", { class: cell.class, scope: cell.head ? "row" : null }, cell.text ?? cell.node);
    return element("td", {}, cell);
  });
}
const n = (text, extra = "") => ({ class: `n ${extra}`.trim(), text });
const head = (text) => ({ head: true, text });

function fill(id, source, rows, empty) {
  const text = JSON.stringify(source);
  if (shown[id] === text) return;
  shown[id] = text;
  const made = rows().map((row) => element("tr", {}, ...cells(row)));
  const columns = $(id).previousElementSibling.rows[0].cells.length;
  if (!made.length && empty) made.push(element("tr", {}, element("td", { class: "empty", colspan: columns }, empty)));
  $(id).replaceChildren(...made);
}

function showNow(sample) {
  const server = sample.server;
  setText("state", server.state);
  $("state").dataset.state = server.state;
  setText("version", server.version);
  setText("uptime", span(server.uptime_seconds));
  setText("goodput", rate(sample.goodput_per_second));
  setText("offered", rate(sample.offered_per_second));
  setText("misses", rate(sample.misses_per_second));
  setText("late", grouped(server.late_answers_total));
  setText("wait", millis(sample.longest_predicted_wait_ms));
  setText("queue", grouped(server.queue_depth));
  setText("pending", grouped(server.pending_responses));
  setText("busy", grouped(server.pool.busy));
  setText("workers", grouped(server.pool.size));
  const notes = [];
  if (server.pool.retiring) notes.push(`${server.pool.retiring} retiring`);
  if (server.pool.zombies) notes.push(`${server.pool.zombies} stuck in runs nobody waits for`);
  setText("pool-note", notes.join(", "));
  setText("connections", grouped(server.connections));
}

function showCauses(sample) {
  $("no-misses").hidden = sample.causes.some((cause) => cause.total > 0);
  for (const cause of sample.causes) {
    const row = [...$("causes").rows].find((one) => one.dataset.cause === cause.name);
    if (!row) continue;
    row.hidden = cause.total === 0;
    row.cells[1].textContent = rate(cause.per_second);
    row.cells[1].className = cause.per_second > 0 ? "n bad" : "n";
    row.cells[2].textContent = grouped(cause.total);
  }
}

function mainCause(load) {
  const by = (key) => load.causes.reduce((best, one) => (one[key] > (best?.[key] ?? 0) ? one : best), null);
  const now = by("per_second") ?? by("total");
  return now ? now.name : "";
}

function showEndpoints(sample) {
  fill("endpoints", sample.endpoints, () => sample.endpoints.map((load) => [
    head(load.name),
    n(rate(load.goodput_per_second)), n(rate(load.offered_per_second)),
    n(rate(load.misses_per_second), load.misses_per_second > 0 ? "bad" : ""),
    n(grouped(load.misses_total)), { class: "nowrap", text: mainCause(load) },
    n(grouped(load.in_flight)), n(grouped(load.waiting)), n(millis(load.predicted_wait_ms)),
    n(load.median_ms ? millis(load.median_ms) : "–"), n(millis(load.default_budget_ms)),
  ]), "no endpoints");
}

// The same words as the server's, for those without JavaScript.
function ledger(miss) {
  const said = [];
  if (miss.predicted_wait_ms !== null) {
    said.push(`predicted ${millis(miss.predicted_wait_ms)} to wait` +
      (miss.most_wait_ms !== null ? ` (${millis(miss.most_wait_ms)} at most)` : "") +
      (miss.predicted_service_ms !== null ? ` and ${millis(miss.predicted_service_ms)} to run` : ""));
  }
  if (miss.admitted_ms === null) {
    said.push("not let in");
  } else if (miss.started_ms === null) {
    said.push(`waited ${millis((miss.answered_ms ?? miss.admitted_ms) - miss.admitted_ms)}, never started`);
  } else {
    said.push(`waited ${millis(miss.started_ms - miss.admitted_ms)}`);
    said.push(miss.finished_ms === null ? "ran on when the answer was due" : `ran ${millis(miss.finished_ms - miss.started_ms)}`);
  }
  if (miss.answered_ms !== null) said.push(`answered after ${millis(miss.answered_ms)}`);
  return said.join(", ");
}

function missPicture(miss) {
  const answered = miss.answered_ms ?? miss.sent_ms ?? miss.budget_ms;
  const sent = miss.sent_ms ?? answered;
  const bars = [];
  const door = miss.admitted_ms ?? answered;
  bars.push(["door", 0, door]);
  if (miss.admitted_ms !== null) bars.push(["waited", miss.admitted_ms, miss.started_ms ?? answered]);
  if (miss.started_ms !== null) bars.push(["ran", miss.started_ms, miss.finished_ms ?? answered]);
  if (sent > answered) bars.push(["written", answered, sent]);
  let end = Math.max(miss.budget_ms, sent, miss.finished_ms ?? 0);
  if (miss.admitted_ms === null && miss.predicted_wait_ms !== null) {
    const wait = door + miss.predicted_wait_ms;
    bars.push(["believed", door, wait]);
    if (miss.predicted_service_ms !== null) bars.push(["believed", wait, wait + miss.predicted_service_ms]);
    end = Math.max(end, Math.min(wait + (miss.predicted_service_ms ?? 0), 3 * miss.budget_ms));
  }
  return waterfall(bars, end * 1.02 || 1, miss.budget_ms, ledger(miss));
}

function showMisses(sample) {
  if (sample.misses === null) return fill("last", null, () => [], "not shown"); // any more
  fill("last", sample.misses, () => sample.misses.slice(0, kMisses).map((miss) => [
    { class: "nowrap", text: new Date(miss.arrived_unix_ms).toLocaleTimeString("en-GB") },
    head(miss.endpoint), miss.answer, { class: "nowrap", text: miss.cause }, n(millis(miss.budget_ms)),
    { class: "wide", text: ledger(miss) }, missPicture(miss),
  ]), "none so far");
}

function showRest(sample) {
  const versions = sample.models.flatMap((model) => model.versions.map((one) => ({ model, one })));
  fill("models", sample.models, () => versions.map(({ model, one }) => [
    head(model.name), one.version,
    { class: one.state === "failed" ? "bad nowrap" : "nowrap", text: one.state },
    !one.answers ? "no" : one.version === model.canary_version ? `canary, ${Math.round(100 * model.canary_share)} %` : one.version === model.default_version ? "yes, by default" : "yes",
    one.platform, one.reason || model.reason,
  ]), "no models");
  fill("conductors", sample.conductors, () => sample.conductors.map((one) => [
    head(String(one.number)), { class: one.overload_level === "calm" ? "nowrap" : "bad nowrap", text: one.overload_level },
    n(millis(one.worst_lag_ms)), n(grouped(one.connections)),
  ]), "none");
  fill("backlogs", sample.backlogs, () => sample.backlogs.map((one) => [
    head(one.listener), n(grouped(one.depth)), n(grouped(one.limit)), n(grouped(one.drops_total), one.drops_total ? "bad" : ""),
  ]), "none");
}

function niceTop(most) {
  if (most <= 5) return 5;
  const step = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 3, 4, 5, 7.5, 10].map((by) => by * step).find((top) => top >= most);
}

// Plots in pixels, so that lines and letters keep their shape at every width.
function plot(id, label, draw) {
  const place = $(id);
  const width = place.clientWidth;
  if (!width) return;
  const height = 190;
  const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  draw(picture, { left: 44, right: width - 6, top: 8, bottom: height - 22 });
  place.replaceChildren(picture);
}

function drawRates() {
  const newest = points.at(-1);
  if (!newest) return;
  const most = Math.max(...points.map((one) => Math.max(one.offered, one.goodput)));
  const label = `The last ${span((newest.at_unix_ms - points[0].at_unix_ms) / 1000)}: goodput ${rate(newest.goodput)} a second now, ` +
    `${rate(newest.offered)} offered, ${rate(newest.misses)} misses; at most ${rate(most)} were offered.`;
  plot("rates-chart", label, (picture, box) => {
    const top = niceTop(most);
    const age = (one) => (newest.at_unix_ms - one.at_unix_ms) / 1000;
    const over = [60, 120].find((seconds) => age(points[0]) <= seconds) ?? kKept;
    const x = (one) => box.right - (Math.min(age(one), over) / over) * (box.right - box.left);
    const y = (value) => box.bottom - (value / top) * (box.bottom - box.top);
    for (const part of [0, 0.5, 1]) {
      picture.append(shape("line", { class: "grid", x1: box.left, x2: box.right, y1: y(top * part), y2: y(top * part) }),
        shape("text", { x: box.left - 8, y: y(top * part) + 4, "text-anchor": "end" }, rate(top * part)));
    }
    for (const part of over === kKept ? [0.8, 0.6, 0.4, 0.2] : [0.75, 0.5, 0.25]) {
      const at = box.right - part * (box.right - box.left);
      const text = over > 60 && (part * over) % 60 === 0 ? `−${(part * over) / 60} min` : `−${part * over} s`;
      picture.append(shape("text", { x: at, y: box.bottom + 17, "text-anchor": "middle" }, text));
    }
    picture.append(shape("text", { x: box.right, y: box.bottom + 17, "text-anchor": "end" }, "now"));
    const line = (key) => points.map((one) => `${x(one).toFixed(1)},${y(one[key]).toFixed(1)}`).join(" ");
    picture.append(
      shape("polygon", { class: "area", points: `${x(points[0])},${box.bottom} ${line("goodput")} ${box.right},${box.bottom}` }),
      shape("polyline", { class: "offered", points: line("offered") }),
      shape("polyline", { class: "missed", points: line("misses") }),
      shape("polyline", { class: "goodput", points: line("goodput") }));
  });
}

function drawUsed() {
  const newest = points.at(-1);
  if (!newest || !bounds.length) return;
  const counts = Array(bounds.length + 1).fill(0);
  for (const one of points) {
    if (newest.at_unix_ms - one.at_unix_ms > kUsedOver * 1000) continue;
    one.budget_used.forEach((count, i) => { counts[i] += count; });
  }
  const all = counts.reduce((sum, one) => sum + one, 0);
  const inTime = bounds.filter((bound) => bound <= 1).length;
  const late = counts.slice(inTime).reduce((sum, one) => sum + one, 0);
  const label = all ? `${grouped(all)} answers in the last minute, ${grouped(late)} of them behind their deadline.` : "No answers in the last minute.";
  plot("used-chart", label, (picture, box) => {
    const most = Math.max(...counts, 1);
    const wide = (box.right - box.left) / counts.length;
    picture.append(shape("line", { class: "grid", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
      shape("text", { x: box.left - 8, y: box.top + 8, "text-anchor": "end" }, all ? `${Math.round((100 * most) / all)} %` : ""),
      shape("text", { x: box.left - 8, y: box.bottom + 4, "text-anchor": "end" }, "0"));
    counts.forEach((count, i) => {
      const high = (count / most) * (box.bottom - box.top);
      picture.append(shape("rect", { class: i < inTime ? "bar" : "bar late", x: box.left + i * wide + 2, width: Math.max(1, wide - 4), y: box.bottom - (count ? Math.max(high, 1.5) : 0), height: count ? Math.max(high, 1.5) : 0, rx: 2 }));
    });
    const at = box.left + inTime * wide;
    picture.append(shape("line", { class: "deadline", x1: at, x2: at, y1: box.top - 4, y2: box.bottom + 4 }));
    [0.1, 0.3, 0.5, 0.7, 1, 1.5].forEach((bound) => {
      const i = bounds.indexOf(bound);
      if (i >= 0) picture.append(shape("text", { x: box.left + (i + 1) * wide, y: box.bottom + 17, "text-anchor": "middle" }, String(bound)));
    });
  });
}

function draw() {
  drawRates();
  drawUsed();
}

function addPoint(sample) {
  const used = totals ? sample.budget_used.map((count, i) => Math.max(0, count - (totals[i] ?? 0))) : sample.budget_used.map(() => 0);
  totals = sample.budget_used;
  bounds = sample.budget_used_bounds;
  if (points.at(-1)?.number === sample.number) return; // it is the newest of the history
  points.push({ number: sample.number, at_unix_ms: sample.at_unix_ms, offered: sample.offered_per_second, goodput: sample.goodput_per_second, misses: sample.misses_per_second, budget_used: used });
  points = points.slice(-kKept);
}

function watch() {
  const events = new EventSource("/events");
  events.addEventListener("history", (event) => {
    const told = JSON.parse(event.data);
    points = (told.is_whole ? [] : points).concat(told.points).slice(-kKept);
    if (told.is_whole) totals = null;
  });
  events.addEventListener("sample", (event) => {
    const sample = JSON.parse(event.data);
    addPoint(sample);
    for (const show of [showNow, showCauses, showEndpoints, showMisses, showRest]) show(sample);
    draw();
    setText("link", "live, a sample a second");
  });
  events.addEventListener("error", () => {
    setText("link", events.readyState === EventSource.CLOSED ? "not live: the server refused the stream; reload to try again" : "not live: the server does not answer; trying again");
  });
}

addEventListener("resize", draw);
watch();
