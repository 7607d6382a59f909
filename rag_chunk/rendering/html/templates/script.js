"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const read = (id) => JSON.parse($(id).textContent);
  const data = read("data"), texts = read("texts");
  const excerpts = (texts && texts[data.documents.length]) || {};
  const PAGE = 30000, ROWS = 60;
  const make = (tag, props, ...inside) => {
    const node = Object.assign(document.createElement(tag), props);
    node.append(...inside);
    return node;
  };
  const number = (value) => value.toLocaleString("en");
  document.documentElement.classList.add("scripted");

  // rows that are shown on demand
  for (const button of document.querySelectorAll("[data-more]")) {
    const table = $(button.dataset.more), count = table.querySelectorAll("tr.rest").length;
    if (!count) continue;
    button.hidden = false;
    const say = () => {
      button.textContent = table.classList.contains("all") ? "Show the first only" : `Show ${number(count)} more`;
      button.setAttribute("aria-expanded", table.classList.contains("all"));
    };
    button.addEventListener("click", () => { table.classList.toggle("all"); say(); });
    say();
  }

  // one configuration, wherever it is on the page
  let lit = null;
  const light = (which) => {
    if (which === lit) return;
    for (const node of document.querySelectorAll(".lit")) node.classList.remove("lit");
    lit = which;
    if (which === null) return;
    for (const node of document.querySelectorAll(`[data-c="${which}"]`)) node.classList.add("lit");
  };
  document.addEventListener("mouseover", (event) => {
    const node = event.target.closest("[data-c]");
    light(node ? node.dataset.c : null);
  });

  // each question
  const state = { configuration: 0, document: 0, question: -1, from: 0 };
  const columns = data.configurations.map((each, place) => ({ ...each, place })).filter((each) => each.scores);
  const mean = (row) => columns.reduce((sum, each) => sum + each.scores[row], 0) / columns.length;
  const ours = columns.find((each) => each.name === data.recommended);
  const spread = (row) => {
    const found = columns.map((each) => each.scores[row]);
    return Math.max(...found) - Math.min(...found);
  };
  const kinds = {
    differ: (row) => spread(row) > 0,
    lost: (row) => columns.every((each) => each.scores[row] < 100),
    ours: (row) => !ours || ours.scores[row] < 100,
  };
  const orders = { hard: (a, b) => mean(a) - mean(b), spread: (a, b) => spread(b) - spread(a) };
  let wanted = [], drawn = 0;

  const cellsOf = (row) => columns.map((each) => {
    const score = each.scores[row];
    const cell = make("td", { title: `${each.name}: ${(score / 100).toFixed(2)}` });
    cell.dataset.place = each.place;
    if (score >= 100) cell.className = "all";
    else if (!score) cell.className = "empty";
    else cell.style.setProperty("--s", `${Math.max(score, 12)}%`);
    return cell;
  });
  const rowOf = (row) => {
    const button = make("button", { type: "button", title: data.questions[row].text, dir: "auto" }, data.questions[row].text);
    const head = make("th", { scope: "row" }, button);
    const average = make("td", { className: "mean", title: "the mean of all configurations" }, mean(row) ? (mean(row) / 100).toFixed(2) : "none");
    const line = make("tr", { className: row === state.question ? "chosen" : "" }, head, average, ...cellsOf(row));
    line.dataset.row = row;
    return line;
  };
  const more = () => {
    const body = $("matrix").tBodies[0];
    body.append(...wanted.slice(drawn, drawn + ROWS).map(rowOf));
    drawn = Math.min(drawn + ROWS, wanted.length);
    $("more-questions").hidden = drawn === wanted.length;
    $("filter-count").textContent = `${number(drawn)} of ${number(wanted.length)} shown`;
  };
  const filter = () => {
    const text = $("filter-text").value.trim().toLowerCase(), kind = kinds[$("filter-kind").value];
    const tag = $("filter-tag").value, source = $("filter-source").value, order = orders[$("filter-order").value];
    wanted = data.questions.map((_, row) => row).filter((row) => {
      const each = data.questions[row];
      return (!text || `${each.id} ${each.text}`.toLowerCase().includes(text)) && (!kind || kind(row))
        && (!tag || each.tags.includes(tag)) && (!source || each.in.includes(source));
    });
    if (order) wanted.sort(order);
    drawn = 0;
    $("matrix").tBodies[0].replaceChildren();
    more();
  };
  const offer = (select, values) => {
    const known = [...new Set(values)].sort();
    select.append(...known.map((value) => make("option", { value }, value)));
    select.parentElement.hidden = known.length < 2;
    if (known.length < 2) select.parentElement.style.display = "none";
  };
  if ($("matrix")) {
    const names = columns.map((each) => {
      const cell = make("th", { scope: "col", className: each.mark === "*" ? "name-of best" : "name-of", title: each.name }, each.name);
      return cell;
    });
    const head = make("tr", {}, make("th", { scope: "col" }, "question"), make("th", { scope: "col", className: "mean", title: "the mean of all configurations" }, "mean"), ...names);
    const longest = Math.max(...columns.map((each) => each.name.length));
    $("matrix").style.setProperty("--head", `${Math.min(longest * 6.6 + 12, 230)}px`);
    $("matrix").style.setProperty("--cell", `${Math.max(15, Math.min(30, 640 / columns.length))}px`);
    $("matrix").append(make("thead", {}, head), make("tbody", {}));
    offer($("filter-tag"), data.questions.flatMap((each) => each.tags));
    offer($("filter-source"), data.questions.flatMap((each) => each.in));
    $("filters").hidden = false;
    $("filters").addEventListener("input", filter);
    $("filters").addEventListener("submit", (event) => event.preventDefault());
    $("more-questions").addEventListener("click", more);
    $("matrix").addEventListener("click", (event) => {
      const line = event.target.closest("tbody tr");
      if (!line || event.target.closest(".mean")) return;
      const cell = event.target.closest("td");
      choose({ question: Number(line.dataset.row), ...(cell ? { configuration: Number(cell.dataset.place) } : {}) });
      $("viewer").scrollIntoView({ behavior: "smooth" });
    });
    filter();
  }

  // the chunks in the text
  const unpacked = new Map();
  const unpack = (coded) => {
    if (unpacked.has(coded)) return unpacked.get(coded);
    const found = [];
    let at = 0;
    coded.counts.forEach((count, document) => {
      let start = 0;
      const first = coded.before ? coded.before[document] : 0;
      for (let number = 0; number < count; number += 1, at += 1) {
        start += coded.gaps[at];
        found.push({ document, number: number + first, start, end: start + coded.lengths[at] });
      }
    });
    unpacked.set(coded, found);
    return found;
  };
  // a text of the page may be a part of its document, which starts at `offset`
  const nameOf = (document) => data.documents[document].label || data.documents[document].name;
  const inDocument = ({ document, start, end }) => [start, end].map((place) => place + (data.documents[document].offset || 0));
  const idOf = (span) => `${data.documents[span.document].name}:${inDocument(span).join("-")}`;
  const pagesOf = ({ document, start, end }) => pagesIn(data.documents[document].pages || [], start, end);
  const pagesIn = (pages, start, end) => {
    const touched = pages.filter(([from], place) => from < end && (place + 1 === pages.length || pages[place + 1][0] > start));
    if (!touched.length) return "";
    const [first, last] = [touched[0][1], touched[touched.length - 1][1]];
    return first === last ? `, page ${first}` : `, pages ${first} to ${last}`;
  };
  const wide = new Map();
  const slice = (document, from, to) => {
    if (!data.documents[document].wide) return texts[document].slice(from, to);
    if (!wide.has(document)) wide.set(document, Array.from(texts[document]));
    return wide.get(document).slice(from, to).join("");
  };
  const configuration = () => data.configurations[state.configuration];
  const chunksOf = (each) => unpack(each.chunks);
  const handedOf = (each) => unpack(each.parents || each.chunks);
  const rankedOf = (each) => (state.question < 0 || !each.ranked ? [] : each.ranked[state.question])
    .map((place, rank) => ({ rank: rank + 1, chunk: place < 0 ? null : handedOf(each)[place], away: place < 0 ? each.away[-1 - place] : null }));
  const evidenceOf = (question) => data.questions[question].evidence.flat().map(([document, start, end]) => ({ document, start, end }));
  // a configuration with a converter of its own has chunks in that converter's documents alone
  const homes = new Map();
  const homeOf = (each) => {
    if (!homes.has(each)) homes.set(each, new Set(chunksOf(each).map((chunk) => chunk.document)));
    return homes.get(each);
  };
  const atHome = (each, spans) => {
    const own = spans.filter((span) => homeOf(each).has(span.document));
    return own.length ? own : spans;
  };
  const evidence = () => (state.question >= 0 ? evidenceOf(state.question) : data.questions.flatMap((_, row) => evidenceOf(row)));
  const inside = (spans, from, to) => spans.filter((each) => each.document === state.document && each.start < to && each.end > from);

  const pieces = (from, to, chunks, found, ranked) => {
    const places = new Set([from, to]);
    for (const each of [...chunks, ...found, ...ranked]) {
      for (const place of [each.start, each.end]) if (place > from && place < to) places.add(place);
    }
    return [...places].sort((a, b) => a - b);
  };
  const draw = () => {
    const each = configuration(), length = data.documents[state.document].shown;
    const from = state.from, to = Math.min(from + PAGE, length);
    const chunks = inside(chunksOf(each), from, to), found = inside(evidence(), from, to);
    const ranked = inside(rankedOf(each).flatMap(({ chunk }) => (chunk ? [chunk] : [])), from, to);
    const borders = pieces(from, to, chunks, found, ranked);
    const starts = new Map(chunks.map((chunk) => [chunk.start, chunk]));
    const covers = (spans, at) => spans.some((span) => span.start <= at && at < span.end);
    const nodes = [];
    let open = [], next = 0;
    for (let place = 0; place + 1 < borders.length; place += 1) {
      const at = borders[place];
      while (next < chunks.length && chunks[next].start <= at) open.push(chunks[next++]);
      open = open.filter((chunk) => chunk.end > at);
      const chunk = starts.get(at);
      if (chunk) nodes.push(make("b", { title: `chunk ${chunk.number + 1}: ${inDocument(chunk).join(" to ")}, ${number(chunk.end - chunk.start)} characters` }, String(chunk.number + 1)));
      const node = make("span", {}, slice(state.document, at, borders[place + 1]));
      if (open.length > 1) node.classList.add("twice");
      else if (open.length && open[0].number % 2) node.classList.add("odd");
      if (covers(ranked, at)) node.classList.add("retrieved");
      if (covers(found, at)) node.classList.add("evidence", ...(state.question < 0 ? ["other"] : []));
      node.dataset.at = at;
      nodes.push(node);
    }
    $("text").replaceChildren(...nodes);
    const pages = pagesOf({ document: state.document, start: from, end: to });
    $("place").textContent = (length > PAGE ? `characters ${number(from)} to ${number(to)} of ${number(length)}` : `${number(length)} characters`) + pages;
    $("earlier").disabled = from === 0;
    $("later").disabled = to >= length;
    $("earlier").hidden = $("later").hidden = length <= PAGE;
    overview(each, length, from, to);
    ranking(each);
  };
  const bar = (name, start, end, length) => {
    const node = make("i", { className: name });
    node.style.left = `${(100 * start) / length}%`;
    node.style.width = `${(100 * Math.max(end - start, 0)) / length}%`;
    return node;
  };
  const overview = (each, length, from, to) => {
    const found = inside(evidence(), 0, length).map((span) => bar("evidence", span.start, span.end, length));
    const ranked = rankedOf(each).flatMap(({ chunk }) => (chunk && chunk.document === state.document ? [bar("retrieved", chunk.start, chunk.end, length)] : []));
    $("strip").replaceChildren(...(length > PAGE ? [bar("window", from, to, length)] : []), ...ranked, ...found);
    $("strip").title = `The whole ${data.documents[state.document].label ? "part" : "document"}: evidence above, retrieved chunks below`;
  };
  const overlap = (chunk, found) => found.reduce((sum, span) => sum + (span.document === chunk.document ? Math.max(0, Math.min(span.end, chunk.end) - Math.max(span.start, chunk.start)) : 0), 0);
  // a chunk of a document that is not in the page: its name, and its text where there was room
  const elsewhere = (rank, [document, start, end]) => {
    const place = `${start}-${end}`, text = excerpts[`${document}:${place}`], name = data.elsewhere[document];
    const code = make("code", {}, `${name}:${place}`), pages = pagesIn(data.elsewhere_pages[document] || [], start, end);
    const size = `${number(end - start)} characters${pages}`;
    if (text === undefined) return make("li", { className: "away" }, `${rank}.`, code, make("span", {}, `${size}; the text is not in this page`));
    const button = make("button", { type: "button" }, `${rank}.`, code, make("span", {}, size));
    button.addEventListener("click", () => {
      $("text").replaceChildren(make("span", { className: "retrieved" }, text));
      $("text").scrollTop = 0;
      $("strip").replaceChildren();
      $("place").textContent = `${name}: this chunk only, characters ${number(start)} to ${number(end)}${pages}`;
      $("earlier").hidden = $("later").hidden = true;
    });
    return make("li", {}, button);
  };
  const ranking = (each) => {
    const shown = state.question >= 0;
    $("reader").classList.toggle("with-ranking", shown);
    $("ranking").hidden = !shown;
    if (!shown) return;
    const found = atHome(each, evidence()), ranked = rankedOf(each);
    const lines = ranked.map(({ rank, chunk, away }) => {
      if (away) return elsewhere(rank, away);
      const hit = overlap(chunk, found);
      const what = make("span", {}, `${number(chunk.end - chunk.start)} characters${pagesOf(chunk)}`, ...(hit ? [", ", make("em", {}, `${number(hit)} of evidence`)] : []));
      const button = make("button", { type: "button" }, `${rank}.`, make("code", {}, idOf(chunk)), what);
      button.addEventListener("click", () => go(chunk.document, chunk.start));
      return make("li", {}, button);
    });
    const score = each.scores ? `${data.metric} ${(each.scores[state.question] / 100).toFixed(2)}` : "";
    const places = found.map((span, place) => {
      const button = make("button", { type: "button" }, "→", make("code", {}, idOf(span)), make("span", {}, `evidence, ${number(span.end - span.start)} characters${pagesOf(span)}`));
      button.addEventListener("click", () => go(span.document, span.start));
      return make("li", {}, button);
    });
    $("ranking").replaceChildren(
      make("h3", { dir: "auto" }, data.questions[state.question].text),
      make("p", {}, each.ranked ? `${score ? `${score}. ` : ""}Retrieved, best first, until ${each.budget} are spent; the last is cut there.` : "Its rankings are not in this page."),
      make("ol", {}, ...places, ...lines),
    );
  };
  const go = (document, at) => {
    state.document = document;
    $("choice-document").value = document;
    const length = data.documents[document].shown;
    if (at < state.from || at >= state.from + PAGE) state.from = Math.max(0, Math.min(at - PAGE / 4, length - PAGE) | 0);
    draw();
    const nodes = [...$("text").querySelectorAll("[data-at]")];
    const node = nodes.filter((each) => Number(each.dataset.at) <= at).pop();
    if (node) $("text").scrollTop += node.getBoundingClientRect().top - $("text").getBoundingClientRect().top - 60;
  };
  const choose = (changes) => {
    Object.assign(state, changes);
    if (!configuration().chunks) state.configuration = data.configurations.findIndex((each) => each.chunks);
    $("choice-configuration").value = state.configuration;
    if ($("choice-question")) $("choice-question").value = state.question < 0 ? "" : state.question;
    for (const line of document.querySelectorAll("#matrix tbody tr")) line.classList.toggle("chosen", Number(line.dataset.row) === state.question);
    const each = configuration(), moved = "question" in changes || !homeOf(each).has(state.document);
    const first = moved && !("document" in changes) && state.question >= 0 ? atHome(each, evidenceOf(state.question))[0] : null;
    if (!first && !("document" in changes) && homeOf(each).size && !homeOf(each).has(state.document)) {
      Object.assign(state, { document: [...homeOf(each)][0], from: 0 });
      $("choice-document").value = state.document;
    }
    if (first) go(first.document, first.start);
    else draw();
  };
  const viewer = () => {
    if (!texts) {
      $("viewer-lead").textContent = "The documents' text is not in this copy, so the chunks cannot be drawn.";
      return;
    }
    const known = data.configurations.map((each, place) => ({ each, place })).filter(({ each }) => each.chunks);
    $("choice-configuration").append(...known.map(({ each, place }) => make("option", { value: place, title: each.settings }, `${each.mark ? `${each.mark} ` : ""}${each.name}`)));
    $("choice-document").append(...data.documents.map((_, place) => make("option", { value: place }, nameOf(place))));
    if ($("choice-question")) $("choice-question").append(...data.questions.map((each, row) => make("option", { value: row }, each.text.slice(0, 160))));
    for (const id of ["choices", "viewer-key", "reader"]) $(id).hidden = false;
    $("choices").addEventListener("submit", (event) => event.preventDefault());
    $("choice-configuration").addEventListener("change", (event) => choose({ configuration: Number(event.target.value) }));
    $("choice-document").addEventListener("change", (event) => { state.from = 0; choose({ document: Number(event.target.value) }); $("text").scrollTop = 0; });
    if ($("choice-question")) $("choice-question").addEventListener("change", (event) => choose({ question: event.target.value === "" ? -1 : Number(event.target.value) }));
    for (const [id, step] of [["earlier", -PAGE], ["later", PAGE]]) {
      $(id).addEventListener("click", () => {
        const length = data.documents[state.document].shown;
        state.from = Math.max(0, Math.min(state.from + step, length - 1));
        draw();
        $("text").scrollTop = 0;
      });
    }
    $("strip").addEventListener("click", (event) => {
      const box = $("strip").getBoundingClientRect();
      go(state.document, Math.floor(((event.clientX - box.left) / box.width) * data.documents[state.document].shown));
    });
    const best = data.configurations.findIndex((each) => each.name === data.recommended && each.chunks);
    choose({ configuration: Math.max(best, 0) });
  };
  viewer();
})();
