// The page of a stackctl supervisor. It shows the picture that /events sends
// whole each time: whatever was missed, the next message is right.
"use strict";

const word = document.querySelector("meta[name=word]").content;
const byId = (id) => document.getElementById(id);
const cards = new Map();
let view = null;

// make is an element with a class and a text; text is never taken for HTML.
function make(tag, cls, text) {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
}

function put(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

function ago(iso) {
  if (!iso) return "";
  const s = Math.max(0, (Date.now() - Date.parse(iso)) / 1000);
  if (s < 60) return Math.floor(s) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + Math.floor(s % 60) + " s";
  if (s < 86400) return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
  return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
}

// clock is the time of day, with the day where that is another one.
function clock(iso) {
  const at = new Date(iso), time = at.toLocaleTimeString([], { hour12: false });
  return at.toDateString() === new Date().toDateString() ? time : at.toLocaleDateString([], { month: "short", day: "numeric" }) + " " + time.slice(0, 5);
}

function took(seconds) {
  return seconds < 1 ? Math.round(seconds * 1000) + " ms" : seconds.toFixed(seconds < 10 ? 2 : 1) + " s";
}

// --- the connection -----------------------------------------------------------

let source = null;
let heard = 0;

function connect() {
  if (source) source.close();
  source = new EventSource("/events");
  heard = Date.now();
  source.addEventListener("view", (m) => {
    heard = Date.now();
    view = JSON.parse(m.data);
    linked(true);
    draw();
  });
  source.onopen = () => { heard = Date.now(); linked(true); };
  source.onerror = () => linked(false);
}

function linked(up) {
  const link = byId("link");
  link.classList.toggle("down", !up);
  put(link, up ? "live" : "connection lost: what is shown may be old");
  document.body.dataset.live = up ? "yes" : "no";
}

setInterval(() => {
  if (source.readyState === EventSource.CLOSED) connect(); // the browser has given up
  for (const e of document.querySelectorAll("[data-since]")) put(e, ago(e.dataset.since));
}, 1000);

document.addEventListener("visibilitychange", () => { if (!document.hidden) connect(); });

// --- the whole -----------------------------------------------------------------

function draw() {
  document.title = (view.proven ? "" : view.unchecked.length ? "! " : "✖ ") + view.project + " · stackctl";
  put(byId("project"), view.project);
  const verdict = byId("verdict");
  const bad = view.services.some((s) => s.tone === "bad");
  verdict.className = "pill " + (view.proven ? "good" : view.unchecked.length ? "unchecked" : bad || view.troubles.length ? "bad" : "busy");
  const up = view.services.filter((s) => s.proven).length;
  put(verdict, view.proven ? "✔ proven" : view.unchecked.length ? "! up; unchecked: " + view.unchecked.join(", ") : "✖ not proven: " + up + " of " + view.services.length + " services are");
  put(byId("where"), view.directory + (view.engine ? " · engine " + view.engine : ""));
  const first = cards.size === 0;
  drawAlarm();
  drawPicture();
  drawCards();
  if (first) arrive();
  drawHistory(byId("history"), view.history, true);
  put(byId("pass"), "look " + view.pass);
}

function drawAlarm() {
  const alarm = byId("alarm");
  const lines = view.troubles.map((t) => t.kind + ": " + t.text);
  if (view.error) lines.unshift(view.error);
  const key = JSON.stringify([lines, view.hint]);
  if (alarm.dataset.key === key) return;
  alarm.dataset.key = key;
  alarm.hidden = lines.length === 0;
  alarm.replaceChildren(...lines.map((l) => make("p", "", l)));
  if (view.hint && view.error) alarm.append(make("pre", "", view.hint));
}

// --- the picture ---------------------------------------------------------------

const svgNS = "http://www.w3.org/2000/svg";
function svg(tag, attributes) {
  const e = document.createElementNS(svgNS, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  return e;
}

// charsWide is about how wide a letter of a node is, in pixels.
const charsWide = 7.3;

// place lays the services out by level: columns, or rows where that is too wide.
function place(width) {
  const levels = [];
  for (const s of view.services) (levels[s.level] ||= []).push(s);
  const columns = levels.filter(Boolean), h = 44, least = 46;
  const wide = columns.map((l) => Math.max(...l.map((s) => Math.ceil(Math.max(s.name.length + 2, s.state.length) * charsWide) + 20)));
  const room = width - wide.reduce((a, b) => a + b, 0);
  return room >= least * (columns.length - 1) ? inColumns(columns, wide, h, Math.min(170, room / Math.max(1, columns.length - 1))) : inRows(columns, width, h);
}

function inColumns(columns, wide, h, gap) {
  const at = new Map(), most = Math.max(...columns.map((l) => l.length));
  let x = 0;
  columns.forEach((level, i) => {
    level.forEach((s, j) => at.set(s.name, { x, y: (j + (most - level.length) / 2) * (h + 12), w: wide[i] }));
    x += wide[i] + gap;
  });
  return { at, h, rows: false, width: x - gap, height: most * (h + 12) - 12 };
}

function inRows(columns, width, h) {
  const at = new Map(), gap = 10, each = Math.max(1, Math.min(4, Math.floor((width + gap) / (150 + gap))));
  const w = (width - gap * (each - 1)) / each;
  let y = 0;
  for (const level of columns) {
    for (let i = 0; i < level.length; i += each) {
      const row = level.slice(i, i + each), left = (width - row.length * (w + gap) + gap) / 2;
      row.forEach((s, j) => at.set(s.name, { x: left + j * (w + gap), y, w }));
      y += h + 10;
    }
    y += 20;
  }
  return { at, h, rows: true, width, height: y - 30 };
}

// direct are the dependencies that no other dependency brings along already:
// only these are drawn.
function direct(s, known) {
  const beyond = new Set();
  const walk = (name, deep) => {
    if (deep > 0) beyond.add(name);
    for (const dep of known.get(name)?.needs || []) if (!beyond.has(dep)) walk(dep, deep + 1);
  };
  for (const dep of s.needs) walk(dep, 0);
  return s.needs.filter((dep) => !beyond.has(dep));
}

let pictureKey = "";
function drawPicture() {
  const box = byId("picture");
  const width = box.clientWidth - 22;
  const key = JSON.stringify([width, view.services.map((s) => [s.name, s.state, s.tone, s.level, s.needs, s.proven])]);
  if (key === pictureKey || !view.services.length) return;
  pictureKey = key;
  const focused = document.activeElement?.closest?.(".node")?.dataset.name;
  const p = place(width);
  const root = svg("svg", { width: p.width + 6, height: p.height + 6, viewBox: `-3 -3 ${p.width + 6} ${p.height + 6}`, role: "img" });
  root.append(Object.assign(svg("title", {}), { textContent: "Services and what they depend on" }));
  const known = new Map(view.services.map((s) => [s.name, s]));
  for (const s of view.services) {
    for (const dep of direct(s, known)) {
      const a = p.at.get(dep), b = p.at.get(s.name);
      if (!a || !b) continue;
      const [x1, y1, x2, y2] = p.rows
        ? [a.x + a.w / 2, a.y + p.h, b.x + b.w / 2, b.y]
        : [a.x + a.w, a.y + p.h / 2, b.x, b.y + p.h / 2];
      const d = p.rows
        ? `M${x1},${y1} C${x1},${(y1 + y2) / 2} ${x2},${(y1 + y2) / 2} ${x2},${y2}`
        : `M${x1},${y1} C${(x1 + x2) / 2},${y1} ${(x1 + x2) / 2},${y2} ${x2},${y2}`;
      const edge = svg("path", { d, class: "edge" + (known.get(dep).proven || known.get(dep).state === "completed" ? "" : " waiting") });
      edge.dataset.ends = dep + " " + s.name;
      root.append(edge);
    }
  }
  for (const s of view.services) {
    const { x, y, w } = p.at.get(s.name);
    const link = svg("a", { href: "#service-" + s.name, class: "node " + s.tone, transform: `translate(${x},${y})`, "aria-label": s.name + ": " + s.state });
    link.dataset.name = s.name;
    link.append(svg("rect", { width: w, height: p.h, rx: 7 }));
    const room = Math.floor((w - 14) / charsWide);
    link.append(Object.assign(svg("text", { x: 9, y: 18 }), { textContent: squeeze(mark(s) + " " + s.name, room) }));
    link.append(Object.assign(svg("text", { x: 9, y: 35, class: "word" }), { textContent: cut(s.state, room + 3) }));
    link.append(Object.assign(svg("title", {}), { textContent: s.name + ": " + s.state + (s.reason ? ", " + s.reason : "") }));
    link.addEventListener("click", () => cards.get(s.name)?.more.setAttribute("open", ""));
    const light = (on) => {
      for (const e of root.querySelectorAll(".edge")) e.classList.toggle("lit", on && e.dataset.ends.split(" ").includes(s.name));
    };
    for (const [event, on] of [["mouseenter", true], ["mouseleave", false], ["focus", true], ["blur", false]]) link.addEventListener(event, () => light(on));
    root.append(link);
  }
  box.replaceChildren(root);
  if (focused) box.querySelector(`.node[data-name="${CSS.escape(focused)}"]`)?.focus();
}

const mark = (s) => ({ good: "✔", unchecked: "!", busy: "…", bad: "✖", off: "■" })[s.tone];
// squeeze leaves out the middle of a name: its end tells it from its neighbours.
const squeeze = (text, n) => (text.length > n ? text.slice(0, Math.ceil(n / 2)) + "…" + text.slice(text.length - Math.floor(n / 2) + 1) : text);
const cut = (text, n) => (text.length > n ? text.slice(0, Math.max(1, n - 1)) + "…" : text);

addEventListener("resize", () => { if (view) drawPicture(); });

// --- the cards -----------------------------------------------------------------

function drawCards() {
  const box = byId("services");
  const names = new Set(view.services.map((s) => s.name));
  for (const [name, card] of cards) if (!names.has(name)) { card.stopLog(); card.root.remove(); cards.delete(name); }
  for (const s of view.services) {
    if (!cards.has(s.name)) { const c = newCard(s.name); cards.set(s.name, c); box.append(c.root); }
    fill(cards.get(s.name), s);
  }
}

function newCard(name) {
  const c = { root: make("article"), stopLog: () => {} };
  c.root.id = "service-" + name;
  c.root.setAttribute("aria-label", name);
  const head = make("div", "head");
  c.state = make("span", "pill");
  c.brief = make("ul", "brief");
  c.actions = make("div", "actions");
  for (const wish of ["restart", "stop", "start"]) c.actions.append(button(name, wish));
  head.append(c.state, make("h3", "", name), c.brief, c.actions);
  c.why = make("p", "why");
  c.doing = make("p", "doing");
  c.hint = make("p", "hint");
  c.words = make("pre", "words");
  c.said = make("p", "said");
  c.said.setAttribute("role", "status");
  c.more = make("details");
  const summary = make("summary", "", "details");
  summary.setAttribute("aria-label", "details of " + name + ": conditions, history, log");
  const inside = make("div", "more"), left = make("div"), right = make("div");
  c.facts = make("dl");
  c.gates = make("table");
  c.gates.setAttribute("aria-label", "conditions of " + name);
  const proofs = make("details", "proofs");
  c.rests = make("table");
  proofs.append(make("summary", "", "what they rest on"), c.rests);
  c.story = make("ol", "history");
  newLog(c, name);
  left.append(c.facts, make("h4", "", "Conditions"), c.gates, proofs, make("h4", "", "History"), c.story);
  right.append(c.logbar, c.log);
  inside.append(left, right);
  c.more.append(summary, inside);
  c.more.addEventListener("toggle", () => {
    c.stopLog();
    c.stopLog = c.more.open ? follow(name, c) : () => {};
  });
  c.root.append(head, c.why, c.words, c.hint, c.doing, c.said, c.more);
  return c;
}

// newLog is the place of a service's log, with the choice of its containers.
function newLog(c, name) {
  c.logbar = make("div", "logbar");
  c.log = make("pre", "log");
  c.log.tabIndex = 0;
  c.log.setAttribute("role", "log");
  c.log.setAttribute("aria-label", "log of " + name);
  c.choice = make("select");
  c.choice.setAttribute("aria-label", "container");
  c.choice.hidden = true;
  c.choice.addEventListener("change", () => { c.stopLog(); c.stopLog = follow(name, c); });
  const tail = make("button", "tail", "↓ newest");
  tail.type = "button";
  tail.hidden = true;
  tail.addEventListener("click", () => { c.log.scrollTop = c.log.scrollHeight; });
  c.log.addEventListener("scroll", () => { tail.hidden = isLow(c.log); });
  c.logbar.append(make("h4", "", "Log"), c.choice, tail);
}

const isLow = (pre) => pre.scrollHeight - pre.scrollTop - pre.clientHeight < 40;

function fill(c, s) {
  if (c.root.className !== s.tone) c.root.className = s.tone;
  if (c.state.className !== "pill " + s.tone) c.state.className = "pill " + s.tone;
  put(c.state, mark(s) + " " + s.state);
  put(c.why, s.proven || s.doing && s.doing.includes(s.reason) ? "" : s.reason || "");
  put(c.doing, s.doing || "");
  put(c.words, s.proven ? "" : s.said.join("\n"));
  put(c.hint, s.proven || !s.hint ? "" : "→ " + s.hint);
  brief(c.brief, s);
  facts(c.facts, s);
  for (const b of c.actions.children) {
    const on = { start: !s.running, stop: s.running, restart: s.replicas.length > 0 }[b.dataset.wish] || b.dataset.wish !== "stop" && s.given_up;
    if (b.disabled === on) b.disabled = !on;
  }
  choose(c.choice, s);
  const key = JSON.stringify([s.gates, s.proofs, s.hint, s.notes]);
  if (c.gates.dataset.key !== key) {
    c.gates.dataset.key = key;
    c.gates.replaceChildren(...s.gates.map((g) => row(g.type, g.status, g.message, g.since)),
      ...s.proofs.filter((p) => !p.passed).map(proof),
      ...(s.hint ? [row("next", "", s.hint)] : []), ...s.notes.map((n) => row("note", "", n)));
    c.rests.replaceChildren(...s.proofs.map(proof));
  }
  drawHistory(c.story, s.history, false);
}

// proof is a piece of evidence as a row.
function proof(p) {
  return row(p.passed ? "✔ proof" : "✖ proof", p.at ? clock(p.at) : "", p.probe + ": " + p.result + (p.took_seconds ? " (" + took(p.took_seconds) + ")" : ""));
}

// choose lets a reader choose among the containers of a service.
function choose(select, s) {
  const key = s.replicas.map((r) => r.id).join();
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  select.hidden = s.replicas.length < 2;
  select.replaceChildren(...s.replicas.map((r) => Object.assign(make("option", "", r.name), { value: r.id })));
}

function row(head, status, text, since) {
  const tr = make("tr"), age = make("td", "", since ? ago(since) : "");
  if (since) {
    age.dataset.since = since;
    age.title = "since " + new Date(since).toLocaleString();
  }
  tr.append(make("th", "", head), make("td", status, status), age, make("td", "", text));
  return tr;
}

// brief is the line of a service: what a reader wants to know of each.
function brief(ul, s) {
  const list = [];
  if (s.since) list.push(["for ", ago(s.since), s.since]);
  if (s.restarts) list.push(["", s.restarts + (s.restarts === 1 ? " restart" : " restarts")]);
  if (s.starts) list.push(["", s.starts + " of " + s.budget + " starts spent"]);
  if (s.healed_in_seconds !== undefined) list.push(["last healed in ", took(s.healed_in_seconds)]);
  if (s.probe) list.push(["probe ", (s.probe.passed ? "✔ " : "✖ ") + took(s.probe.took_seconds)]);
  if (s.drift) list.push(["", "differs from the file"]);
  if (s.replicas.length > 1) list.push(["", s.replicas.length + " containers"]);
  const key = JSON.stringify([list.map(([k, v, since]) => [k, since || v]), s.urls]);
  if (ul.dataset.key === key) return;
  ul.dataset.key = key;
  ul.replaceChildren(...list.map(([k, v, since]) => {
    const li = make("li", "", k), b = make("b", "", v);
    if (since) b.dataset.since = since;
    li.append(b);
    return li;
  }));
  if (s.urls.length) {
    const li = make("li");
    links(li, s.urls);
    ul.append(li);
  }
}

// facts are what else there is to know about a service.
function facts(dl, s) {
  const list = [];
  if (s.probe) list.push(["last probe", (s.probe.passed ? "✔ " : "✖ ") + s.probe.probe + ": " + s.probe.result + (s.probe.at ? ", at " + clock(s.probe.at) : "")]);
  if (s.drift) list.push(["differs", s.drift]);
  list.push(["proven by", s.proof], ["starts", s.starts + " of " + s.budget + " of its budget spent, the engine counts " + s.restarts + " restarts"]);
  if (s.needs.length) list.push(["needs", s.needs.join(", ")]);
  if (s.image) list.push(["image", s.image]);
  if (s.replicas.length) list.push(["containers", s.replicas.map((r) => r.name + " " + r.id + " " + r.state).join(", ")]);
  const key = JSON.stringify(list);
  if (dl.dataset.key === key) return;
  dl.dataset.key = key;
  dl.replaceChildren(...list.flatMap(([k, v]) => [make("dt", "", k), make("dd", k === "differs" ? "differs" : "", v)]));
}

function links(dd, urls) {
  const key = urls.join();
  if (dd.dataset.key === key) return;
  dd.dataset.key = key;
  dd.replaceChildren(...urls.flatMap((u) => {
    if (!/^https?:\/\//.test(u)) return [make("span", "", u), " "];
    const a = make("a", "", u);
    a.href = u;
    a.rel = "noreferrer";
    return [a, " "];
  }));
}

// words are what a kind of entry is called, tones how it is coloured.
const words = { acting: "healing" };
const tones = { failed: "bad", "gave up": "bad", unchecked: "unchecked", trouble: "bad", healed: "good", proven: "good", eased: "good", acting: "busy", "stopped by hand": "off" };

function drawHistory(ol, list, named) {
  const key = list.length ? list[0].at + list[0].kind + list.length : "none";
  if (ol.dataset.key === key) return;
  ol.dataset.key = key;
  ol.replaceChildren(...list.map((h) => {
    const li = make("li", h.kind === "state" || h.kind === "condition" ? "minor" : "");
    const time = make("time", "", clock(h.at));
    time.dateTime = h.at;
    time.title = new Date(h.at).toLocaleString() + ", look " + h.pass;
    const what = h.kind === "state" || h.kind === "condition" ? h.state : words[h.kind] || h.kind;
    const text = make("span");
    if (named && h.service) {
      const link = make("a", "", h.service);
      link.href = "#service-" + h.service;
      text.append(link, h.text ? ": " : " ");
    }
    text.append((h.text || "") + (h.took_seconds ? (h.text ? " " : "") + "after " + took(h.took_seconds) : ""));
    li.append(time, make("strong", tones[h.kind] || "", what), text);
    return li;
  }));
  if (!list.length) ol.append(make("li", "", "nothing yet"));
}

// --- actions -------------------------------------------------------------------

// A second press makes sure of what takes something away.
function button(service, wish) {
  const b = make("button", "", wish);
  b.type = "button";
  b.dataset.wish = wish;
  b.setAttribute("aria-label", wish + " " + service);
  let sure = null;
  b.addEventListener("click", async () => {
    if (wish !== "start" && !sure) {
      b.classList.add("sure");
      b.textContent = "really " + wish + "?";
      sure = setTimeout(() => calm(), 4000);
      return;
    }
    clearTimeout(sure);
    calm();
    const said = cards.get(service).said;
    put(said, wish + " …");
    try {
      const r = await fetch(`/services/${encodeURIComponent(service)}/${wish}`, { method: "POST", headers: { "X-Stackctl-Word": word } });
      put(said, r.ok ? wish + " asked for" : wish + ": " + (await r.text()).trim());
    } catch (e) {
      put(said, wish + ": " + e.message);
    }
    setTimeout(() => put(said, ""), 8000);
  });
  function calm() {
    sure = null;
    b.classList.remove("sure");
    b.textContent = wish;
  }
  return b;
}

// --- logs ----------------------------------------------------------------------

const maxLines = 1000;

// follow shows a service's log, from one container to the next, and stays at its
// end unless the reader has gone up.
function follow(service, c) {
  const pre = c.log;
  let stopped = false, stream = null, retry = null;
  const open = () => {
    pre.replaceChildren();
    const one = !c.choice.hidden && c.choice.value;
    stream = new EventSource("/logs/" + encodeURIComponent(service) + (one ? "?container=" + encodeURIComponent(one) : ""));
    stream.addEventListener("line", (m) => {
      const low = isLow(pre);
      pre.append(JSON.parse(m.data) + "\n");
      while (pre.childNodes.length > maxLines) pre.firstChild.remove();
      if (low) pre.scrollTop = pre.scrollHeight;
    });
    const again = () => {
      stream.close();
      if (!stopped) retry = setTimeout(open, 2000);
    };
    stream.addEventListener("end", again);
    stream.onerror = again;
  };
  open();
  return () => {
    stopped = true;
    clearTimeout(retry);
    stream.close();
  };
}

// arrive opens the details of the service that the address names.
function arrive() {
  const card = cards.get(decodeURIComponent(location.hash.slice(1)).replace(/^service-/, ""));
  if (!card) return;
  card.more.setAttribute("open", "");
  card.root.scrollIntoView();
}
addEventListener("hashchange", arrive);

connect();
