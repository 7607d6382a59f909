"""`score`: somebody else's chunks and rankings, scored to the last digit as our own are."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from rag_chunk.analysis import Analysis, analyze, score_retrievals
from rag_chunk.analysis.chunked_corpus import chunked_in_memory
from rag_chunk.analysis.external import ExternalRun, read_chunks, read_ranking, read_retrievals
from rag_chunk.analysis.question_results import QuestionResult
from rag_chunk.analysis.ranking import retrieve
from rag_chunk.analysis.report import Report
from rag_chunk.analysis.verdicts import overlap_warning
from rag_chunk.chunker import chunk
from rag_chunk.chunker.export import jsonl
from rag_chunk.cli import app
from rag_chunk.config import AnalysisConfig, RunConfig, external_name, is_external, read_config
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.questions import Questions, read_questions
from rag_chunk.scorer import required_depth
from tests.support.effort import FEWER
from tests.support.empty_store import copy_empty_store
from tests.support.evaluation import chunking_of, corpora, questions_in, stretches
from tests.support.warm_process import program_path

GUIDE = """# Keys

Turn the key to the left to lock the door. Turn it back.

# Doors

Pull the handle towards you to open the door. The handle is made of brass. Turn it back.
"""
CORPUS = Corpus([Document("guide.md", GUIDE), Document("sub/notes.txt", "The brass is polished once a year.\n")])
QUESTIONS = [
    {"id": "lock", "question": "How do I lock?", "relevant": ["Turn the key to the left"]},
    {"question": "How does it open?", "relevant": [["Pull the handle", "Drag the handle"]]},
    {"id": "care", "question": "What is polished?", "relevant": ["brass is polished", "made of brass"]},
    {"id": "none", "question": "Why?"},
]
CHUNKS: list[dict[str, Any]] = [
    {"id": 1, "document": "guide.md", "start": 0, "end": 64},
    {"id": "b", "document": "guide.md", "start": 66, "end": 160},
    {"document": "sub/notes.txt", "text": "The brass is\npolished once a year."},
]
NOTES = "sub/notes.txt:0-34"
RANKED = [
    {"id": "lock", "chunks": [1]},
    {"question": "How does it open?", "chunks": ["b", 1]},
    {"id": "care", "question": " What is polished? ", "chunks": [NOTES, "b"]},
    {"id": "none", "chunks": [1]},
]
TIMES = ("processing_time", "chunk_time")


def lines(records: Iterable[Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a working folder with documents, questions, chunks and rankings."""
    (folder / "docs" / "sub").mkdir(parents=True)
    for document in CORPUS.documents:
        (folder / "docs" / document.name).write_text(document.text)
    (folder / "questions.json").write_text(json.dumps(QUESTIONS))
    (folder / "chunks.jsonl").write_text(lines(CHUNKS))
    (folder / "ranked.jsonl").write_text(lines(RANKED))
    return folder


@pytest.fixture
def asked(docs: Path) -> Questions:
    return read_questions(docs / "questions.json", CORPUS)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["score", "--corpus", "docs", "--test-file", "questions.json", *arguments])


def pair(chunks: str = "chunks.jsonl", ranked: str = "ranked.jsonl") -> list[str]:
    return ["--chunks", chunks, "--retrieved", ranked]


def report_of(result: Result) -> Report:
    assert result.exit_code == 0, result.output
    return Report.model_validate_json(result.stdout)


def written(folder: Path, questions: Questions, config: RunConfig) -> tuple[Path, Path]:
    """Write a configuration's chunks and rankings of `CORPUS` as somebody else would write theirs."""
    chunked, ranking = retrieve(chunked_in_memory(chunk(CORPUS, config), config), questions)
    handed = chunked.chunking
    lists = [[handed.ids[row] for row in rows if row >= 0] for rows in ranking.tolist()]
    chunks, ranked = folder / "own.jsonl", folder / "ranked by us.jsonl"
    chunks.write_bytes(jsonl(handed).encode("utf-8", "backslashreplace"))
    rows = zip(questions.ids, lists, strict=True)
    ranked.write_bytes(lines({"id": name, "chunks": found} for name, found in rows).encode())
    return chunks, ranked


def comparable(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return metrics that a file of rankings can give: it does not say which of its chunks have a word of the question."""
    values = {name: value for name, value in metrics.items() if name not in TIMES}
    unread = values.pop("lost_never_retrieved") + values.pop("lost_below_budget")
    return {**values, "unread": round(unread, 12)}


def comparable_result(result: QuestionResult) -> QuestionResult:
    return result.model_copy(update={"causes": (), "scores": comparable(result.scores)})


def assert_equal_metrics(ours: Analysis, theirs: Analysis) -> None:
    (made,), (given_,) = ours.report.configurations, theirs.report.configurations
    assert comparable(made.metrics) == comparable(given_.metrics)
    assert [*map(comparable_result, made.questions)] == [*map(comparable_result, given_.questions)]
    assert made.intervals == given_.intervals
    assert (made.by_tag, made.by_document) == (given_.by_tag, given_.by_document)


CONFIGS = {
    "bm25": RunConfig(strategy="recursive-character", chunk_size=8, overlap=2),
    "windows": RunConfig(strategy="sliding-window", chunk_size=5, overlap=3, top_k=2, budget=60, merge_overlaps=True),
    "tokens": RunConfig(strategy="fixed-size", chunk_size=7, unit="tokens", retriever="legacy", seed=7),
    "leaves": RunConfig(strategy="hierarchical", chunk_size=6),
    "parents": RunConfig(strategy="hierarchical", chunk_size=6, retrieve_parents=True),
    "neighbours": RunConfig(strategy="sentence", chunk_size=6, window=1, budget=90),
    "reranked": RunConfig(
        strategy="sentence", chunk_size=6, reranker="tests.support.rerankers:by_length", candidates=4
    ),
    "sections": RunConfig(strategy="sentence", chunk_size=6, retrieve_parents=True, budget=90),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_our_own_chunks_and_rankings_score_the_same_to_the_last_digit(
    config: RunConfig, docs: Path, asked: Questions
) -> None:
    settings = AnalysisConfig(metrics=("all",))
    ours = analyze(CORPUS, config, asked, settings=settings)
    chunks, ranked = written(docs, asked, config)
    retrievals = read_retrievals([chunks], [ranked], CORPUS, asked, config, chunk_size=config.chunk_size)
    theirs = score_retrievals(CORPUS, retrievals, asked, settings=settings)
    if (
        config.hands_over_more
    ):  # the shape is that of the leaves, which are indexed, and these files hold what is handed over
        (made,), (given_,) = ours.report.configurations, theirs.report.configurations
        assert made.questions == given_.questions
    else:
        assert_equal_metrics(ours, theirs)


@FEWER
@given(data=st.data())
def test_any_chunks_and_rankings_survive_the_files(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    corpus = data.draw(corpora())
    assume(not stretches(corpus).is_empty)
    spans = sorted(set(data.draw(st.lists(stretches(corpus), min_size=1, max_size=8))))
    questions = data.draw(questions_in(corpus))
    chunking = chunking_of(corpus, spans)
    orders = [data.draw(st.permutations(range(len(spans)))) for _ in questions.ids]
    lists = [order[: data.draw(st.integers(0, len(order)))] for order in orders]
    folder = tmp_path_factory.getbasetemp()
    chunks, ranked = folder / "chunks.jsonl", folder / "ranked.jsonl"
    told = [
        {name: each[name] for name in data.draw(KEPT)} for each in map(json.loads, jsonl(chunking).split("\n")[:-1])
    ]
    shuffled = data.draw(st.permutations(told))
    chunks.write_bytes("".join(json.dumps(each) + "\n" for each in shuffled).encode())
    ranked.write_bytes(lines({"id": q, "chunks": [chunking.ids[row] for row in rows]} for q, rows in zip(questions.ids, lists, strict=True)).encode())  # fmt: skip
    found = read_chunks(chunks, corpus, RunConfig())
    assert found.chunking.spans.tolist() == [list(span) for span in spans]
    ranking = read_ranking(ranked, found, questions).ranking
    assert [[row for row in rows if row >= 0] for rows in ranking.tolist()] == [list(rows) for rows in lists]


KEPT = st.sampled_from([("document", "start", "end"), ("id", "document", "start", "end", "text", "lines")])


def test_the_program_shows_a_score_like_an_analysis(docs: Path) -> None:
    program = [program_path("rag-chunk"), "score", "--corpus", "docs", "--test-file", "questions.json", *pair()]
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80"}
    done = subprocess.run(program, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert "ranked" in done.stdout
    assert "This holds for the rankings that were given and 4,000 characters of context." in " ".join(
        done.stdout.split()
    )


def test_chunks_are_places_or_texts_and_ids_are_theirs_or_the_places(docs: Path, asked: Questions) -> None:
    found = read_chunks(docs / "chunks.jsonl", CORPUS, RunConfig())
    assert found.chunking.ids == ["guide.md:0-64", "guide.md:66-160", NOTES]
    assert found.rows == {"1": 0, "b": 1, NOTES: 2}
    assert read_ranking(docs / "ranked.jsonl", found, asked).ranking.tolist() == [[0, -1], [1, 0], [2, 1]]


def texts(*found: str) -> str:
    return lines({"document": "guide.md", "text": text} for text in found)


LOCATED = {
    "in order": (texts("# Keys", "Turn it back.", "Turn it back."), [(0, 6), (51, 64), (150, 163)]),
    "white space": (texts("Keys Turn the\tkey", "Turn it\nback."), [(2, 20), (51, 64)]),
    "not in order": (texts("Doors", "# Keys"), [(0, 6), (68, 73)]),
    "not in order, white space": (texts("# Doors Pull", "# Keys Turn"), [(0, 12), (66, 79)]),
    "overlapping": (texts("Turn the key", "the key to"), [(8, 20), (13, 23)]),
}


@pytest.mark.parametrize(("content", "spans"), LOCATED.values(), ids=LOCATED)
def test_texts_are_located_in_their_order_or_where_they_stand_once(content: str, spans: list[tuple[int, int]], docs: Path) -> None:  # fmt: skip
    (docs / "texts.jsonl").write_text(content)
    found = read_chunks(docs / "texts.jsonl", CORPUS, RunConfig())
    assert [tuple(span) for span in found.chunking.spans.tolist()] == spans


CHUNK_PROBLEMS = {
    "no JSON": ("{oops", "it cannot be read as JSON: column 2: "),
    "no object": ("[1]", "it must hold one JSON object"),
    "no document": ('{"start": 3, "end": 4}', 'a chunk is {"document": …'),
    "nothing": ('{"document": "guide.md"}', "this has document"),
    "unknown document": ('{"document": "giude.md", "start": 0, "end": 4}', "the document 'giude.md' is not in the corpus (did you mean 'guide.md'?)"),
    "half a span": ('{"document": "guide.md", "start": 0}', "it has only one of start and end"),
    "no whole number": ('{"document": "guide.md", "start": 0, "end": true}', "start and end must be whole numbers, not 0 and True"),
    "outside": ('{"document": "guide.md", "start": 0, "end": 900}', "0 to 900 is not a span of guide.md, which has 164 characters"),
    "backwards": ('{"document": "guide.md", "start": 5, "end": 5}', "5 to 5 is not a span of guide.md"),
    "blank": ('{"document": "guide.md", "start": 6, "end": 8}', "6 to 8 of guide.md is blank"),
    "blank text": ('{"document": "guide.md", "text": " "}', "its text is blank"),
    "text that prints nothing": ('{"document": "guide.md", "text": "\\u200b\\ud800"}', "its text is blank"),
    "text": ('{"document": "guide.md", "text": 3}', "text must be text, not 3"),
    "other text": ('{"document": "guide.md", "start": 0, "end": 6, "text": "# Kex"}', "its text differs from the text at 0 to 6 of guide.md, which is '# Keys'"),
    "absent text": ('{"document": "guide.md", "text": "Push the handle"}', "its text 'Push the handle' is not in guide.md"),
    "id": ('{"document": "guide.md", "start": 0, "end": 6, "id": [1]}', "id must be text or a whole number, not [1]"),
    "equal id": ('{"document": "guide.md", "start": 0, "end": 6, "id": "1"}', "line 1 has the id '1' already; ids must differ"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "said"), CHUNK_PROBLEMS.values(), ids=CHUNK_PROBLEMS)
def test_what_is_wrong_with_a_chunk_is_said_with_its_line(line: str, said: str, docs: Path) -> None:
    (docs / "chunks.jsonl").write_text(lines(CHUNKS) + "\n" + line + "\n")
    with pytest.raises(InputError) as caught:
        read_chunks("chunks.jsonl", CORPUS, RunConfig())
    assert said in str(caught.value).partition("chunks.jsonl: 1 problem\n  line 5: ")[2]


def test_a_text_in_several_places_is_no_guess_where_the_order_says_nothing(docs: Path) -> None:
    (docs / "texts.jsonl").write_text(texts("# Doors", "Turn it back.", "# Keys"))
    with pytest.raises(InputError, match=r"line 2: its text 'Turn it back.' is in guide.md more than once; give start"):
        read_chunks("texts.jsonl", CORPUS, RunConfig())


def test_a_name_that_fits_several_documents_is_refused(docs: Path) -> None:
    (docs / "two.jsonl").write_text('{"document": "a", "start": 0, "end": 3}')
    corpus = Corpus([Document("a.md", "one"), Document("a.txt", "two")])
    with pytest.raises(InputError, match=r"line 1: 'a' could be a.md, a.txt; give the whole name"):
        read_chunks("two.jsonl", corpus, RunConfig())


RANKING_PROBLEMS = {
    "neither": ('{"chunks": [1]}', 'a ranking is {"question": …'),
    "no text": ('{"question": 3, "chunks": [1]}', 'a ranking is {"question": …'),
    "unknown id": ('{"id": "lok", "chunks": [1]}', "there is no question with the id 'lok' (did you mean 'lock'?)"),
    "unknown question": ('{"question": "How do I lok?", "chunks": [1]}', "there is no question 'How do I lok?' (did you mean 'How do I lock?'?)"),
    "another question": ('{"id": "lock", "question": "Why?", "chunks": [1]}', "the question 'lock' asks 'How do I lock?', not 'Why?'"),
    "no list": ('{"id": "lock", "chunks": 1}', "chunks must be a list of ids, not 1"),
    "no ids": ('{"id": "lock", "chunks": [1, null]}', "chunks must be a list of ids, not [1, None]"),
    "unknown chunk": ('{"id": "lock", "chunks": [1, "x", "y"]}', "2 of its 3 chunks are not in chunks.jsonl, where ids are as '1': 'x', 'y'"),
    "no time": ('{"id": "lock", "chunks": [1], "milliseconds": "3 s"}', "milliseconds must be a number from 0, not '3 s'"),
    "repeated": ('{"id": "lock", "chunks": [1, "b", "1"]}', "the chunk '1' is ranked more than once; each has one place"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "said"), RANKING_PROBLEMS.values(), ids=RANKING_PROBLEMS)
def test_what_is_wrong_with_a_ranking_is_said_with_its_line(line: str, said: str, docs: Path, asked: Questions) -> None:
    (docs / "r.jsonl").write_text("\n" + line)
    with pytest.raises(InputError) as caught:
        read_ranking("r.jsonl", read_chunks("chunks.jsonl", CORPUS, RunConfig()), asked)
    assert f"r.jsonl: 1 problem\n  line 2: {said}" in str(caught.value)


def test_an_id_is_known_in_both_forms_of_unicode(docs: Path, asked: Questions) -> None:
    composed = replace(asked, questions=(replace(asked.questions[0], id="cl\u00e9"),))
    (docs / "r.jsonl").write_text('{"id": "cle\u0301", "chunks": [1]}')
    assert read_ranking("r.jsonl", read_chunks("chunks.jsonl", CORPUS, RunConfig()), composed).ranking.tolist() == [[0]]


def test_all_problems_of_a_file_are_said_at_once_in_order(docs: Path) -> None:
    content = "\n".join(line for line, _ in CHUNK_PROBLEMS.values())
    (docs / "chunks.jsonl").write_text(content)
    result = run(*pair())
    assert isinstance(result.exception, InputError)
    said = str(result.exception).splitlines()
    assert said[0] == f"chunks.jsonl: {len(CHUNK_PROBLEMS) - 1} problems"
    numbers = [int(line.split()[1].rstrip(":")) for line in said[1:]]
    assert numbers == sorted(numbers)
    (docs / "chunks.jsonl").write_text('{"document": "x", "start": 0, "end": 1}\n' * 300 + "[]\n" * 300)
    said = str(run(*pair()).exception).splitlines()
    assert said[1].endswith("; 300 lines name it")
    assert said[-1] == "  … and 101 more"


def test_a_question_that_two_ask_needs_its_id(docs: Path, asked: Questions) -> None:
    (docs / "questions.json").write_text(json.dumps([{"question": "A?", "relevant": ["the door"]}] * 2))
    (docs / "r.jsonl").write_text(
        '{"question": "A?", "chunks": []}\n{"id": "q1", "chunks": []}\n{"id": "q1", "chunks": []}'
    )
    questions = read_questions("questions.json", CORPUS)
    with pytest.raises(
        InputError, match=r"(?s)line 1: 'A\?' is asked by q1 and q2; give the id.*line 3: .* on line 2 already"
    ):
        read_ranking("r.jsonl", read_chunks("chunks.jsonl", CORPUS, RunConfig()), questions)


@pytest.mark.parametrize("content", [None, "", b"\xff"])
@pytest.mark.parametrize("name", ["chunks.jsonl", "ranked.jsonl"])
def test_a_file_that_is_not_there_not_text_or_empty(name: str, content: object, docs: Path) -> None:
    (docs / name).unlink()
    if content is not None:
        (docs / name).write_bytes(content if isinstance(content, bytes) else b"\n")
    result = run(*pair())
    if name == "ranked.jsonl" and content == "":
        assert "3 of 3 questions retrieve nothing" in result.stderr
        assert result.exit_code == 0
    else:
        assert isinstance(result.exception, InputError)
        assert name in str(result.exception)


def test_what_is_not_ranked_retrieves_nothing_scores_0_and_is_counted(docs: Path) -> None:
    (docs / "part.jsonl").write_text(lines(RANKED[:1]) + '{"id": "care", "chunks": []}\n')
    result = run(*pair(ranked="part.jsonl"), "--output", "json")
    assert "part: 2 of 3 questions retrieve nothing and score 0" in result.stderr
    report = report_of(result)
    (found,) = report.configurations
    assert [question.scores["budget_recall"] for question in found.questions] == [1.0, 0.0, 0.0]
    assert found.metrics["budget_recall"] == pytest.approx(1 / 3)
    assert any("retrieve nothing" in entry.reason for entry in report.skipped)


def test_lists_that_are_too_short_are_said_and_scored_as_they_are(docs: Path) -> None:
    result = run(*pair(), "--top-k", "2", "--budget", "100", "--output", "json")
    said = (
        "ranked: lists are shorter than top_k (2) for 1, than 100 characters for 1, than 16,000 characters for 3 of 3"
    )
    assert said in result.stderr
    assert report_of(result).configurations[0].metrics["mrr"] == 1.0
    full = [{"id": question, "chunks": [1, "b", NOTES]} for question in ("lock", "q2", "care")]
    (docs / "full.jsonl").write_text(lines(full))
    assert run(*pair(ranked="full.jsonl"), "--output", "json").stderr.strip() == ""
    assert run(*pair(ranked="full.jsonl"), "--output", "json", "--merge-overlaps").stderr.strip() == ""


def test_several_pairs_are_compared_in_order_under_the_names_of_their_files(docs: Path) -> None:
    (docs / "again").mkdir()
    (docs / "again" / "ranked.jsonl").write_text(lines([{"id": "lock", "chunks": ["b"]}]))
    (docs / "my best!.jsonl").write_text(lines(RANKED))
    pairs = [*pair(), *pair(ranked="again/ranked.jsonl"), *pair(ranked="my best!.jsonl")]
    report = report_of(run(*pairs, "--output", "json", "--baseline", "ranked"))
    assert {found.name for found in report.configurations} == {"ranked", "ranked.2", "my best!"}
    assert report.comparison
    assert not report.other_comparisons
    assert len(report.comparison.pairs) == 3
    assert report.comparison.baseline
    assert "3 questions are too few to show which is better" in report.comparison.verdict[0]
    served = report_of(run("--chunks", "chunks.jsonl", *pairs[2:4], *pairs[6:8], "--retrieved", "my best!.jsonl", "--output", "json"))  # fmt: skip
    assert len(served.configurations) == 3


def test_a_configuration_says_that_it_was_given_and_of_what_content(docs: Path, asked: Questions) -> None:
    def config(chunks: Iterable[Any] = CHUNKS, ranked: Iterable[Any] = RANKED, **settings: Any) -> RunConfig:
        (docs / "chunks.jsonl").write_text(lines(chunks))
        (docs / "ranked.jsonl").write_text(lines(ranked))
        files = [docs / "chunks.jsonl"], [docs / "ranked.jsonl"]
        return read_retrievals(*files, CORPUS, asked, RunConfig(), **settings)["ranked"].config

    first = config()
    assert is_external(first.strategy)
    assert is_external(first.retriever)
    assert (first.chunk_size, first.overlap) == (20, 0)
    assert config(reversed(CHUNKS), reversed(RANKED)) == first
    renamed = [{**each, "id": name} for each, name in zip(CHUNKS, "xyz", strict=True)]
    assert config(renamed, [{"id": "lock", "chunks": ["x"]}]).strategy == first.strategy
    assert config(ranked=RANKED[:2]).retriever != first.retriever
    wider = config([{"document": "guide.md", "start": 40, "end": 100}, *CHUNKS], chunk_size=400)
    assert wider.strategy != first.strategy
    assert (wider.chunk_size, wider.overlap) == (400, 7)
    nested = config([{**CHUNKS[0], "id": "twice"}, *CHUNKS], chunk_size=2)
    assert (nested.chunk_size, nested.overlap) == (2, 1)
    assert first.digest() != wider.digest()


def test_a_score_is_saved_and_its_config_file_repeats_it(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (docs / "other.jsonl").write_text(lines(RANKED[:1]))
    result = run(
        *pair(), "--retrieved", "other.jsonl", "--top-k", "1", "--use-tiktoken", "--save", "results", "--output", "json"
    )
    report = report_of(result)
    assert Report.model_validate_json((docs / "results" / "report.json").read_text()) == report
    file = read_config(docs / "results" / "configs" / "other.yaml")
    assert [Path(path).name for path in (*file.analysis["chunks"], *file.analysis["retrieved"])] == [
        "chunks.jsonl",
        "other.jsonl",
    ]
    assert [json.loads(line)["id"] for line in (docs / "results/chunks/other.jsonl").read_text().splitlines()][
        2
    ] == NOTES
    (docs / "elsewhere").mkdir()
    monkeypatch.chdir(docs / "elsewhere")
    again = CliRunner().invoke(app, ["score", "--config", str(docs / "results/configs/other.yaml"), "--output", "json"])
    (found,) = report_of(again).configurations
    other = report.configuration("other")
    assert found.config == other.config
    assert found.metrics == other.metrics
    CliRunner().invoke(app, ["import-config", str(docs / "results/configs/other.yaml")])
    (found,) = report_of(CliRunner().invoke(app, ["score", "--output", "json"])).configurations
    assert found.config == other.config
    refused = CliRunner().invoke(app, ["analyze"])
    assert isinstance(refused.exception, SettingsError)
    assert "comes from a file: rag-chunk score scores it" in str(refused.exception)
    analyzed = CliRunner().invoke(app, ["analyze", "--strategy", "header", "--retriever", "bm25", "--output", "json"])
    assert "chunks" not in report_of(analyzed).analysis


def test_a_folders_own_config_says_how_to_score_and_nothing_of_chunking(docs: Path) -> None:
    (docs / "rag-chunk.yaml").write_text("strategy: header\nchunk_size: 3\nretriever: legacy\ntop_k: 1\nbudget: 60\n")
    (found,) = report_of(run(*pair(), "--budget", "50", "--output", "json")).configurations
    assert (found.config.top_k, found.config.budget, found.config.chunk_size) == (1, 50, 20)
    assert found.metrics["share_over_limit"] == 0
    (found,) = report_of(run(*pair(), "--chunk-size", "10", "--output", "json")).configurations
    assert found.metrics["share_over_limit"] == pytest.approx(2 / 3)


REFUSED: dict[str, tuple[list[str], str]] = {
    "no documents": (["--test-file", "questions.json", *pair()], "--corpus docs/"),
    "no questions": (["--corpus", "docs", *pair()], "--test-file questions.json"),
    "no files": (
        ["--corpus", "docs", "--test-file", "questions.json"],
        "missing options: --chunks chunks.jsonl, --retrieved ranked.jsonl",
    ),
    "nothing but chunks": (
        ["--chunks", "chunks.jsonl"],
        "missing options: --retrieved ranked.jsonl, --corpus docs/, --test-file questions.json",
    ),
    "no pairs": (
        ["--corpus", "docs", "--test-file", "questions.json", *pair(), *pair(), "--retrieved", "ranked.jsonl"],
        "there are 2 --chunks and 3 --retrieved; they make pairs",
    ),
    "a limit": (["--corpus", "docs", "--test-file", "questions.json", *pair(), "--chunk-size", "0"], "--chunk-size must be at least 1"),
    "rivals": (["--config", "a.yaml", "--config", "b.yaml"], "give one --config"),
    "a baseline": (["--corpus", "docs", "--test-file", "questions.json", *pair(), "--baseline", "x"], "has the name or strategy 'x'"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
def test_settings_that_make_no_sense_are_refused(arguments: list[str], said: str, docs: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (docs / name).write_text("top_k: 3\n")
    result = CliRunner().invoke(app, ["score", *arguments])
    assert isinstance(result.exception, SettingsError)
    assert said in str(result.exception)


def test_what_was_given_cannot_be_chunked_anew() -> None:
    with pytest.raises(InputError, match="cannot be loaded by its name"):
        chunk(CORPUS, RunConfig(strategy="given-0123456789ab"))


def test_the_library_takes_what_never_was_a_file(asked: Questions) -> None:
    chunking = chunking_of(CORPUS, [(0, 64), (66, 160)])
    found = ExternalRun(chunking, np.array([[0], [1], [-1]]), RunConfig())
    scored = score_retrievals(CORPUS, {"mine": found}, asked).report.configurations[0]
    assert scored.given is None
    assert scored.metrics["budget_recall"] == pytest.approx(2 / 3)


def test_a_long_ranking_is_cut_where_nothing_reads_it(docs: Path) -> None:
    text = "word " * 4000
    corpus = Corpus([Document("a.md", text)])
    chunks = [{"document": "a.md", "start": place, "end": place + 4} for place in range(0, len(text), 5)]
    (docs / "many.jsonl").write_text(lines(chunks))
    (docs / "long.jsonl").write_text(
        lines([{"id": "q1", "chunks": [f"a.md:{each['start']}-{each['end']}" for each in chunks]}])
    )
    (docs / "q.json").write_text('[{"question": "A?", "evidence": [{"doc": "a.md", "start": 0, "end": 4}]}]')
    questions = read_questions("q.json", corpus)
    (found,) = read_retrievals(
        [Path("many.jsonl")], [Path("long.jsonl")], corpus, questions, RunConfig(budget=100)
    ).values()
    assert found.ranking.shape == (1, required_depth(found.chunking, found.config))
    assert found.notices == ()


@pytest.mark.parametrize(
    "settings", [{"holdout": 0.5}, {"metrics": ("budget",)}, {"custom_metrics": ("my_metrics:count",)}]
)
def test_an_analysis_settings_hold_for_a_score(settings: dict[str, Any], docs: Path, asked: Questions, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    (docs / "my_metrics.py").write_text("def count(chunks, question):\n    return len(chunks)\n")
    monkeypatch.delitem(sys.modules, "my_metrics", raising=False)
    found = read_retrievals([docs / "chunks.jsonl"], [docs / "ranked.jsonl"], CORPUS, asked, RunConfig())
    report = score_retrievals(CORPUS, found, asked, settings=AnalysisConfig(**settings)).report
    (scored,) = report.configurations
    assert scored.metrics.get("count", 1.5) == pytest.approx(5 / 3, abs=0.2)
    assert ("mrr" in scored.metrics) == (settings.get("metrics") is None)
    assert bool(report.comparison and report.comparison.holdout) == ("holdout" in settings)


def mlflow_missing() -> bool:
    from importlib.util import find_spec

    return find_spec("mlflow") is None


@pytest.mark.skipif(mlflow_missing(), reason="needs mlflow")
def test_a_score_is_tracked_as_an_analysis_is(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    (docs / "other.jsonl").write_text(lines(RANKED[:1]))
    uri = copy_empty_store(docs)
    result = run(
        *pair(), "--retrieved", "other.jsonl", "--mlflow-tracking", "--mlflow-uri", uri, "--tags", "team=search"
    )
    assert result.exit_code == 0, result.output
    client = mlflow.MlflowClient(uri)
    (experiment,) = client.search_experiments(filter_string="name = 'rag-chunk'")
    runs = {each.info.run_name: each for each in client.search_runs([experiment.experiment_id])}
    assert {"ranked", "other"} < set(runs)
    assert is_external(runs["other"].data.params["retriever"])
    assert runs["other"].data.params["strategy"] == runs["ranked"].data.params["strategy"]
    assert runs["other"].data.tags["team"] == "search"
    exported = CliRunner().invoke(
        app, ["export-config", runs["other"].info.run_id, "--mlflow-uri", uri, "-o", "got.yaml"]
    )
    assert exported.exit_code == 0, exported.output
    (found,) = report_of(CliRunner().invoke(app, ["score", "--config", "got.yaml", "--output", "json"])).configurations
    assert {name: runs["other"].data.metrics[name] for name in found.metrics} == found.metrics


def test_rankings_from_elsewhere_are_not_called_lexical():
    assert overlap_warning(0.9, external_name("rankings")) == ""
    assert "flatters lexical retrieval" in overlap_warning(0.9, "bm25")
