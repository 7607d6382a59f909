"""The report as a page: whole, safe to open, and true to what was measured."""

import html
import json
import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rag_chunk.analysis import Analysis, analyze
from rag_chunk.analysis.folder import read_results, without_texts
from rag_chunk.analysis.question_results import LostItemEntry
from rag_chunk.config import STRATEGIES, AnalysisConfig, RunConfig
from rag_chunk.config.tracking import LogChunks, TrackingConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.document import Page
from rag_chunk.mlflow_tracker.artifacts import plan_chunks
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.rendering import markdown_text
from rag_chunk.rendering.html import html_text, sample, viewer
from rag_chunk.rendering.html.loss_bars import loss_bars_of, question_losses_of
from rag_chunk.rendering.html.scale import Scale, scale_around
from rag_chunk.workflow.results import save_results

HOSTILE = '</script><img src=x onerror=alert(1)> & "quoted" <!-- {{ 7 * 7 }}'
TEXT = (
    f"# Locks\n\nThe lock turns left. {HOSTILE} The door opens inwards.\r\n\r\n## 錠\n\n錠前は左に回す。\U0001f511 שלום עולם. "
    + "Brass is polished once a year. " * 12
)
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
VOID = {"meta", "input", "line", "circle", "path", "wbr", "br", "img"}


def made(configs: Any = None, *, count: int = 12, pages: tuple[Page, ...] = (), **settings: Any) -> Analysis:
    """Return an analysis of two documents, one of them hostile, by `count` questions."""
    corpus = Corpus([Document("a.md", TEXT), Document("b/<i>.txt", "The gate is never locked. " * 9, pages)])
    asked = [
        Question(
            f"q{number}",
            f"{HOSTILE} {number}?",
            (Evidence(((9 + number, 60 + number), (600, 620))), Evidence(((len(TEXT) + 4, len(TEXT) + 30),))),
            ("plain", HOSTILE) if number % 2 else ("plain",),
        )
        for number in range(count)
    ]
    given = configs or [
        RunConfig(strategy=name, chunk_size=size, embedding_model="hashing") for name in STRATEGIES for size in (8, 30)
    ]
    questions = Questions("q.json", "d", tuple(asked)) if count else None
    return analyze(corpus, given, questions, settings=AnalysisConfig(source=Path("/somewhere/docs"), **settings))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return made(
        {
            f"{HOSTILE} {n}": RunConfig(strategy=s, chunk_size=12, embedding_model="hashing")
            for n, s in enumerate(STRATEGIES)
        }
    )


@pytest.fixture(scope="module")
def page(analysis: Analysis) -> str:
    return html_text(analysis)


def embedded(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def opened(page: str, folder: Path) -> str:
    """Return what a browser makes of a page."""
    (folder / "report.html").write_bytes(page.encode())
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--dump-dom"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return subprocess.run(
        [str(CHROMIUM), *flags, f"--user-data-dir={folder / 'profile'}", str(folder / "report.html")],
        capture_output=True, encoding="utf-8", timeout=60, check=True,
    ).stdout  # fmt: skip


class Reader(HTMLParser):
    """Reads a page as a browser would, and holds that every element is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_nothing_in_documents_questions_tags_or_names_becomes_markup(page: str) -> None:
    read = Reader(page)
    assert read.open == []
    assert "img" not in read.seen
    assert read.seen.count("script") == 3
    assert len(read.ids) == len(set(read.ids))


def test_a_page_asks_nothing_of_any_other_file(page: str) -> None:
    own = re.sub(r'(?s)<script type="application/json".*?</script>', "", page)
    assert not re.findall(
        r"https?:|//cdn|@import|url\(|<link|\ssrc=(?!x onerror)", html.unescape(own).replace("src=x", "")
    )
    assert "/somewhere" not in page


def test_the_answer_stands_before_everything_else(analysis: Analysis, page: str) -> None:
    report = analysis.report
    assert report.comparison
    first = re.sub(r"<[^>]+>", "", page[page.index("<main>") : page.index("</section>")])
    text = html.unescape(" ".join(first.split()))
    assert " ".join(report.comparison.representative.split()) in text
    assert f"{report.best.metrics['budget_recall']:.3f}" in text
    assert all(" ".join(sentence.split()) in text for sentence in report.comparison.verdict)


def spans_of(coded: dict[str, list[int]], documents: list[str]) -> list[tuple[str, int, int]]:
    """Read chunks as the page's script does."""
    rows = iter(zip(coded["gaps"], coded["lengths"], strict=True))
    found = []
    for name, count in zip(documents, coded["counts"], strict=True):
        start = 0
        for _ in range(count):
            gap, length = next(rows)
            start += gap
            found.append((name, start, start + length))
    return found


def test_the_viewer_has_every_chunk_and_every_ranking() -> None:
    parents = RunConfig(strategy="hierarchical", chunk_size=8, retrieve_parents=True)
    analysis = made(
        [*(RunConfig(strategy=name, chunk_size=8, embedding_model="hashing") for name in STRATEGIES), parents]
    )
    page = html_text(analysis)
    data = embedded(page, "data")
    names = [each["name"] for each in data["documents"]]
    assert dict(zip(names, embedded(page, "texts"), strict=True)) == {
        document.name: document.text for document in analysis.corpus.documents
    }
    for given in data["configurations"]:
        found = analysis.report.configuration(given["name"])
        chunks = [(chunk.document.name, chunk.start, chunk.end) for chunk in analysis.chunkings[given["name"]]]
        assert spans_of(given["chunks"], names) == chunks
        handed = spans_of(given.get("parents", given["chunks"]), names)
        ranked = [[f"{handed[n][0]}:{handed[n][1]}-{handed[n][2]}" for n in row] for row in given["ranked"]]
        assert ranked == [list(each.retrieved) for each in found.questions]
        assert given["scores"] == [round(100 * each.scores["budget_recall"]) for each in found.questions]
    assert any("parents" in given for given in data["configurations"])


def test_evidence_stands_where_it_was_located(analysis: Analysis, page: str) -> None:
    data = embedded(page, "data")
    assert analysis.questions
    for given, question in zip(data["questions"], analysis.questions.questions, strict=True):
        places = [[analysis.corpus.place(*span) for span in item.spans] for item in question.evidence]
        assert [
            [(data["documents"][row]["name"], start, end) for row, start, end in item] for item in given["evidence"]
        ] == [[(place.document.name, place.start, place.end) for place in item] for item in places]


def test_what_would_be_too_large_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, limit, value in (
        (sample, "MOST_TEXT", 300), (sample, "MOST_COLUMNS", 3), (sample, "MOST_CELLS", 15), (viewer, "MOST_CHUNKS", 900),
    ):  # fmt: skip
        monkeypatch.setattr(module, limit, value)
    analysis = made()
    count = len(analysis.report.configurations)
    page = html_text(analysis)
    data = embedded(page, "data")
    shown = [each for each in data["configurations"] if each["scores"]]
    drawn = [each["name"] for each in data["configurations"] if "chunks" in each]
    assert [len(each["scores"]) for each in shown] == [5, 5, 5]
    assert data["recommended"] in drawn
    assert len(drawn) < count
    assert sum(len(text) for text in embedded(page, "texts")) <= 300
    for said in (
        f"3 of {count} configurations",
        "5 of 12 questions",
        "1 of 2 documents",
        f"{len(drawn)} of {count}",
        "the first ",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("configs", "settings", "there", "absent"),
    [
        ([RunConfig()], {}, "The only configuration", "What the index costs"),
        (None, {"count": 0}, "You gave no questions", "Each question"),
        (None, {"baseline": "sentence-8-2"}, "the baseline", "nan"),
        (None, {"holdout": 0.5}, "Held out:", "nan"),
        (None, {"count": 4}, "too few to show which is better", "nan"),
        (None, {"metrics": ("budget",)}, "Which is better", "nan"),
        ([RunConfig(retriever=r, strategy=s) for r in ("bm25", "random") for s in ("sentence", "markdown")], {}, "Retriever random", "nan"),
    ],
    ids=["alone", "no questions", "baseline", "holdout", "few questions", "one group", "retrievers"],
)  # fmt: skip
def test_a_page_is_whole_whatever_was_asked(configs: Any, settings: Any, there: str, absent: str) -> None:
    page = html_text(made(configs, **settings))
    read = Reader(page)
    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    visible = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", page)
    assert there in visible
    assert not re.search(rf"\b(?:None|undefined|{absent})\b", visible)


def test_a_copy_without_texts_has_the_figures_and_no_text(page: str) -> None:
    copy = without_texts(page)
    assert embedded(copy, "texts") is None
    assert embedded(copy, "data") == embedded(page, "data")
    assert "polished" in page
    assert "polished" not in copy


@pytest.mark.parametrize(("logged", "with_text"), [("all", True), ("best", True), ("spans", False), ("none", False)])
def test_a_tracked_page_has_text_only_where_tracked_chunks_have(
    logged: LogChunks, with_text: object, analysis: Analysis, tmp_path: Path
) -> None:
    renamed = {f"c{n}": found.config for n, found in enumerate(analysis.report.configurations)}
    save_results(made(renamed), tmp_path / "results")
    plan = plan_chunks(read_results(tmp_path / "results"), TrackingConfig(log_chunks=logged), lambda _: None)
    (artifact,) = plan.page()
    artifact.write(tmp_path / "page.html")
    assert artifact.path == "report.html"
    assert ("polished" in (tmp_path / "page.html").read_text("utf-8")) is with_text


def test_every_retrieved_chunk_is_named_and_shown_where_its_document_is_not_in_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample, "MOST_TEXT", 300)
    analysis = made([RunConfig(strategy="sentence", chunk_size=8), RunConfig(strategy="fixed-size", chunk_size=9)])
    page = html_text(analysis)
    data, texts = embedded(page, "data"), embedded(page, "texts")
    names, excerpts = [each["name"] for each in data["documents"]], texts[len(data["documents"])]
    known = {document.name: document.text for document in analysis.corpus.documents}
    for given in data["configurations"]:
        handed = spans_of(given["chunks"], names)
        away = [(data["elsewhere"][str(place)], start, end) for place, start, end in given["away"]]
        ranked = [[handed[n] if n >= 0 else away[-1 - n] for n in row] for row in given["ranked"]]
        expected = analysis.report.configuration(given["name"]).questions
        assert [[f"{name}:{start}-{end}" for name, start, end in row] for row in ranked] == [
            list(each.retrieved) for each in expected
        ]
        for (place, start, end), (name, _, _) in zip(given["away"], away, strict=True):
            assert excerpts[f"{place}:{start}-{end}"] == known[name][start:end]


def test_pages_are_given_for_retrieved_chunks_whose_document_is_not_in_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample, "MOST_TEXT", 300)
    pages = (Page(0, "i"), Page(104, "ii"))
    data = embedded(html_text(made([RunConfig(strategy="sentence", chunk_size=8)], pages=pages)), "data")
    assert data["elsewhere"]["1"] == "b/<i>.txt"
    assert data["elsewhere_pages"] == {"1": [[0, "i"], [104, "ii"]]}


def test_excerpts_end_where_the_page_would_grow_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "MOST_TEXT", 300)
    monkeypatch.setattr(viewer, "MOST_EXCERPTS", 100)
    texts = embedded(html_text(made([RunConfig(strategy="sentence", chunk_size=8)])), "texts")
    assert 0 < sum(len(text) for text in texts[-1].values()) <= 100


def test_documents_that_are_left_out_are_not_called_poor_in_evidence_without_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample, "MOST_TEXT", 300)
    assert "1 of 2 documents are shown here, the first ones that fit." in html_text(made(count=0))


def test_recall_by_document_is_shown_from_three_questions_on() -> None:
    for count, shown in ((2, False), (3, True)):
        analysis = made([RunConfig(), RunConfig(chunk_size=9)], count=count)
        entry = analysis.report.questions
        assert entry is not None
        assert entry.by_document
        assert ("Recall by document" in html_text(analysis)) is shown
        assert ("by document" in markdown_text(analysis.report)) is shown


def test_where_nothing_is_shown_the_page_says_that_first_and_names_the_pick_below() -> None:
    analysis = made([RunConfig(chunk_size=size) for size in (20, 21, 22)], count=24)
    comparison = analysis.report.comparison
    assert comparison is not None
    close = comparison.model_copy(update={"too_close": True, "verdict": ("Too close to call.", "If you need one now")})
    page = html_text(replace(analysis, report=analysis.report.model_copy(update={"comparison": close})))
    first = page[page.index("<main>") : page.index("</section>")]
    places = [first.index(text) for text in ("Too close to call: any of these", "If you need one now", 'class="pick"')]
    assert places == sorted(places)
    assert first.count("Too close to call") == 1


def test_a_page_allows_its_own_script_and_style_alone(page: str) -> None:
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert policy
    directives = html.unescape(policy[1])
    assert directives.startswith("default-src 'none'; ")
    assert "unsafe" not in directives
    for kind, tag in (("script", r"<script>(.*?)</script>"), ("style", r"<style>(.*?)</style>")):
        (text,) = re.findall(tag, page, re.DOTALL)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in directives
    assert not re.search(r"<[^>]* (?:style|on[a-z]+)=", re.sub(r"(?s)<(script|style).*?</\1>", "", page))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium to open the page with")
def test_a_browser_runs_the_script_of_the_page_and_no_other(page: str, tmp_path: Path) -> None:
    added = page.replace("</main>", "<script>document.title = 'replaced'</script></main>")
    seen = opened(added, tmp_path)
    assert "<title>replaced" not in seen
    assert 'class="scripted"' in seen


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium to open the page with")
def test_a_browser_shows_hostile_text_as_text_and_runs_nothing(page: str, tmp_path: Path) -> None:
    seen = opened(page, tmp_path)
    read = Reader(seen)
    assert "img" not in read.seen
    text = seen[seen.index('id="text"') : seen.index('id="ranking"')]
    inside = html.unescape(re.sub(r"<b [^>]*>\d+</b>|<[^>]+>", "", text))
    assert HOSTILE in inside
    assert "錠前は左に回す。\U0001f511 שלום עולם." in inside
    assert len(re.findall(r'<tr[^>]* data-row="', seen)) == 12


def test_places_are_between_the_ends_of_a_scale() -> None:
    assert Scale(0, 2).place(5) == 100
    assert Scale(1, 100, log=True).place(0.5) == 0
    flat = scale_around([0.7, 0.7])
    assert flat.place(0.7) == 50
    assert all(0 <= flat.place(tick) <= 100 for tick in flat.ticks())
    assert [tick for tick in Scale(3, 3000, log=True).ticks() if tick < 3] == []


SHORT = [RunConfig(strategy=name, chunk_size=9, budget=90) for name in ("fixed-size", "sentence", "markdown")]


def test_the_bars_of_lost_recall_are_as_long_as_what_is_missing() -> None:
    report = made(SHORT).report
    assert report.comparison
    numbers = {each.name: place for place, each in enumerate(report.configurations)}
    bars = loss_bars_of(report.comparison, report.configurations, numbers)
    assert bars is not None
    longest = max(1 - each.metrics["budget_recall"] for each in report.configurations)
    for row, each in zip(bars.rows, report.configurations, strict=True):
        assert sum(part.width for part in row.parts) == pytest.approx(
            100 * (1 - each.metrics["budget_recall"]) / longest, abs=0.1
        )


def test_each_question_that_loses_has_a_line_with_its_causes_and_what_stood_above() -> None:
    analysis = made(SHORT)
    report = analysis.report
    assert report.comparison
    lost = question_losses_of(report.comparison, report.configurations)
    losing = [each for each in report.best.questions if each.scores["budget_recall"] < 1]
    assert lost is not None
    assert (lost.count, lost.name) == (len(losing), report.best.name)
    for row in lost.rows:
        assert sum(part.width for part in row.parts) == pytest.approx(float(row.missing), abs=1)
    assert [float(row.missing) for row in lost.rows] == sorted((float(row.missing) for row in lost.rows), reverse=True)
    page = html_text(analysis)
    assert f"By question: {lost.count} of 12 miss something under {lost.name}" in page
    assert f"By tag, for {report.best.name}" in page
    assert f"By document, for {report.best.name}" in page
    assert f"The chunks of {report.best.name} have " in page


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ((), "ranked below the budget"),
        (((1, "lost_below_budget"), (2, "lost_below_budget")), "ranked below the budget"),
        (((2, "lost_below_budget"),), "item 2: ranked below the budget"),
        (
            ((1, "lost_cut"), (3, "lost_skipped")),
            "item 1: the budget ends inside the chunk; item 3: skipped: in no chunk",
        ),
    ],
)
def test_causes_are_in_words_and_by_item_where_items_differ(items: tuple[tuple[int, str], ...], words: str) -> None:
    report = made(SHORT).report
    assert report.comparison
    best = report.best
    losing = next(each for each in best.questions if each.scores["budget_recall"] < 1)
    lost = tuple(LostItemEntry(number=number, missing=1.0, causes=(cause,)) for number, cause in items)
    asked = losing.model_copy(update={"causes": ("lost_below_budget",), "lost_items": lost or None})
    rows = question_losses_of(report.comparison, [best.model_copy(update={"questions": (asked,)})])
    assert rows is not None
    assert rows.rows[0].causes == words


def test_no_bars_are_drawn_where_the_causes_were_not_measured() -> None:
    assert "Where recall is lost" not in html_text(made(SHORT, metrics=("budget",)))
    assert "Where recall is lost" in html_text(made(SHORT))


def test_evidence_and_chunks_are_in_the_page_whatever_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_AROUND", 20)
    monkeypatch.setattr(sample, "MOST_TEXT", 700)
    analysis = made([RunConfig(strategy="sentence", chunk_size=8), RunConfig(strategy="sliding-window", chunk_size=9)])
    page = html_text(analysis)
    data, texts = embedded(page, "data"), embedded(page, "texts")
    known = {document.name: document.text for document in analysis.corpus.documents}
    parts = [each for each in data["documents"] if "offset" in each]
    assert parts
    assert all(each["label"].startswith(f"{each['name']}, from character ") for each in parts)
    for each, text in zip(data["documents"], texts, strict=False):
        start = each.get("offset", 0)
        assert text == known[each["name"]][start : start + each["shown"]]
    assert analysis.questions
    for given, question in zip(data["questions"], analysis.questions.questions, strict=True):
        for places, item in zip(given["evidence"], question.evidence, strict=True):
            ((row, start, end),) = places[:1]
            assert texts[row][start:end] == analysis.corpus.text(*item.spans[0])
    for given in data["configurations"]:
        chunks = {(each.document.name, each.start, each.end) for each in analysis.chunkings[given["name"]]}
        rows = iter(zip(given["chunks"]["gaps"], given["chunks"]["lengths"], strict=True))
        for each, count in zip(data["documents"], given["chunks"]["counts"], strict=True):
            start, spans = each.get("offset", 0), []
            for _ in range(count):
                gap, length = next(rows)
                start += gap
                spans.append((each["name"], start, start + length))
            reach = (each.get("offset", 0), each.get("offset", 0) + each["shown"])
            assert spans == sorted(
                one for one in chunks if one[0] == each["name"] and one[1] < reach[1] and one[2] > reach[0]
            )
    assert "only what is around the evidence is shown" in page
