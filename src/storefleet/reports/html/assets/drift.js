(() => {
  const { SEVERITIES, put, h, s, count, plural, severity, anchor, section, tile, darkButton, trendLine } = kit;
  const data = JSON.parse(document.getElementById("data").textContent);
  const page = document.getElementById("content");
  const only = !data.whole && data.stores.length === 1 ? data.stores[0].id : "";
  const filter = { text: "", kind: "", shown: 100 };
  const link = (id, words) => h("a", { href: `#${anchor(id)}` }, words || id);
  const kind = (name) => h("span", { class: `kind ${name}` }, name);
  const table = (names, rows, classes) => h("div", { class: "scroll" }, h("table", { class: classes || "" }, h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows)));
  const cells = (...parts) => h("tr", {}, parts.map((part) => h("td", {}, part)));

  const copyable = (lines) => {
    const text = lines.join("\n"), box = h("pre", { class: "typed" }, text);
    const copy = navigator.clipboard ? h("button", { class: "copy more", "aria-label": "Copy these lines", on: { click: () => navigator.clipboard.writeText(text).then(() => { copy.textContent = "copied"; }, () => {}) } }, "copy") : "";
    return h("div", { class: "copyable" }, box, copy);
  };
  const verdict = () => h("section", { class: `verdict e${data.exit}`, "aria-label": "Verdict" }, h("h1", {}, data.headline),
    coverage(), h("div", { class: "tiles" }, data.summary.filter(([, many]) => many).map(([name, many]) => tile(many, name, { unsaved: "bad", replaced: "bad", adopted: "good", ours: "good" }[name] || "warn")),
      tile(data.unchanged, data.unchanged === 1 ? "store unchanged" : "stores unchanged", "good"), data.gaps.length ? tile(data.gaps.length, data.gaps.length === 1 ? "host not compared" : "hosts not compared", "warn") : ""),
    data.since ? h("p", {}, `Compared with what was seen on ${data.since}, not with what was approved.`) : "");
  const coverage = () => {
    const seen = data.coverage, percent = seen.expected ? (seen.compared * 100) / seen.expected : 100;
    return [s("svg", { class: seen.enough ? "bar" : "bar low", viewBox: "0 0 1000 12", preserveAspectRatio: "none", role: "img", "aria-label": `${seen.compared} of ${seen.expected} hosts compared` },
      s("rect", { class: "all", width: 1000, height: 12, rx: 3 }), s("rect", { class: "part", width: percent * 10, height: 12, rx: 3 }), s("rect", { class: "floor", x: Math.min(998, seen.floor * 10 - 1), width: 2, height: 12 })),
    h("p", {}, `Coverage: ${count(seen.compared)} of ${plural(seen.expected, "host")} compared, ${seen.floor} % are due. `, h("span", { class: "soft" }, `Exit ${data.exit}.`))];
  };
  const identities = (found) => found.length ? h("section", { class: "verdict e1" }, h("h2", {}, "Not who they should be"), h("ul", {}, found.map((one) =>
    h("li", {}, kind(one.kind), " ", h("b", {}, only ? one.host : link(one.store, one.host)), one.others.length ? ` with ${one.others.join(", ")}` : "", `: ${one.words}`, one.evidence.map((piece) => h("div", { class: "small mono soft" }, piece)))))) : "";

  const groupRow = (one) => h("tr", {}, h("td", { class: "n" }, count(one.stores)), h("td", {}, kind(one.class)), h("td", {}, severity(one.severity)),
    h("td", { class: "mono wide" }, one.signature), h("td", { class: "when" }, one.since), h("td", {}, link(one.first)), h("td", { class: "next" }, h("code", {}, one.next)));
  const groupTable = (found) => table(["stores", "class", "worst", "what", "since", "first", "next step"], found.map(groupRow), "groups");
  const alike = () => data.groups.length ? section("The same in several stores", groupTable(data.groups)) : "";
  const oneOffs = () => data.one_offs.length ? section(`One-offs: ${data.one_off_words}`, h("details", { open: data.one_offs.length <= 12 && !data.groups.length }, h("summary", {}, "What only one store has"), groupTable(data.one_offs)),
    data.more ? h("p", { class: "soft" }, `and ${count(data.more)} more signatures; --report csv:PATH has all.`) : "") : "";
  const goldens = () => data.golden.length ? section("Golden configuration", h("ul", {}, data.golden.map((words) => h("li", {}, words)))) : "";
  const quiet = () => data.quiet.length ? section("Not drift, and not approved yet", h("ul", {}, data.quiet.map((words) => h("li", {}, words)))) : "";
  const trend = () => trendLine(data.trend, "Stores and hosts with drift", (run) => `${run.at}: ${plural(run.stores, "store")}, ${plural(run.hosts, "host")}`, "hosts", "stores", "line: hosts with drift; bars: stores");
  const gapTable = (found) => found.length ? section(`${plural(found.length, "host")} not compared`, table(["store", "host", "why"], [...found.slice(0, 200).map((gap) =>
    cells(only ? gap.store : link(gap.store), h("span", { class: "mono" }, gap.host), gap.reason)), found.length > 200 ? cells("", "", `and ${count(found.length - 200)} more`) : ""])) : "";

  const matches = (one) => `${one.id} ${one.name}`.toLowerCase().includes(filter.text.trim().toLowerCase()) && (!filter.kind || one.classes.includes(filter.kind));
  let redraw = () => {};
  const storeTable = () => {
    if (!data.stores.length) return "";
    const body = h("tbody"), told = h("p", { class: "small soft", role: "status" });
    const more = h("button", { class: "more", on: { click: () => { filter.shown += 200; redraw(); } } }, "Show 200 more");
    redraw = () => {
      const found = data.stores.filter(matches);
      body.replaceChildren(...found.slice(0, filter.shown).map((one) => h("tr", {}, h("th", { class: "row", scope: "row" }, link(one.id)), h("td", { class: "hide-small" }, one.name), h("td", {}, one.worst === null ? "" : severity(one.worst)),
        h("td", { class: "n" }, count(one.drifted)), h("td", { class: "hide-small" }, one.classes), h("td", { class: "chg" }, one.strange ? plural(one.strange, "warning") : ""), h("td", { class: "n" }, one.gaps || ""), h("td", { class: "n hide-small" }, one.golden || ""))));
      told.textContent = `${count(Math.min(found.length, filter.shown))} of ${plural(found.length, "store")} shown, the worst first.`;
      more.hidden = found.length <= filter.shown;
    };
    redraw();
    const classes = data.summary.filter(([, many]) => many).map(([name]) => name);
    const choose = h("select", { "aria-label": "every class", on: { change: (event) => { filter.kind = event.target.value; redraw(); } } }, h("option", { value: "" }, "every class"), classes.map((name) => h("option", { value: name, selected: filter.kind === name }, name)));
    const heads = [["store", ""], ["name", "hide-small"], ["worst", ""], ["drift", "n"], ["classes", "hide-small"], ["who is who", ""], ["not compared", "n"], ["golden", "n hide-small"]];
    return section("Stores", h("div", { class: "filters" }, choose), told, h("div", { class: "scroll" }, h("table", { class: "stores" }, h("thead", {}, h("tr", {}, heads.map(([name, classes_]) => h("th", { scope: "col", class: classes_ }, name)))), body)), more);
  };

  const side = (name, text, classes) => h("div", { class: `side ${classes}` }, h("small", {}, name), text);
  const difference = (one) => h("li", { id: `d-${one.id}` },
    h("div", { class: "fault-head" }, severity(one.severity), kind(one.class), h("b", {}, one.host), h("strong", { class: "mono" }, one.key), one.life ? h("span", { class: "chg" }, one.life) : ""),
    one.harm ? h("p", { class: "harm" }, one.harm) : "",
    h("div", { class: one.intended === null ? "sides" : "sides three" }, side(data.since ? "seen then" : "approved", one.approved, one.intended === null ? "due" : "plan"), one.intended === null ? "" : side("intended", one.intended, "due"), side("observed", one.observed, "is")),
    h("p", { class: "small" }, one.when, h("span", { class: "soft" }, ` · ${one.alike} · `), h("code", { class: "id" }, one.id), one.controls.length ? [" · fails ", one.controls.map((name, at) => [at ? ", " : "", h("code", {}, name)])] : ""),
    one.standard ? h("p", { class: "small soft" }, `Intended by ${one.standard}.`) : "",
    one.repair.length ? [h("p", { class: "small" }, h("b", {}, "Repair"), ` ${one.where}`), copyable(one.repair)] : "",
    one.fix ? [h("p", { class: "small" }, h("b", {}, "Fix")), copyable([one.fix])] : "",
    one.undo.length ? h("details", { class: "small" }, h("summary", {}, "Undo: back to what is observed now"), copyable(one.undo)) : "",
    one.told.length ? h("details", { class: "small" }, h("summary", {}, `${plural(one.told.length, "fact")} told with it`), h("ul", { class: "mono" }, one.told.map((key) => h("li", {}, key)))) : "");
  const differences = (found, title) => {
    if (!found.length) return "";
    const list = h("ul", { class: "faults" }), most = 60;
    const grow = (from, to) => { for (const one of found.slice(from, to)) list.append(difference(one)); };
    grow(0, most);
    const button = found.length > most ? h("button", { class: "more", on: { click: () => { grow(most, found.length); button.remove(); } } }, `Show ${count(found.length - most)} more`) : "";
    return section(title, list, button);
  };
  const step = (one) => h("li", {}, h("span", { class: "box", "aria-hidden": "true" }), severity(one.severity), " ", h("b", { class: "mono" }, one.what), h("div", { class: "small mono" }, one.sides), one.harm ? h("div", { class: "harm" }, one.harm) : "", h("div", { class: "small soft" }, `${one.id} · ${one.when}`),
    one.lines.length ? h("div", {}, `Type ${one.where}:`, h("pre", { class: "typed" }, one.lines.join("\n"))) : "", one.command ? h("div", {}, "Run: ", h("code", {}, one.command)) : "", one.next ? h("div", {}, "Next: ", h("code", {}, one.next)) : "");
  const printSheet = () => { document.documentElement.classList.add("sheet-only"); window.print(); };
  window.addEventListener("afterprint", () => document.documentElement.classList.remove("sheet-only"));
  const sheet = (one, detail) => detail.sheet.hosts.length || detail.sheet.warnings.length ? h("section", { class: "sheet", "aria-label": "Store sheet" },
    h("h2", {}, "Do this first", h("span", { class: "on-paper" }, ` in ${one.id} ${one.name}`), " ", h("button", { class: "more", on: { click: printSheet } }, "Print this sheet")),
    h("p", { class: "on-paper small" }, `${detail.approved}${detail.seen ? ` · seen ${detail.seen}` : ""}`),
    detail.sheet.warnings.length ? h("ul", { class: "harm" }, detail.sheet.warnings.map((words) => h("li", {}, words))) : "",
    detail.sheet.hosts.map((host) => [h("h3", {}, host.host), h("ol", { class: "steps" }, host.steps.map(step))]),
    detail.sheet.left ? h("p", { class: "soft" }, `${plural(detail.sheet.left, "more difference")}: in the report.`) : "",
    h("p", {}, "Then see that it is gone: ", h("code", {}, detail.sheet.again)), h("p", { class: "on-paper signed" }, "Done by ______________________   on ______________   left open: ______________________")) : "";

  const timeline = (found) => {
    if (!found) return "";
    const width = 1000, row = 22, left = 8, top = 24, height = top + found.rows.length * row + 24, place = (at) => left + at * (width - 2 * left) / 1000;
    const bar = (one, index) => {
      if (one.seen === null && one.who === null) return "";
      const y = top + index * row, middle = y + 9, seen = one.seen === null ? 1000 : one.seen, before = one.before === null ? seen : one.before;
      const words = `${one.host} ${one.key}: ${one.words}`;
      return s("g", { class: `t s${one.severity}` }, s("title", {}, words), s("rect", { class: "after", x: place(seen), y: y + 6, width: Math.max(1, width - left - place(seen)), height: 6 }),
        s("rect", { class: "between", x: place(before), y: y + 3, width: Math.max(3, place(seen) - place(before)), height: 12 }), one.before === null ? "" : s("line", { class: "edge", x1: place(before), x2: place(before), y1: y + 1, y2: y + 17 }),
        s("line", { class: "edge", x1: place(seen), x2: place(seen), y1: y + 1, y2: y + 17 }), one.who === null ? "" : s("line", { class: "who", x1: place(one.who), x2: place(one.who) + 0.01, y1: middle, y2: middle }));
    };
    const drawn = s("svg", { class: "timeline", viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": `From ${found.from} to ${found.to}`, preserveAspectRatio: "none" },
      found.approved === null ? "" : s("line", { class: "approval", x1: place(found.approved), x2: place(found.approved), y1: 4, y2: height - 20 }, s("title", {}, found.approved_words)), found.rows.map(bar));
    return section("When it came", h("div", { class: "times" }, h("div", { class: "names" }, found.rows.map((one) => h("div", { title: `${one.host} ${one.key}` }, h("a", { href: `#d-${one.id}`, on: { click: jump } }, one.id), ` ${one.host} ${one.key}`))), drawn),
      h("p", { class: "ends small soft" }, h("span", {}, found.from), h("span", {}, found.to)), found.more ? h("p", { class: "soft" }, `and ${count(found.more)} more`) : "",
      h("p", { class: "legend" }, h("span", {}, "wide: it happened between two runs"), h("span", {}, "thin: seen so since"), h("span", {}, "dot: when somebody did it, as the host says"), found.approved_words ? h("span", {}, `dashed: ${found.approved_words}`) : ""));
  };
  const jump = (event) => {
    event.preventDefault();
    const target = document.getElementById(event.target.getAttribute("href").slice(1));
    if (target) { target.scrollIntoView(); target.tabIndex = -1; target.focus({ preventScroll: true }); }
  };
  const map = (found) => found.rows.length ? section("Where it is", h("div", { class: "scroll" }, h("table", { class: "heat map" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "host"), found.sections.map((name) => h("th", { scope: "col", class: "c", title: name }, h("span", {}, name))))),
    h("tbody", {}, found.rows.map((row) => h("tr", {}, h("th", { class: "row", scope: "row" }, row.host), row.cells.map((cell, at) => h("td", { class: "c" },
      h("span", { class: cell ? `f${cell[1]}` : "", title: cell ? `${row.host} ${found.sections[at]}: ${plural(cell[0], "difference")}, worst ${SEVERITIES[cell[1]]}` : "" }, cell ? cell[0] : "")))))))),
  h("p", { class: "legend" }, "How many differences each host has by section; the colour is the worst of them.")) : "";
  const golden = (found) => found.length ? section("Golden configuration", table(["router", "state", "feature"], found.map((one) => cells(h("span", { class: "mono" }, one.host), h("b", { class: one.state === "fail" ? "chg" : "" }, one.state), one.words)))) : "";
  const ended = (found) => found.length ? section("Gone since the last run", table(["since", "host", "what", "it was"], found.map((one) => cells(one.at, h("span", { class: "mono" }, one.host), h("span", { class: "mono" }, one.key), h("span", { class: "mono" }, one.was))))) : "";
  const storeView = (id) => {
    const one = data.stores.find((each) => each.id === id), detail = data.details[id];
    const back = only ? "" : h("p", { class: "crumb" }, h("a", { href: "#" }, "← all stores"));
    if (!one) return [back, section("No such store", h("p", {}, `${id} has nothing to show here: it is as it was approved, or it was not asked for.`))];
    const state = one.drifted || one.strange ? 1 : one.gaps || one.unread ? 3 : 0;
    const strange = one.strange ? `${plural(one.strange, "host")} not who ${one.strange === 1 ? "it" : "they"} should be; ` : "";
    const words = `${strange}${one.drifted ? plural(one.drifted, "difference") : strange ? "nothing drifted" : "Nothing drifted"}${one.worst ? `, the worst ${SEVERITIES[one.worst]}` : ""}${one.gaps ? `; ${plural(one.gaps, "host")} not compared` : ""}${one.unread ? "; what is intended of a router is not known" : ""}`;
    const head = h("section", { class: `verdict e${state}`, "aria-label": "Verdict" }, h("h1", {}, `${one.id} ${one.name}`, h("span", { class: "soft" }, ` · ${words}`)), detail ? h("p", {}, `${detail.approved}${detail.seen ? ` · seen ${detail.seen}` : ""}`, detail.reason ? h("span", { class: "soft" }, ` · reason: ${detail.reason}`) : "") : "", only ? coverage() : "");
    if (!detail) return [back, head, section("Left out for size", h("p", {}, `storefleet drift ${id} --report html:PATH has it.`))];
    return [back, head, identities(detail.identities), sheet(one, detail), differences(detail.differences, "Differences, the grave ones first"), timeline(detail.timeline), map(detail.map), golden(detail.golden), gapTable(detail.gaps), ended(detail.ended),
      detail.quiet.length ? h("section", {}, h("details", {}, h("summary", {}, detail.quiet_words.join(" · ")), h("ul", { class: "faults" }, detail.quiet.map(difference)))) : ""];
  };
  const nothing = () => data.stores.length ? "" : section("Nothing to show", h("p", { class: "soft" }, "Every host that was compared is as it was approved."));

  const header = () => {
    const search = only ? "" : h("input", { type: "search", id: "search", placeholder: "store or name", "aria-label": "Search stores", on: { input: (event) => { filter.text = event.target.value; filter.shown = 100; if (location.hash.length > 1) location.hash = ""; redraw(); },
      keydown: (event) => { if (event.key === "Enter") { const found = data.stores.filter(matches)[0]; if (found) location.hash = anchor(found.id); } } } });
    document.getElementById("top").append(h("div", { class: "brand" }, h("a", { href: "#" }, "storefleet"), ` ${data.fleet}`, h("small", {}, `drift${data.run ? ` · ${data.run.when}` : ""}`)), search, darkButton());
    document.getElementById("foot").append(data.run ? h("p", {}, `Newest run ${data.run.id}.`) : "", data.note ? h("p", {}, data.note) : "", only ? "" : h("p", {}, h("kbd", {}, "/"), " search  ", h("kbd", {}, "Enter"), " open the first store  ", h("kbd", {}, "Esc"), " back to all stores"));
  };
  const show = () => {
    const asked = only || decodeURIComponent(location.hash.slice(1)), wanted = asked === "content" ? "" : asked;
    redraw = () => {};
    page.replaceChildren();
    put(page, wanted ? [storeView(wanted)] : [verdict(), identities(data.identities), data.whole ? "" : storeTable(), alike(), oneOffs(), trend(), data.whole ? storeTable() : "", goldens(), gapTable(data.gaps), quiet(), nothing()]);
    if (only) put(page, [trend()]);
    document.title = `${wanted ? `${wanted} · ` : ""}${data.fleet || "storefleet"} · storefleet drift`;
    if (!only) window.scrollTo(0, 0);
  };
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName), search = document.getElementById("search");
    if (event.key === "/" && !typing && search) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && !only) {
      event.preventDefault();
      if (search) search.value = "";
      filter.text = "";
      redraw();
      if (typing) event.target.blur(); else location.hash = "";
    }
  });
  header();
  if (!only) window.addEventListener("hashchange", show);
  show();
})();
