"use strict";
const kit = (() => {
  const SEVERITIES = ["info", "low", "medium", "high", "critical"];
  const SVG = "http://www.w3.org/2000/svg";

  // Everything becomes text nodes and plain attributes: no text of a device is ever parsed as markup.
  const put = (node, parts) => {
    for (const part of parts.flat(Infinity)) {
      if (part === null || part === undefined || part === false || part === "") continue;
      node.append(part instanceof Node ? part : document.createTextNode(String(part)));
    }
    return node;
  };
  const make = (node, attributes, parts) => {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "on") { for (const [event, act] of Object.entries(value)) node.addEventListener(event, act); }
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    return put(node, parts);
  };
  const h = (tag, attributes, ...parts) => make(document.createElement(tag), attributes, parts);
  const s = (tag, attributes, ...parts) => make(document.createElementNS(SVG, tag), attributes, parts);
  const count = (number) => Number(number).toLocaleString("en-US");
  const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many || `${one}s`}`;
  const severity = (rank, trial) => h("span", { class: `sev s${trial ? 0 : rank}` }, trial ? "trial" : SEVERITIES[rank]);
  const anchor = (name) => encodeURIComponent(name);
  const section = (title, ...parts) => h("section", {}, h("h2", {}, title), ...parts);
  const tile = (number, words, kind) => h("div", { class: `tile ${number ? kind : ""}` }, h("b", {}, count(number)), words);

  const dark = (wanted) => document.documentElement.classList.toggle("dark", wanted);
  const darkButton = () => {
    let isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    dark(isDark);
    return h("button", { "aria-label": "Light or dark", on: { click: () => { isDark = !isDark; dark(isDark); } } }, "◐");
  };

  // A line over runs, and bars below it; `describe` says one run in words.
  const trendLine = (runs, title, describe, lineOf, barOf, legend) => {
    if (runs.length < 2) return "";
    const width = 1000, height = 180, left = 46, bottom = 150, top = 14;
    const most = Math.max(1, ...runs.map((run) => Math.max(run[lineOf], run[barOf])));
    const x = (index) => left + (index * (width - left - 14)) / (runs.length - 1);
    const y = (value) => bottom - (value * (bottom - top)) / most;
    const line = runs.map((run, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(run[lineOf]).toFixed(1)}`).join("");
    const thick = Math.max(2, Math.min(14, (width - left) / runs.length / 2));
    return section(`${title} over the last ${runs.length} runs`, s("svg", { class: "trend", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `From ${describe(runs[0])} to ${describe(runs[runs.length - 1])}` },
      [0, most].map((value) => [s("line", { class: "grid", x1: left, x2: width, y1: y(value), y2: y(value) }), s("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, count(value))]),
      runs.map((run, index) => s("rect", { class: "new", x: x(index) - thick / 2, width: thick, y: y(run[barOf]), height: bottom - y(run[barOf]) }, s("title", {}, describe(run)))),
      s("path", { class: "open", d: line }), runs.map((run, index) => s("circle", { class: "dot", cx: x(index), cy: y(run[lineOf]), r: 3 }, s("title", {}, describe(run)))),
      s("text", { x: left, y: height - 8 }, runs[0].at), s("text", { x: width - 4, y: height - 8, "text-anchor": "end" }, runs[runs.length - 1].at)),
    h("p", { class: "legend" }, legend));
  };
  return { SEVERITIES, put, h, s, count, plural, severity, anchor, section, tile, darkButton, trendLine };
})();
