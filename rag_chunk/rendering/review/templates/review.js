"use strict";
// All texts become text nodes: nothing in a document or a question is ever markup.
const $ = (id) => document.getElementById(id);
const STATES = { draft: "draft", accepted: "accepted", rejected: "rejected" };
const STEPS = { moved: ", not where the file says", letters: ", by letters and digits", similar: ", the most similar text" };
const WORD = /[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+/gu;
const AWAY = "rag-chunk does not answer. Your change is kept on this page; start rag-chunk review again with the same file, and it is saved.";

let overview = { questions: [], counts: {}, shows: "", undo: false };
let current = null; // the question that is shown
let chosen = { item: 0, wording: 0 }; // the evidence that C, V and X are about
let view = null; // the document that is shown, or a part of it
let picked = null; // the text that was selected last: { document, start, end, text }
let words = []; // of the document that is shown, for the arrow keys: { block, from, to }
let reach = null; // the words that the arrow keys have selected: { anchor, focus }
let typing = null; // the timer of a question that is being typed
let waiting = 0; // changes that are not on the disk yet
let steps = 0; // changes and questions that were opened: an answer from before one of them is out of date
let openings = 0;
let loads = 0; // of documents: the one that was asked for last is shown, whichever answer comes last
let searches = 0;
let queue = Promise.resolve();
const versions = new Map();

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

const button = (label, act, attributes = {}) => make("button", { type: "button", on: { click: act }, ...attributes }, label);
const key = (name) => make("kbd", {}, name);
const shorten = (text, most = 160) => { const line = text.replace(/\s+/g, " ").trim(); return line.length > most ? line.slice(0, most - 1) + "…" : line; };

async function ask(path, body) {
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const response = await fetch(path, options);
  const data = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw Object.assign(new Error(data.error), { status: response.status });
  return data;
}

function say(text, kind = "") {
  $("message").textContent = text;
  $("message").className = `message ${kind}`;
  $("message").hidden = !text;
}

// Changes are sent one after the other. One that cannot be sent is tried until it can.
function change(id, operation, path = "change") {
  waiting += 1;
  steps += 1;
  const sent = queue.then(() => send(id, operation, path)).finally(() => { waiting -= 1; });
  queue = sent.catch(() => {});
  return sent;
}

async function send(id, operation, path) {
  for (let failed = false; ; failed = true) {
    try {
      const done = await ask(path, path === "undo" ? {} : { id, version: versions.get(id), operation });
      say("");
      show(done);
      return done;
    } catch (error) {
      if (error.status === 409) return settle(id, operation, failed);
      if (error.status) { say(error.message, "error"); return null; }
      say(AWAY, "error");
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }
}

// Somebody else was first; or we were, and the answer was lost.
async function settle(id, operation, failed) {
  const now = await ask(`question?id=${encodeURIComponent(id)}`).catch(() => null);
  overview = await ask("overview");
  if (!now) { say("This question is no longer in the file.", "error"); drawList(); return null; }
  const ours = operation.do === "ask" ? now.question === operation.text : operation.do === "review" && now.state === stateOf(operation.review);
  versions.set(id, now.version);
  if (!(failed && ours)) {
    const mine = operation.do === "ask" ? ` Yours was: “${operation.text}”` : "";
    say(`Not saved: this question was changed elsewhere meanwhile, and is shown as it is now.${mine}`, "error");
  }
  if (current && current.id === id) { $("ask").value = now.question; show({ question: now, overview }); }
  return null;
}

const stateOf = (review) => (review === true ? "accepted" : review === false ? "draft" : review);

function show(done) {
  overview = done.overview;
  versions.set(done.question.id, done.question.version);
  if (!current || done.question.id === current.id) { current = done.question; drawQuestion(); }
  drawList();
  drawMarks();
}

// Who opens a question may go on at once: what is typed, changed or looked at until it is here stays.
async function open(id, { focus = false } = {}) {
  const opening = ++openings, loading = loads;
  let question, step;
  pick(null);
  steps += 1;
  try {
    do {
      flush();
      await queue;
      step = steps;
      question = await ask(`question?id=${encodeURIComponent(id)}`);
      if (opening !== openings) return; // another one was asked for meanwhile
    } while (step !== steps || typing);
  } catch (error) { say(error.status ? error.message : AWAY, "error"); return; }
  steps += 1;
  current = question;
  versions.set(id, current.version);
  chosen = { item: 0, wording: 0 };
  $("ask").value = current.question;
  $("places").replaceChildren();
  $("words").value = "";
  drawQuestion();
  drawList();
  if (loading === loads) await see(chosen);
  else drawMarks();
  if (focus) $("card").focus({ preventScroll: true });
}

const ids = () => overview.questions.map((each) => each.id);
const lineOf = (id) => overview.questions.find((each) => each.id === id);

function drawList() {
  const { accepted = 0, draft = 0, rejected = 0 } = overview.counts;
  const total = accepted + draft + rejected;
  $("counts").textContent = `${accepted + rejected} of ${total} reviewed: ${accepted} accepted, ${rejected} rejected`;
  $("progress").setAttribute("aria-label", $("counts").textContent);
  $("progress").querySelector(".accepted").style.width = `${(100 * accepted) / Math.max(total, 1)}%`;
  $("progress").querySelector(".rejected").style.width = `${(100 * rejected) / Math.max(total, 1)}%`;
  $("shows").textContent = overview.shows;
  $("undo").disabled = !overview.undo;
  const kind = $("filter").value;
  const shown = overview.questions.filter((each) => !kind || each.state === kind || (kind === "twin" && each.twin));
  $("questions").replaceChildren(...shown.map((each) => make("li", {},
    button(shorten(each.question, 110) || each.id, () => open(each.id), { class: `line ${each.state}${each.twin ? " twin" : ""}`, "aria-current": current && each.id === current.id ? "true" : null, title: each.twin ? "nearly asked twice" : null }))));
  const line = $("questions").querySelector("[aria-current]");
  if (line && line.offsetParent) { const box = $("list"); const top = line.offsetTop; if (top < box.scrollTop + 30 || top > box.scrollTop + box.clientHeight - 60) box.scrollTop = top - Math.min(80, box.clientHeight / 3); }
}

function drawQuestion() {
  const place = ids().indexOf(current.id);
  $("place").textContent = `Question ${place + 1} of ${ids().length} · ${current.id}`;
  $("state").textContent = STATES[current.state];
  $("state").className = `state ${current.state}`;
  if (!typing && document.activeElement !== $("ask")) $("ask").value = current.question;
  fit();
  $("tags").replaceChildren(...current.tags.map((tag) => make("span", { class: "tag" }, tag, button("×", () => retag(current.tags.filter((each) => each !== tag)), { "aria-label": `Remove the tag ${tag}` }))));
  $("notes").replaceChildren(...current.notes.map((note) => make("li", {}, note)));
  chosen.item = Math.min(chosen.item, Math.max(current.items.length - 1, 0));
  chosen.wording = Math.min(chosen.wording, Math.max((current.items[chosen.item] || []).length - 1, 0));
  $("items").replaceChildren(...current.items.map(drawItem));
  if (!current.items.length) $("items").append(make("li", { class: "none" }, "None yet: select the text that answers, and make it evidence."));
  $("twins-part").hidden = !current.twins.length;
  $("twins").replaceChildren(...(current.twins.length ? [drawThis(), ...current.twins.map(drawTwin)] : []));
  $("other").replaceChildren(...Object.entries(current.other).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, shorten(value, 200))]));
  drawSelection();
}

function drawItem(wordings, item) {
  const isChosen = item === chosen.item;
  const rows = wordings.map((each, wording) => {
    const on = isChosen && wording === chosen.wording;
    const more = each.count > 1 ? ` and ${each.count - 1} more places` : "";
    const where = each.places.length ? each.places[0].where + more + (STEPS[each.step] ?? "") : "in no document";
    const quote = button("", () => choose(item, wording), { class: "quote", "aria-pressed": String(on) });
    quote.replaceChildren(make("q", {}, shorten(each.text, 400)), make("small", {}, (wording ? "or " : "") + where));
    return make("div", { class: `wording${on ? " on" : ""}${each.places.length ? "" : " lost"}` }, quote, on ? button("Remove", remove, { class: "small" }) : null);
  });
  return make("li", { class: isChosen ? "item on" : "item" }, ...rows);
}

const drawThis = () => make("article", { class: "twin" }, make("small", {}, "this one"), make("p", {}, current.question), ...current.items.flat().map((each) => make("q", {}, shorten(each.text, 140))));

function drawTwin(twin) {
  return make("article", { class: "twin" },
    make("small", {}, `${twin.id} · ${STATES[twin.state]}`), make("p", {}, twin.question),
    ...twin.evidence.map((text) => make("q", {}, shorten(text, 140))),
    make("div", {}, button("Go to it", () => open(twin.id), { class: "small" }), twin.state === "rejected" ? null : button("Reject it", () => { versions.set(twin.id, twin.version); change(twin.id, { do: "review", review: "rejected" }).then(() => open(current.id)); }, { class: "small" })));
}

function drawSelection() {
  const parts = [];
  if (picked) {
    const tool = (label, name, act) => make("button", { type: "button", class: "small", on: { click: act, mousedown: (event) => event.preventDefault() } }, label, " ", key(name));
    parts.push(make("q", {}, shorten(picked.text, 200)), make("span", { class: "tools" }, tool("Make it evidence", "M", add),
      current && current.items.length ? tool(`Change ${chosen.item + 1} to it`, "C", replace) : null,
      current && current.items.length ? tool(`Alternative of ${chosen.item + 1}`, "V", alternative) : null));
  } else {
    parts.push("Select text in the document to make it evidence.");
  }
  $("selection").classList.toggle("picked", Boolean(picked));
  $("selection").replaceChildren(...parts.filter(Boolean));
}

function fit() {
  $("ask").style.height = "auto";
  $("ask").style.height = `${$("ask").scrollHeight + 2}px`;
}

// Changes
function flush() {
  if (!typing) return;
  clearTimeout(typing);
  typing = null;
  const text = $("ask").value.replace(/\s+/g, " ").trim();
  if (!text) { say("A question cannot be empty; reject it instead.", "error"); return; }
  if (text !== current.question) change(current.id, { do: "ask", text });
}

const retag = (tags) => change(current.id, { do: "tag", tags });
const spanOf = ({ document: index, start, end }) => ({ document: index, start, end });

async function review(state) {
  flush();
  const id = current.id, order = ids(), at = order.indexOf(id);
  const later = [...order.slice(at + 1), ...order.slice(0, at)];
  const next = later.find((each) => lineOf(each).state === "draft") ?? order[at + 1] ?? id;
  const opening = openings;
  change(id, { do: "review", review: state });
  await queue;
  if (opening === openings && next !== id) await open(next, { focus: true });
  if (!overview.counts.draft) say("Every question is reviewed.", "done");
}

function withPicked(operation) {
  if (!picked) { say("Select some text of the document first: D goes there.", "error"); return; }
  const last = operation.do === "add" ? { item: current.items.length, wording: 0 } : null;
  change(current.id, { ...operation, ...spanOf(picked) }).then((done) => {
    if (!done || done.question.id !== current.id) return;
    const items = done.question.items;
    const place = last ?? (operation.do === "alternative" || operation.wording !== undefined ? placeOf(items, picked) : null);
    if (place && items[place.item]) chosen = place;
    pick(null);
    drawQuestion();
    drawMarks();
  });
}

function placeOf(items, span) {
  for (const [item, wordings] of items.entries())
    for (const [wording, each] of wordings.entries())
      if (each.places.some((place) => place.document === span.document && place.start === span.start && place.end === span.end)) return { item, wording };
  return null;
}

const add = () => withPicked({ do: "add" });
const replace = () => (current.items.length ? withPicked({ do: "replace", ...chosen }) : add());
const alternative = () => (current.items.length ? withPicked({ do: "alternative", item: chosen.item }) : add());
const remove = () => { if (current.items.length) change(current.id, { do: "remove", ...chosen }); };
const undo = () => {
  flush();
  change(null, {}, "undo").then((done) => done && done.question.id !== current.id && open(done.question.id));
};

function choose(item, wording = 0) {
  if (!current.items[item]) return;
  chosen = { item, wording };
  drawQuestion();
  return see(chosen);
}

// The document
async function see({ item, wording }) {
  const place = current.items[item]?.[wording]?.places[0] ?? current.items.flat().flatMap((each) => each.places)[0];
  if (place) await load(place.document, place.start);
  else if (!view) await load(0, 0);
  else drawMarks();
}

async function load(index, at, { keep = false } = {}) {
  const loading = ++loads;
  if (!view || view.index !== index || at < view.start || at > view.end || keep) {
    try {
      const part = await ask(`document?index=${index}&at=${at}`);
      if (loading !== loads) return;
      view = part;
    } catch (error) {
      say(error.status ? error.message : AWAY, "error");
      if (view) $("document").value = String(view.index);
      return;
    }
    $("document").value = String(index);
    drawDocument();
  }
  drawMarks();
  const mark = $("text").querySelector("mark.on") ?? blockAt(at);
  if (mark) scrollTo(mark);
}

function scrollTo(element) {
  const box = $("text"), top = element.getBoundingClientRect().top - box.getBoundingClientRect().top;
  box.scrollTop += top - box.clientHeight / 3;
}

const blocks = () => [...$("text").querySelectorAll(".block")];
const blockAt = (place) => blocks().findLast((block) => Number(block.dataset.start) <= place) ?? blocks()[0];

function drawDocument() {
  const parts = view.blocks.flatMap((each) => [
    each.page === null ? null : make("p", { class: "page", "aria-hidden": "true" }, `page ${each.page}`),
    make("div", { class: `block is-${each.kind} level-${each.level}`, "data-start": each.start, dir: "auto" }, ...plain(each.text, each)),
  ]).filter(Boolean);
  const turn = (label, at) => button(label, () => load(view.index, at, { keep: true }), { class: "turn" });
  if (view.start > 0 && view.blocks.length && view.blocks[0].start > 200) parts.unshift(turn("Earlier", Math.max(view.start - 1, 0)));
  if (view.end < view.characters - 200) parts.push(turn("Later", view.end + 1));
  $("text").replaceChildren(...parts);
  $("text").classList.toggle("markdown", view.markdown);
  words = [];
  reach = null;
}

// The signs of a heading are there, for they are text, but faint.
function plain(text, each, from = 0) {
  const signs = each.kind === "heading" && from === 0 ? text.match(/^#+ */) : null;
  return signs ? [make("span", { class: "sign" }, signs[0]), text.slice(signs[0].length)] : [text];
}

// Offsets in documents count characters; those in scripts count halves of some of them.
const units = (text, count) => (/[\ud800-\udbff]/.test(text) ? [...text].slice(0, count).join("").length : Math.min(count, text.length));
const count = (text) => (/[\ud800-\udbff]/.test(text) ? [...text].length : text.length);

function drawMarks() {
  if (!view || !current) return;
  const spans = current.items.flatMap((wordings, item) => wordings.flatMap((each, wording) => each.places.filter((place) => place.document === view.index)
    .map((place) => ({ ...place, item, wording, on: item === chosen.item && wording === chosen.wording }))));
  view.blocks.forEach((each, row) => {
    const block = blocks()[row], end = each.start + count(each.text);
    const inside = spans.filter((span) => span.start < end && span.end > each.start);
    if (!inside.length && !block.querySelector("mark")) return;
    const cuts = [...new Set([0, each.text.length, ...inside.flatMap((span) => [span.start, span.end].map((place) => units(each.text, Math.max(place - each.start, 0))))])].sort((a, b) => a - b);
    block.replaceChildren(...cuts.slice(0, -1).flatMap((from, place) => {
      const text = each.text.slice(from, cuts[place + 1]);
      const over = inside.filter((span) => units(each.text, Math.max(span.start - each.start, 0)) <= from && units(each.text, span.end - each.start) > from);
      const top = over.find((span) => span.on) ?? over[0];
      return top ? make("mark", { class: top.on ? "on" : "", "data-item": top.item, "data-wording": top.wording, title: `evidence ${top.item + 1}` }, text) : plain(text, each, from);
    }));
  });
  words = [];
}

function pick(span) {
  picked = span;
  if (!span) { reach = null; if (getSelection().rangeCount && $("text").contains(getSelection().anchorNode)) getSelection().removeAllRanges(); }
  drawSelection();
}

function selectedSpan() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed || !view) return null;
  const range = selection.getRangeAt(0);
  if (!$("text").contains(range.startContainer) || !$("text").contains(range.endContainer)) return null;
  const touched = blocks().filter((block) => range.intersectsNode(block));
  if (!touched.length) return null;
  const at = (block, node, offset, otherwise) => {
    if (!block.contains(node)) return Number(block.dataset.start) + count(otherwise);
    const before = document.createRange();
    before.selectNodeContents(block);
    before.setEnd(node, offset);
    return Number(block.dataset.start) + count(before.toString());
  };
  const last = touched.at(-1);
  const start = at(touched[0], range.startContainer, range.startOffset, "");
  let end = at(last, range.endContainer, range.endOffset, last.textContent);
  if (end === Number(last.dataset.start) && touched.length > 1) { const before = touched.at(-2); end = Number(before.dataset.start) + count(before.textContent); }
  const text = touched.map((block) => block.textContent).join("\n").trim() && selection.toString();
  return start < end && text.trim() ? { document: view.index, start, end, text } : null;
}

function takeSelection() {
  const span = selectedSpan();
  if (!span) return;
  picked = span;
  drawSelection();
}

// Selecting by keys: words, and lines as they are shown.
function findWords() {
  if (words.length) return;
  words = blocks().flatMap((block) => [...block.textContent.matchAll(WORD)].map((match) => ({ block, from: match.index, to: match.index + match[0].length })));
}

function pointIn(block, offset) {
  for (const node of block.childNodes) {
    const text = node.firstChild ?? node;
    if (offset <= text.length) return [text, offset];
    offset -= text.length;
  }
  return [block, block.childNodes.length];
}

function rangeOf(first, last) {
  const range = document.createRange();
  range.setStart(...pointIn(first.block, first.from));
  range.setEnd(...pointIn(last.block, last.to));
  return range;
}

function startReach() {
  findWords();
  const span = picked && picked.document === view.index ? picked : null;
  const mark = $("text").querySelector("mark.on");
  if (span || mark) {
    const inner = span ? words.filter((word) => { const start = Number(word.block.dataset.start); return start + count(word.block.textContent.slice(0, word.from)) >= span.start && start + count(word.block.textContent.slice(0, word.to)) <= span.end; })
      : words.filter((word) => [...$("text").querySelectorAll("mark.on")].some((each) => rangeOf(word, word).intersectsNode(each)));
    if (inner.length) return { anchor: words.indexOf(inner[0]), focus: words.indexOf(inner.at(-1)) };
  }
  const top = $("text").getBoundingClientRect().top;
  const first = Math.max(words.findIndex((word) => word.block.getBoundingClientRect().bottom > top + 4), 0);
  return { anchor: first, focus: first };
}

function lineAway(from, step) {
  const box = rangeOf(words[from], words[from]).getBoundingClientRect();
  let best = from, distance = Infinity, line = null;
  for (let at = from + step, seen = 0; at >= 0 && at < words.length && seen < 200; at += step, seen += 1) {
    const other = rangeOf(words[at], words[at]).getBoundingClientRect();
    if (step > 0 ? other.top < box.bottom - 3 : other.bottom > box.top + 3) continue;
    if (line !== null && Math.abs(other.top - line) > 6) break;
    line = other.top;
    if (Math.abs(other.left - box.left) < distance) { distance = Math.abs(other.left - box.left); best = at; }
  }
  return best;
}

function moveByKey(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || !view.blocks.length) return;
  event.preventDefault();
  if (!reach) reach = startReach();
  else {
    const byLine = event.key === "ArrowDown" || event.key === "ArrowUp";
    const focus = byLine ? lineAway(reach.focus, step) : Math.min(Math.max(reach.focus + step, 0), words.length - 1);
    reach = { anchor: event.shiftKey ? reach.anchor : focus, focus };
  }
  findWords();
  if (!words.length) return;
  const [first, last] = [words[Math.min(reach.anchor, reach.focus)], words[Math.max(reach.anchor, reach.focus)]];
  const range = rangeOf(first, last);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  takeSelection(); // the event comes later than the next key may
  const box = $("text").getBoundingClientRect(), at = rangeOf(words[reach.focus], words[reach.focus]).getBoundingClientRect();
  if (at.bottom > box.bottom - 30) $("text").scrollTop += at.bottom - box.bottom + 60;
  if (at.top < box.top + 30) $("text").scrollTop -= box.top - at.top + 60;
}

// Searching
async function search() {
  const text = $("words").value.trim();
  if (!text) return;
  const searching = ++searches, opening = openings;
  let results = [];
  try { results = await ask(`search?text=${encodeURIComponent(text)}`); } catch (error) { say(error.status ? error.message : AWAY, "error"); return; }
  if (searching !== searches || opening !== openings) return;
  $("places").replaceChildren(...results.map((each) => make("li", {}, place(each))));
  if (!results.length) $("places").append(make("li", { class: "none" }, "Nothing of it is in the documents."));
  else $("places").querySelector("button").focus();
}

function place(each) {
  const shown = button("", () => visit(each), { class: "place" });
  shown.replaceChildren(make("small", {}, each.where), make("span", {}, shorten(each.text, 220)));
  return shown;
}

async function visit(place) {
  await load(place.document, place.start);
  if (!view || view.index !== place.document) return;
  findWords();
  pick({ ...spanOf(place), text: place.text });
  reach = startReach();
  const inner = [words[reach.anchor], words[reach.focus]];
  if (inner[0]) {
    getSelection().removeAllRanges();
    getSelection().addRange(rangeOf(...inner));
    scrollTo(inner[0].block);
  }
  picked = { ...spanOf(place), text: place.text };
  drawSelection();
  $("text").focus({ preventScroll: true });
}

const go = (step) => { const order = ids(), next = order[order.indexOf(current.id) + step]; if (next) return open(next, { focus: true }); };

const KEYS = {
  a: () => review(true), r: () => review("rejected"), s: () => go(1), j: () => go(1), k: () => go(-1),
  e: () => { $("ask").focus(); $("ask").select(); }, t: () => $("tag").focus(), d: () => { $("text").focus(); },
  m: add, c: replace, v: alternative, x: remove, u: undo,
  "/": () => { if (!$("words").value) $("words").value = current.question; $("words").focus(); $("words").select(); },
  "?": () => $("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if ($("help").open || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    if (field) { field.blur(); $("card").focus({ preventScroll: true }); } else pick(null);
    return;
  }
  if (field || !current) return;
  const act = /^[1-9]$/.test(event.key) ? () => choose(Number(event.key) - 1) : KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
document.querySelector(".actions").addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-key]");
  if (pressed && current) KEYS[pressed.dataset.key]();
});
document.querySelector(".actions").addEventListener("mousedown", (event) => event.preventDefault());
$("ask").addEventListener("input", () => { fit(); clearTimeout(typing); typing = setTimeout(flush, 350); });
$("ask").addEventListener("blur", flush);
$("ask").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); $("ask").blur(); $("card").focus({ preventScroll: true }); } });
$("tag").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== ",") return;
  event.preventDefault();
  if ($("tag").value.trim()) retag([...current.tags, $("tag").value.trim()]);
  $("tag").value = "";
});
$("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("filter").addEventListener("change", drawList);
$("document").addEventListener("change", () => { pick(null); load(Number($("document").value), 0); });
$("text").addEventListener("keydown", moveByKey);
$("text").addEventListener("click", (event) => {
  const mark = event.target.closest("mark");
  if (mark && getSelection().isCollapsed) { chosen = { item: Number(mark.dataset.item), wording: Number(mark.dataset.wording) }; drawQuestion(); drawMarks(); }
});
document.addEventListener("selectionchange", takeSelection);
addEventListener("resize", fit);
addEventListener("beforeunload", (event) => { flush(); if (waiting) event.preventDefault(); });

// What other windows and editors change is shown soon.
async function look() {
  const step = steps, isLate = () => waiting || typing || step !== steps;
  if (document.hidden || isLate()) return;
  try {
    const now = await ask("overview");
    if (isLate()) return;
    overview = now;
    drawList();
    const line = current && lineOf(current.id); // steps differ where another one is opened meanwhile
    if (line && line.version !== versions.get(current.id)) {
      const question = await ask(`question?id=${encodeURIComponent(current.id)}`);
      if (isLate()) return;
      current = question;
      versions.set(current.id, current.version);
      drawQuestion();
      drawMarks();
    }
    if ($("message").textContent === AWAY) say("");
  } catch (error) { say(error.status ? error.message : AWAY, "error"); }
}
setInterval(look, 3000);

(async () => {
  try { overview = await ask("overview"); } catch (error) { say(error.message || AWAY, "error"); return; }
  const first = overview.questions.find((each) => each.state === "draft") ?? overview.questions[0];
  drawList();
  if (first) await open(first.id);
})();
