"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { SEVERITIES, put, h, s, count, plural, severity, anchor, section, tile, darkButton, trendLine } = kit;
  const STATES = { f: "fails", e: "the check itself broke", u: "unknown", w: "waived", ".": "nothing wrong", "-": "not judged", s: "left out" };
  const page = document.getElementById("content");
  const filter = { text: "", state: "", severity: "", region: "", fresh: false, shown: 100 };

  const storeLink = (id) => (data.folder ? `${anchor(id)}.html` : `#${anchor(id)}`);
  const homeLink = () => (data.folder && data.store ? "index.html" : "#");
  const link = (id) => h("a", { href: storeLink(id) }, id);
  const store = (id) => data.stores.find((one) => one.id === id);

  const CHANGES = [["new", "NEW"], ["worse", "WORSE"], ["reopened", "BACK AGAIN"], ["still", "open"]];
  const life = (fault) => CHANGES.filter(([kind]) => fault.changes[kind]).map(([kind, word]) => {
    const many = Object.keys(fault.changes).length > 1 ? `${count(fault.changes[kind])} ` : "";
    const since = kind === "still" && fault.since ? ` since ${fault.since}` : "";
    return h("span", { class: `chg ${kind}` }, `${many}${word}${since}`, " ");
  });
  const sides = (is, due) => h("div", { class: "sides" },
    h("div", { class: "side is" }, h("small", {}, "observed"), is), h("div", { class: "side due" }, h("small", {}, "required"), due));

  const places = (fault) => {
    const names = fault.hosts.slice(0, 12);
    const shown = names.map((name, index) => [index ? " " : "", h("a", { href: storeLink(name[1]) }, name[0])]);
    const more = fault.count - names.length;
    const head = fault.stores > 1 ? `${plural(fault.count, "host")} in ${plural(fault.stores, "store")}: ` : "";
    return h("p", { class: "small mono" }, head, shown, more > 0 ? ` and ${count(more)} more` : "");
  };
  const faultItem = (fault, inStore) => {
    const control = data.controls[fault.control];
    return h("li", { id: inStore ? anchor(control.id) : null },
      h("div", { class: "fault-head" }, severity(control.severity, fault.trial), h("code", {}, control.id), h("strong", {}, fault.words), life(fault)),
      h("p", { class: "small mono soft" }, fault.key), sides(fault.is, fault.due), places(fault),
      fault.flapping ? h("p", { class: "small chg" }, `flapping: began ${fault.flapping} times in two weeks`) : "",
      fault.alike ? h("p", { class: "small" }, h("b", {}, fault.alike)) : "", h("p", { class: "small soft" }, control.title !== fault.words ? `${control.title}. ` : "", control.cause ? `Cause: ${control.cause}. ` : "",
        fault.fix ? ["Fix: ", h("code", {}, fault.fix)] : ""));
  };
  const faultList = (faults, most, inStore) => {
    const list = h("ul", { class: "faults" });
    const grow = (from, to) => { for (const fault of faults.slice(from, to)) list.append(faultItem(fault, inStore)); };
    grow(0, most);
    if (faults.length <= most) return list;
    const button = h("button", { class: "more", on: { click: () => { grow(most, faults.length); button.remove(); } } }, `Show ${count(faults.length - most)} more`);
    return [list, button];
  };

  const coverageBar = (seen) => {
    const low = seen.percent < seen.floor;
    return s("svg", { class: low ? "bar low" : "bar", viewBox: "0 0 1000 12", preserveAspectRatio: "none", role: "img", "aria-label": `coverage ${seen.percent} %, floor ${seen.floor} %` },
      s("rect", { class: "all", width: 1000, height: 12, rx: 3 }), s("rect", { class: "part", width: seen.percent * 10, height: 12, rx: 3 }),
      s("rect", { class: "floor", x: Math.min(998, seen.floor * 10 - 1), width: 2, height: 12 }));
  };
  const verdict = () => {
    const seen = data.verdict.coverage, change = data.changes, dark = data.stores.filter((one) => one.state === "dark").length;
    return h("section", { class: `verdict e${data.verdict.exit}`, "aria-label": "Verdict" },
      h("h1", {}, data.verdict.headline), coverageBar(seen),
      h("p", {}, `Coverage: ${count(seen.judged)} of ${count(seen.expected)} expected hosts judged (${seen.percent} %), floor ${seen.floor} %. `,
        h("span", { class: "soft" }, `${plural(data.totals.stores, "store")}, ${plural(data.totals.hosts, "host")}. Exit ${data.verdict.exit}.`)),
      h("div", { class: "tiles" }, tile(change.new, "new", "bad"), tile(change.worse, "worse", "bad"), tile(change.reopened, "back again", "bad"),
        tile(change.still, "still open", "warn"), tile(change.fixed, "fixed", "good"), tile(dark, dark === 1 ? "store dark" : "stores dark", "warn"),
        tile(data.totals.results.unknown || 0, "results unknown", "warn"), tile(data.expiring.length, "waivers expire in 14 days", "warn")));
  };
  const changed = () => {
    const fresh = data.faults.filter((fault) => !fault.trial && isFresh(fault));
    const fixed = data.closed.filter((one) => one.how === "fixed");
    if (!fresh.length && !fixed.length) return section("What changed", h("p", { class: "soft" }, "Nothing is new, worse or fixed since each finding's own last result."));
    return section("What changed", faultList(fresh, 20), fixed.length ? h("h3", {}, `Fixed: ${count(fixed.length)}`) : "", fixed.length ? closedTable(fixed) : "");
  };
  const closedTable = (closed) => h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["control", "host", "finding", "was open since"].map((name) => h("th", {}, name)))),
    h("tbody", {}, closed.slice(0, 200).map((one) => h("tr", {}, h("td", {}, h("code", {}, one.control)), h("td", {}, h("a", { href: storeLink(one.store) }, one.host)),
      h("td", { class: "mono" }, one.key), h("td", {}, one.since))), closed.length > 200 ? h("tr", {}, h("td", { colspan: 4 }, `and ${count(closed.length - 200)} more`)) : "")));
  const isFresh = (fault) => fault.changes.new || fault.changes.worse || fault.changes.reopened;
  const still = () => {
    const old = data.faults.filter((fault) => !fault.trial && !isFresh(fault) && fault.stores === 1);
    const trial = data.faults.filter((fault) => fault.trial);
    return [old.length ? section("Still open", faultList(old, 10), data.more_faults ? h("p", { class: "soft" }, `${count(data.more_faults)} more faults stand on the pages of their stores.`) : "") : "",
      trial.length ? section("On trial: shown, not counted", faultList(trial, 5)) : ""];
  };
  const darkness = () => data.dark.length ? section(data.dark.length === 1 ? "One store is dark" : `${count(data.dark.length)} stores are dark`, h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["store", "since", "hosts", "why"].map((name) => h("th", {}, name)))),
    h("tbody", {}, data.dark.slice(0, 50).map((one) => h("tr", {}, h("td", {}, link(one.store)), h("td", {}, one.since || ""), h("td", {}, count(one.hosts)), h("td", {}, one.reason))), data.dark.length > 50 ? h("tr", {}, h("td", { colspan: 4 }, `and ${count(data.dark.length - 50)} more`)) : "")))) : "";
  const strange = () => data.odd.length ? section("Not what they should be", h("ul", {}, data.odd.slice(0, 50).map((one) => h("li", {}, h("a", { href: storeLink(one.store) }, one.host), " ", one.words)), data.odd.length > 50 ? h("li", {}, `and ${count(data.odd.length - 50)} more`) : "")) : "";
  const wide = () => {
    const many = data.faults.filter((fault) => fault.stores > 1 && !fault.trial).sort((one, other) => other.stores - one.stores);
    return many.length ? section("The same fault in many stores", faultList(many, 10)) : "";
  };
  const trend = () => trendLine(data.trend, "Open findings", (run) => `${run.at}: ${count(run.open)} open, ${count(run.new)} new, ${count(run.fixed)} fixed`, "open", "new",
    "line: open findings; bars: new in that run");

  const matches = (one) => {
    const text = filter.text.trim().toLowerCase();
    const place = `${one.id} ${one.name || ""} ${one.region || ""} ${one.format || ""}`.toLowerCase();
    const control = data.controls.findIndex((each) => each.id.toLowerCase() === text);
    const found = !text || place.includes(text) || (control >= 0 && "feu".includes(one.cells[control])) || (one.names || "").includes(text);
    return found && (!filter.state || one.state === filter.state) && (!filter.region || one.region === filter.region) &&
      (!filter.fresh || one.new > 0) && (!filter.severity || (one.worst !== null && one.worst >= Number(filter.severity)));
  };
  const cell = (code, index, one) => {
    const control = data.controls[index], kind = code === "f" ? `f${control.severity}` : code === "." ? "" : code === "-" || code === "s" ? "n" : code;
    return h("td", { class: "c" }, h("span", { class: kind, title: `${one.id} ${control.id}: ${STATES[code]}` }, code === "." || code === "-" ? "" : code.toUpperCase()));
  };
  const row = (one) => h("tr", {}, h("th", { class: "row", scope: "row" }, link(one.id)), h("td", { class: "hide-small" }, one.name || ""),
    h("td", {}, one.worst === null ? (one.state === "clean" ? "" : one.state) : severity(one.worst)), h("td", { class: "n" }, count(one.open)), h("td", { class: "n" }, one.new ? count(one.new) : ""),
    h("td", { class: "n" }, `${one.judged}/${one.hosts}`), [...one.cells].map((code, index) => cell(code, index, one)));
  const heat = () => {
    const body = h("tbody"), told = h("p", { class: "small soft", role: "status" });
    const more = h("button", { class: "more", on: { click: () => { filter.shown += 200; draw(); } } }, "Show 200 more");
    const draw = () => {
      const found = data.stores.filter(matches);
      body.replaceChildren(...found.slice(0, filter.shown).map(row));
      told.textContent = `${count(Math.min(found.length, filter.shown))} of ${plural(found.length, "store")} shown, the worst first; ${count(data.stores.length)} in the run.`;
      more.hidden = found.length <= filter.shown;
    };
    redraw = draw;
    const choose = (name, words, options) => h("select", { "aria-label": words, on: { change: (event) => { filter[name] = event.target.value; draw(); } } },
      h("option", { value: "" }, words), options.map(([value, text]) => h("option", { value, selected: filter[name] === String(value) }, text)));
    const regions = [...new Set(data.stores.map((one) => one.region).filter(Boolean))].sort();
    const controls = h("div", { class: "filters" },
      choose("state", "every state", [["findings", "with findings"], ["dark", "dark"], ["incomplete", "not fully judged"], ["clean", "clean"], ["skipped", "left out"]]),
      choose("severity", "every severity", SEVERITIES.map((name, rank) => [rank, `${name} or worse`]).reverse()), regions.length > 1 ? choose("region", "every region", regions.map((name) => [name, name])) : "",
      h("label", {}, h("input", { type: "checkbox", checked: filter.fresh, on: { change: (event) => { filter.fresh = event.target.checked; draw(); } } }), " only with new findings"));
    const heading = h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "store"), h("th", { scope: "col", class: "hide-small" }, "name"), h("th", { scope: "col" }, "worst"), h("th", { scope: "col", class: "n" }, "open"), h("th", { scope: "col", class: "n" }, "new"),
      h("th", { scope: "col", class: "n" }, "judged"), data.controls.map((control) => h("th", { scope: "col", class: "c", title: `${control.title} (${SEVERITIES[control.severity]})` }, h("span", {}, control.id)))));
    draw();
    return section("Stores and controls", controls, told, h("div", { class: "scroll" }, h("table", { class: "heat" }, heading, body)), more,
      h("p", { class: "legend" }, h("span", {}, "F fails, the darker the more severe"), h("span", {}, "U unknown"), h("span", {}, "E the check broke"), h("span", {}, "W waived"), h("span", {}, "S left out"),
        h("span", {}, data.controls.length ? "Controls without anything but passes have no column." : "Every control passed on every host that was judged.")));
  };
  let redraw = () => {};
  const waivers = (list) => list.length ? section("Waivers in use", h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["waiver", "expires", "", ""].map((name) => h("th", {}, name)))),
    h("tbody", {}, list.map((one) => h("tr", {}, h("td", {}, h("code", {}, one.id)), h("td", {}, one.expires), h("td", { class: one.soon ? "chg" : "soft" }, one.words), h("td", { class: "soft" }, one.wide ? "wide: it names no finding" : ""))))))) : "";
  const totals = () => section("All results", h("p", {}, `${count(Object.values(data.totals.results).reduce((sum, value) => sum + value, 0))} results = `,
    Object.entries(data.totals.results).map(([name, value], index) => [index ? " + " : "", h("b", {}, count(value)), ` ${name}`]), data.totals.trial ? ` (${count(data.totals.trial)} on trial stand beside them)` : ""));

  const diffRows = (text) => {
    const rows = [], lines = text.split("\n");
    let del = [], add = [];
    const flush = () => { for (let at = 0; at < Math.max(del.length, add.length); at += 1) rows.push([del[at], add[at]]); del = []; add = []; };
    for (const line of lines) {
      if (/^(---|\+\+\+) /.test(line)) continue;
      if (line.startsWith("-")) del.push(line.slice(1));
      else if (line.startsWith("+")) add.push(line.slice(1));
      else { flush(); if (line.startsWith("@@") || line.startsWith("#")) rows.push([null, null, line]); else if (line) rows.push([line.slice(1), line.slice(1), "same"]); }
    }
    flush();
    return rows.map(([left, right, kind]) => kind && kind !== "same" ? h("tr", {}, h("td", { class: "rule", colspan: 2 }, kind)) :
      h("tr", {}, h("td", { class: !kind && left !== undefined ? "del" : "" }, left), h("td", { class: !kind && right !== undefined ? "add" : "" }, right)));
  };
  const hostSection = (host) => {
    const told = host.results.filter((result) => result.state !== "fail");
    return h("section", {}, h("h2", {}, host.host, " ", h("span", { class: "soft small" }, `${host.role}, ${host.platform}`)),
      host.reason ? h("p", {}, host.reason, host.dark ? ` (dark since ${host.dark})` : "") : "", host.odd.map((words) => h("p", { class: "chg" }, words)),
      h("p", { class: "small soft" }, `${count(host.passed)} passed, ${count(host.failed)} failed, ${count(told.length)} otherwise.`),
      told.length ? h("details", { open: told.length < 9 }, h("summary", {}, "Unknown, waived, left out"), h("table", {}, h("tbody", {}, told.map((result) => h("tr", {},
        h("td", {}, h("code", {}, result.id)), h("td", {}, result.state), h("td", {}, result.reason || "")))))) : "",
      host.diff ? h("details", { open: true }, h("summary", {}, "Observed beside required"), h("div", { class: "scroll" }, h("table", { class: "diff" },
        h("thead", {}, h("tr", {}, h("th", {}, "observed"), h("th", {}, "required"))), h("tbody", {}, diffRows(host.diff))))) : "");
  };
  const storeView = (id) => {
    const one = store(id), detail = data.details[id];
    if (!one) return [h("p", { class: "crumb" }, h("a", { href: homeLink() }, "← all stores")), section("No such store", h("p", {}, `${id} is not in this run.`))];
    const about = [one.name, one.format, one.region, one.link ? `${one.link} link` : null, one.zone].filter(Boolean).join(" · ");
    const head = [h("p", { class: "crumb" }, h("a", { href: homeLink() }, "← all stores")), h("section", { class: `verdict e${one.open ? 1 : one.state === "clean" ? 0 : 3}` }, h("h1", {}, one.id, " ", h("span", { class: "soft" }, about)),
      h("p", {}, `${plural(one.open, "open finding")}${one.new ? `, ${count(one.new)} new` : ""}; ${one.judged} of ${plural(one.hosts, "host")} judged`, one.dark ? `; dark since ${one.dark}` : "", "."))];
    if (!detail) return [...head, section("Nothing open here", h("p", { class: "soft" }, one.open ? `Its details were left out of this file for size: storefleet report ${data.run.id} --report html:FOLDER/ has a page for every store.` : "Every control that was judged passed, is waived or was left out."))];
    return [...head, detail.first.length ? section(detail.first.length > 1 ? "Do these two things first" : "Do this first", h("ol", { class: "first" }, detail.first.map((step) => h("li", {}, h("b", {}, step.what), " ", step.how, step.command ? [" ", h("code", {}, step.command)] : "")))) : "",
      detail.faults.length ? section("Findings", faultList(detail.faults, 60, true)) : "", detail.hosts.map(hostSection), detail.closed.length ? section("Gone since last time", closedTable(detail.closed)) : ""];
  };

  const header = () => {
    const search = h("input", { type: "search", id: "search", placeholder: "store, host, region, control", "aria-label": "Search stores", on: { input: (event) => { filter.text = event.target.value; filter.shown = 100; if (location.hash.length > 1 && !data.folder) location.hash = ""; redraw(); },
      keydown: (event) => { if (event.key === "Enter") { const found = data.stores.filter(matches)[0]; if (found) location.href = storeLink(found.id); } } } });
    document.getElementById("top").append(h("div", { class: "brand" }, h("a", { href: homeLink() }, "storefleet"), ` ${data.run.fleet}`, h("small", {}, `${data.run.verb} · ${data.run.when}`)),
      data.store ? "" : search, darkButton());
    const run = data.run, inputs = run.commit ? `fleet commit ${run.commit}${run.dirty ? ", with uncommitted changes" : ""}` : "fleet folder is no repository";
    document.getElementById("foot").append(h("p", {}, `Run ${run.id}, by ${run.actor}, ${inputs}, storefleet ${run.version}${run.limit ? `, limited to ${run.limit}` : ""}${run.reason ? `, reason: ${run.reason}` : ""}${run.ticket ? `, ticket ${run.ticket}` : ""}.`),
      data.note ? h("p", {}, data.note) : "", h("p", {}, h("kbd", {}, "/"), " search  ", h("kbd", {}, "Enter"), " open the first store  ", h("kbd", {}, "Esc"), " back to all stores"));
  };
  const show = () => {
    const id = data.store || decodeURIComponent(location.hash.slice(1));
    const wanted = id === "content" ? "" : id;
    redraw = () => {};
    const parts = wanted ? storeView(wanted) : [verdict(), changed(), wide(), darkness(), strange(), trend(), heat(), still(), waivers(data.waivers), totals()];
    page.replaceChildren();
    put(page, [parts]);
    document.title = `${wanted ? `${wanted} · ` : ""}${data.run.fleet} · storefleet ${data.run.verb}`;
    if (!data.store) window.scrollTo(0, 0);
  };
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName), search = document.getElementById("search");
    if (event.key === "/" && !typing && search) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape") {
      event.preventDefault();
      if (search) search.value = "";
      filter.text = "";
      redraw();
      if (typing) event.target.blur(); else if (data.folder && data.store) location.href = "index.html"; else location.hash = "";
    }
  });
  header();
  if (!data.store) window.addEventListener("hashchange", show);
  show();
})();
