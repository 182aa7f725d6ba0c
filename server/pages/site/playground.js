// The playground: a form made of a model's metadata, its answer with where the time went, and the lines to copy.
"use strict";

const kStages = ["read", "queue", "batch", "run", "write"];
const kKinds = { read: "door", queue: "waited", batch: "waited", run: "ran", write: "written" };
let model = null; // metadata of the chosen one
let rows = []; // sample rows of it
let dataPlane = ""; // "http://127.0.0.1:8080", for the lines to copy
let latest = 0; // counts choices: what comes late of an earlier one is dropped

const kWhy = {
  no_time: "It would have waited too long for a worker, or nobody may wait for an endpoint that is not known yet.",
  queue_full: "As many requests wait as may.",
  budget_too_small: "The model takes longer than this budget, even when it is alone.",
  pending_full: "As many requests are unanswered as may be.",
  expired_in_queue: "It waited until it could not have been in time any more.",
  expired_running: "Its run was not over when the answer was due.",
  backend_error: "The model failed.",
  model_unavailable: "The model does not answer now.",
  draining: "The server is on its way out.",
};

function headers(more = {}) {
  const key = $("key").value;
  return key ? { Authorization: `Bearer ${key}`, ...more } : more;
}

// What a failed call says, in words.
async function sentence(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `the server answered ${answer.status}`;
  }
}

function tell(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
  if (/key|token|401/i.test(text)) $("key-place").open = true;
}

async function ask(path, options = {}) {
  const answer = await fetch(`/data${path}`, { ...options, headers: headers(options.headers) });
  if (!answer.ok) throw new Error(await sentence(answer));
  return answer.json();
}

// The slider is logarithmic: 0.5 ms to 5 s.
const budgetMs = () => {
  const ms = 0.5 * 10 ** (Number($("budget").value) / 100);
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms);
};

function showBudget() {
  $("budget-text").textContent = millis(budgetMs());
  $("budget").setAttribute("aria-valuetext", millis(budgetMs()));
}

async function showModels() {
  const index = await ask("/v2/repository/index", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"ready": true}' });
  const names = [...new Set(index.map((one) => one.name))];
  const before = $("model").value;
  $("model").replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  if (names.includes(before)) $("model").value = before;
  else if (names.includes("tumour")) $("model").value = "tumour";
  if (!names.length) throw new Error("no model answers now");
}

async function loadRows(name) {
  const answer = await fetch(`/samples/${encodeURIComponent(name)}.json`);
  return answer.ok ? answer.json() : null;
}

// -1 stands for a dimension that the request chooses.
const shapeOf = (input) => input.shape.map((size) => (size < 0 ? 1 : size));
const elementsOf = (shape) => shape.reduce((product, size) => product * size, 1);

function standIn(input) {
  const value = input.datatype === "BYTES" ? "text" : input.datatype === "BOOL" ? false : 0;
  return Array(Math.min(elementsOf(shapeOf(input)), 4096)).fill(value);
}

function inputForm(input, i) {
  const shape = shapeOf(input);
  return element("fieldset", {},
    element("legend", {}, element("code", {}, input.name), ` ${input.datatype}, shape [${input.shape.join(", ")}]`),
    element("p", { class: "field" }, element("label", { for: `shape-${i}` }, "Shape of this request"),
      element("input", { id: `shape-${i}`, value: JSON.stringify(shape), spellcheck: "false", autocomplete: "off" })),
    element("p", { class: "field" }, element("label", { for: `data-${i}` }, "Elements, row by row, as JSON"),
      element("textarea", { id: `data-${i}`, class: "code", rows: "5", spellcheck: "false" }, JSON.stringify(standIn(input)))));
}

function useRow() {
  const row = rows[Number($("sample").value)];
  if (!row) return;
  $("shape-0").value = JSON.stringify([1, row.features.length]);
  $("data-0").value = JSON.stringify(row.features);
  showLines();
}

async function choose() {
  const turn = ++latest;
  const name = $("model").value;
  tell("");
  try {
    const [told, samples] = await Promise.all([ask(`/v2/models/${encodeURIComponent(name)}`), loadRows(name)]);
    if (turn !== latest) return;
    model = told;
    const fits = samples && model.inputs.length === 1 && model.inputs[0].name === samples.input &&
      model.inputs[0].shape.at(-1) === samples.rows[0].features.length;
    rows = fits ? samples.rows : [];
    $("sample-field").hidden = !fits;
    $("sample").replaceChildren(...rows.map((row, i) => element("option", { value: i }, `Row ${i + 1}: in truth ${row.true_label}`)));
    $("inputs").replaceChildren(...model.inputs.map(inputForm));
    useRow();
    showLines();
  } catch (error) {
    if (turn !== latest) return;
    forget();
    tell(`The model's inputs are not known: ${error.message}`);
  }
}

// Nothing is left of a model that was chosen before.
function forget() {
  model = null;
  rows = [];
  $("sample-field").hidden = true;
  for (const id of ["sample", "inputs", "curl", "python"]) $(id).replaceChildren();
}

// The request as the form has it; throws what is wrong with it, in words.
function body() {
  return {
    inputs: model.inputs.map((input, i) => {
      const read = (id, what) => {
        try {
          return JSON.parse($(id).value);
        } catch {
          throw new Error(`${input.name}: the ${what} are no JSON array`);
        }
      };
      return { name: input.name, datatype: input.datatype, shape: read(`shape-${i}`, "sizes of the shape"), data: read(`data-${i}`, "elements") };
    }),
  };
}

function showLines() {
  if (!model) return;
  let text;
  try {
    text = JSON.stringify(body());
  } catch {
    return;
  }
  const url = `${dataPlane}/v2/models/${encodeURIComponent(model.name)}/infer`;
  const key = $("key").value ? ' \\\n  -H "Authorization: Bearer $BATON_KEY"' : "";
  $("curl").textContent = `curl ${url} \\\n  -H 'Content-Type: application/json' -H 'Baton-Budget-Ms: ${budgetMs()}' -H 'Baton-Explain: 1'${key} \\\n  -d '${text.replaceAll("'", "'\\''")}'`;
  $("python").textContent = `import json, os, urllib.error, urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    json.dumps(json.loads(${JSON.stringify(text)})).encode(),
    {"Content-Type": "application/json", "Baton-Budget-Ms": "${budgetMs()}"${$("key").value ? ', "Authorization": "Bearer " + os.environ["BATON_KEY"]' : ""}})
try:
    with urllib.request.urlopen(request) as answer:
        print(answer.headers["Baton-Answer"], json.load(answer)["outputs"])
except urllib.error.HTTPError as miss:
    print(miss.code, miss.headers["Baton-Answer"], miss.headers["Baton-Cause"], miss.read().decode())`;
}

// "read;dur=0.1, queue;dur=2" as {read: 0.1, queue: 2}
function stages(text) {
  const found = {};
  for (const part of (text ?? "").split(",")) {
    const [, name, took] = /^\s*([\w-]+);dur=([\d.]+)/.exec(part) ?? [];
    if (name) found[name] = Number(took);
  }
  return found;
}

function timePicture(timing, budget) {
  const bars = [];
  let at = 0;
  for (const name of kStages) {
    const took = timing[name] ?? 0;
    if (took > 0) bars.push([kKinds[name], at, at + took]);
    at += took;
  }
  const words = kStages.filter((name) => timing[name] !== undefined).map((name) => `${name} ${millis(timing[name])}`).join(", ");
  return element("div", {},
    element("h3", {}, "Where the time went"),
    element("p", { class: "legend" }, ...[["door", "read"], ["waited", "queue and batch"], ["ran", "run"], ["written", "write"], ["deadline", "deadline"]].map(([kind, text]) => element("span", { class: `key ${kind}` }, text))),
    waterfall(bars, Math.max(at, budget) * 1.02, budget, `${words}; the budget was ${millis(budget)}`),
    element("p", { class: "note" }, `${words}. Budget ${millis(budget)}, used ${(100 * at / budget).toFixed(at / budget < 0.1 ? 1 : 0)} %.`));
}

function outputTable(outputs) {
  const text = (data) => {
    const shown = data.slice(0, 32).map((one) => (typeof one === "number" && !Number.isInteger(one) ? one.toPrecision(5) : String(one))).join(", ");
    return data.length > 32 ? `${shown}, … (${data.length} in all)` : shown;
  };
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Outputs" }, element("table", {},
    element("thead", {}, element("tr", {}, ...["Output", "Type", "Shape", "Elements"].map((one) => element("th", { scope: "col" }, one)))),
    element("tbody", {}, ...outputs.map((one) => element("tr", {}, element("th", { scope: "row" }, one.name), element("td", {}, one.datatype),
      element("td", { class: "nowrap" }, `[${one.shape.join(", ")}]`), element("td", {}, Array.isArray(one.data) ? text(one.data) : "raw"))))));
}

async function showAnswer(answer, budget) {
  const kind = answer.headers.get("Baton-Answer") ?? (answer.ok ? "prediction" : "invalid");
  const cause = answer.headers.get("Baton-Cause");
  const good = kind === "prediction";
  const told = await answer.json().catch(() => ({}));
  const parts = [element("p", { class: "state" },
    element("span", { class: `pill ${good ? "good" : "bad"}`, id: "kind" }, kind),
    element("span", {}, `HTTP ${answer.status}`),
    cause ? element("span", {}, "cause ", element("code", { id: "cause" }, cause)) : null)];
  if (cause && kWhy[cause]) parts.push(element("p", { id: "why" }, kWhy[cause]));
  if (told.error) parts.push(element("p", { id: "error" }, told.error));
  if (told.outputs) parts.push(outputTable(told.outputs));
  const row = rows[Number($("sample").value)];
  const label = told.outputs?.find((one) => one.name === "label")?.data?.[0];
  if (row && label !== undefined && $("data-0").value === JSON.stringify(row.features)) {
    parts.push(element("p", { class: "note" }, label === row.true_label ? `The label is right: in truth it is ${row.true_label}.` : `In truth it is ${row.true_label}: the model is wrong about this row.`));
  }
  const timing = stages(answer.headers.get("Server-Timing"));
  const granted = Number(answer.headers.get("Baton-Budget-Ms")) || budget;
  if (Object.keys(timing).length) parts.push(timePicture(timing, granted));
  $("outcome").replaceChildren(...parts.filter(Boolean));
}

async function predict(event) {
  event.preventDefault();
  if (!model) return;
  tell("");
  const budget = budgetMs();
  $("predict").disabled = true;
  try {
    const answer = await fetch(`/data/v2/models/${encodeURIComponent(model.name)}/infer`, {
      method: "POST",
      headers: headers({ "Content-Type": "application/json", "Baton-Budget-Ms": String(budget), "Baton-Explain": "1" }),
      body: JSON.stringify(body()),
    });
    await showAnswer(answer, budget);
  } catch (error) {
    tell(error.message);
  } finally {
    $("predict").disabled = false;
    $("predict").focus();
  }
}

async function start() {
  try {
    const told = await fetch("/places.json").then((answer) => answer.json());
    dataPlane = told.http.replace(/\/\/(0\.0\.0\.0|\[::\])/, `//${location.hostname}`);
    await showModels();
    await choose();
  } catch (error) {
    tell(`There is nothing to ask: ${error.message}`);
  }
}

$("model").addEventListener("change", choose);
$("sample").addEventListener("change", useRow);
$("budget").addEventListener("input", () => { showBudget(); showLines(); });
$("form").addEventListener("input", showLines);
$("form").addEventListener("submit", predict);
$("key").addEventListener("change", start);
for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($(button.dataset.copies).textContent);
      $("copied").textContent = "Copied.";
    } catch {
      $("copied").textContent = "The browser keeps the clipboard to itself: select the text.";
    }
  });
}
$("budget").value = 200;
showBudget();
start();
