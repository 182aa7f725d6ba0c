// What the pages share. Texts become nodes, never markup: names may hold anything.
"use strict";

document.documentElement.classList.add("js");

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

// element("td", {class: "n"}, "text", node, ...)
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function setText(id, text) {
  const place = $(id);
  if (place.textContent !== text) place.textContent = text;
}

function grouped(number, decimals = 0) {
  const [whole, part] = number.toFixed(decimals).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part ? `${text}.${part}` : text;
}

const rate = (number) => grouped(number, number < 100 && number > 0 ? 1 : 0);

function millis(ms) {
  if (ms >= 1000) return `${grouped(ms / 1000, 2)} s`;
  if (ms > 0 && ms < 0.01) return "< 0.01 ms";
  return `${ms === 0 ? "0" : ms.toFixed(ms < 1 ? 2 : ms < 10 ? 1 : 0)} ms`;
}

function span(seconds) {
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

// Bars of [class, from, to] on a scale that ends at `end`, with the deadline. `label` is the same in words.
function waterfall(bars, end, deadline, label) {
  const x = (ms) => `${((100 * Math.max(0, ms)) / end).toFixed(2)}%`;
  const picture = shape("svg", { class: "waterfall", role: "img", "aria-label": label });
  picture.append(shape("rect", { class: "track", x: 0, y: 8, width: "100%", height: 2 }));
  for (const [kind, from, to] of bars) {
    const width = Math.max(0.4, (100 * (to - from)) / end);
    picture.append(shape("rect", { class: kind, x: x(from), y: kind === "believed" ? 4.5 : 3, width: `${width.toFixed(2)}%`, height: kind === "believed" ? 9 : 12, rx: 2 }));
  }
  if (deadline !== null) picture.append(shape("line", { class: "deadline", x1: x(deadline), x2: x(deadline), y1: 0, y2: 18 }));
  return picture;
}
