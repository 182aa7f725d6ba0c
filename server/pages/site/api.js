// The API page: an OpenAPI document as operations that open and close.
"use strict";

const kMethods = ["get", "put", "post", "delete", "options", "head", "patch"];
let spec = null;

// What a reference stands for; anything else stands for itself.
function resolve(part) {
  if (!part || !part.$ref) return part;
  return part.$ref.split("/").slice(1).reduce((at, name) => at?.[name.replace(/~1/g, "/").replace(/~0/g, "~")], spec);
}

const nameOf = (part) => part?.$ref?.split("/").at(-1) ?? "";

function typeOf(schema) {
  const found = resolve(schema) ?? {};
  if (schema?.$ref && found.type === "object") return nameOf(schema);
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((one) => JSON.stringify(one)).join(" | ");
  const options = found.oneOf ?? found.anyOf;
  if (options) return options.map(typeOf).join(" | ");
  if (found.type === "array") return `array of ${found.items ? typeOf(found.items) : "anything"}`;
  return [found.type ?? "anything"].flat().join(" | ");
}

function limits(schema) {
  const found = resolve(schema) ?? {};
  const said = [];
  if (found.minimum !== undefined) said.push(`at least ${found.minimum}`);
  if (found.exclusiveMinimum !== undefined) said.push(`above ${found.exclusiveMinimum}`);
  if (found.maximum !== undefined) said.push(`at most ${found.maximum}`);
  if (found.minItems) said.push(`at least ${found.minItems}`);
  if (found.pattern) said.push(`like ${found.pattern}`);
  return said.join(", ");
}

// Members of an object, and what is in them, as nested lists. `seen` ends what refers to itself.
function members(schema, seen = []) {
  const found = resolve(schema) ?? {};
  const name = nameOf(schema);
  if (name && seen.includes(name)) return null;
  const deeper = name ? [...seen, name] : seen;
  if (found.type === "array" && found.items) return members(found.items, deeper);
  for (const all of [found.allOf, found.oneOf, found.anyOf]) {
    if (all) {
      const lists = all.map((one) => members(one, deeper)).filter(Boolean);
      if (lists.length) return element("div", {}, ...lists);
    }
  }
  const entries = Object.entries(found.properties ?? {});
  if (!entries.length) return null;
  return element("ul", { class: "members" }, ...entries.map(([key, part]) => element("li", {},
    element("code", {}, key), element("span", { class: "type" }, ` ${typeOf(part)}`),
    (found.required ?? []).includes(key) ? element("span", { class: "must" }, " required") : null,
    element("span", { class: "note" }, ` ${[resolve(part)?.description, limits(part)].filter(Boolean).join("; ")}`),
    members(part, deeper))));
}

function table(heads, rows, label) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((one) => element("th", { scope: "col" }, one)))),
    element("tbody", {}, ...rows.map(([first, ...rest]) => element("tr", {}, element("th", { scope: "row" }, first), ...rest.map((one) => element("td", {}, one)))))));
}

function parameters(operation, where) {
  const all = (operation.parameters ?? []).map(resolve).filter(Boolean);
  if (!all.length) return [];
  return [element("h3", {}, "Parameters"), table(["Name", "In", "What", "Examples"], all.map((one) => [
    element("code", {}, one.name), `${one.in}${one.required ? ", required" : ""}`,
    [one.description, limits(one.schema), typeOf(one.schema)].filter(Boolean).join("; "),
    [one.example, ...Object.values(one.examples ?? {}).map((example) => resolve(example)?.value)].filter((value) => value !== undefined).join(", "),
  ]), `Parameters of ${where}`)];
}

function content(holder, label) {
  const made = [];
  for (const [type, media] of Object.entries(holder?.content ?? {})) {
    made.push(element("p", { class: "note" }, element("code", {}, type), media.schema ? ` ${nameOf(media.schema) || typeOf(media.schema)}` : ""));
    if (media.schema) made.push(members(media.schema));
    const examples = [media.example, ...Object.values(media.examples ?? {}).map((one) => resolve(one)?.value), resolve(media.schema)?.example, ...(resolve(media.schema)?.examples ?? [])].filter((value) => value !== undefined);
    for (const example of examples.slice(0, 2)) {
      made.push(element("pre", { tabindex: "0", role: "region", "aria-label": `Example of ${label}` }, JSON.stringify(example, null, 2)));
    }
  }
  return made.filter(Boolean);
}

function answers(operation, where) {
  const rows = Object.entries(operation.responses ?? {}).map(([status, part]) => {
    const found = resolve(part) ?? {};
    const names = Object.keys(found.headers ?? {});
    return [status, element("div", {}, found.description ?? "", names.length ? element("p", { class: "note" }, `Headers: ${names.join(", ")}`) : null, ...(status === "200" ? content(found, `the answer of ${where}`) : []))];
  });
  return [element("h3", {}, "Answers"), table(["Status", "What it says"], rows, `Answers of ${where}`)];
}

function operationOf(method, path, operation) {
  const where = `${method.toUpperCase()} ${path}`;
  const request = resolve(operation.requestBody);
  return element("details", { class: "operation" },
    element("summary", {}, element("span", { class: `method ${method}` }, method.toUpperCase()), " ", element("code", {}, path), " ", element("span", { class: "note" }, operation.summary ?? "")),
    operation.description ? element("p", {}, operation.description) : null,
    ...parameters(operation, where),
    ...(request ? [element("h3", {}, "Body"), ...content(request, `a request to ${where}`)] : []),
    ...answers(operation, where));
}

async function start() {
  try {
    const answer = await fetch("/data/openapi.json");
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    spec = told;
  } catch (error) {
    $("trouble").textContent = `The document is not there: ${error.message}`;
    $("trouble").hidden = false;
    return;
  }
  const groups = new Map();
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const method of kMethods.filter((one) => item[one])) {
      const group = item[method].tags?.[0] ?? (path.startsWith("/v2/models") ? "Models" : path.startsWith("/v2") ? "Server" : "Others");
      groups.set(group, [...(groups.get(group) ?? []), operationOf(method, path, item[method])]);
    }
  }
  let number = 0;
  $("api").replaceChildren(...[...groups].map(([name, operations]) => {
    const id = `group-${number++}`;
    return element("section", { "aria-labelledby": id }, element("h2", { id }, name), ...operations);
  }));
}

start();
