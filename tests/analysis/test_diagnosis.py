"""What would help a configuration: planted failures are named as what they are, and where nothing helps that is said."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rag_chunk.analysis.diagnosis import Diagnosis
from rag_chunk.analysis.factors import changes_of
from rag_chunk.analysis.statistics import compare_all
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.document import Conversion
from rag_chunk.rendering.diagnosis_table import diagnosis_markdown
from rag_chunk.workflow import Reporter, diagnosing
from rag_chunk.workflow.diagnosing import diagnose

COUNT = 20
QUIET = Reporter(lambda _: None, None, lambda _: None)
FILLER = "common words that stand everywhere and answer nothing at all"


def diagnosed(
    folder: Path,
    documents: Sequence[str],
    evidence: Sequence[str],
    config: RunConfig,
    model: str | None = None,
    reporter: Reporter = QUIET,
) -> Diagnosis:
    """Return the diagnosis of `config` on the documents, each with a question about its key word."""
    docs = folder / "docs"
    docs.mkdir()
    for number, text in enumerate(documents):
        (docs / f"{number:02}.md").write_text(text)
    asked = [{"question": f"where is key{n}?", "relevant": [text]} for n, text in enumerate(evidence)]
    (folder / "questions.json").write_text(json.dumps(asked))
    paths = AnalysisConfig(source=docs, test_file=folder / "questions.json")
    return diagnose("here", "mine", config, paths, reporter, model)


def best_cure(diagnosis: Diagnosis) -> str:
    """Return the factor that helps most, of those that do not just pay for more context."""
    return next((cure.factor for cure in diagnosis.cures if cure.factor != "budget"), "")


def numbered(text: str) -> list[str]:
    return [text.replace("#", str(number)) for number in range(COUNT)]


def test_chunks_that_are_too_small_are_named_as_chunk_size(folder: Path) -> None:
    evidence = numbered("key# one two three four five six seven eight nine ten eleven twelve")
    config = RunConfig(strategy="fixed-size", chunk_size=7, budget=70)
    documents = [f"{text} {FILLER}" for text in evidence]
    assert best_cure(diagnosed(folder, documents, evidence, config)) == "chunk size"


def test_the_progress_says_what_is_changed(folder: Path) -> None:
    said = list[str]()
    told = Reporter(lambda _: None, lambda _, __, what: said.append(what), lambda _: None)
    config = RunConfig(strategy="fixed-size", chunk_size=7, budget=70)
    diagnosed(folder, numbered("key# one two"), numbered("key# one two"), config, reporter=told)
    assert "the configuration itself" in said
    assert {f"{change.factor} {change.text}" for change in changes_of(config)} <= set(said)
    assert not [what for what in said if what.isdecimal()]


def test_a_budget_that_is_too_small_is_named_as_budget(folder: Path) -> None:
    evidence = numbered("key# " + "long answers need room " * 6)
    config = RunConfig(strategy="fixed-size", chunk_size=100, budget=70)
    found = diagnosed(folder, evidence, [text.strip() for text in evidence], config)
    assert [cure.factor for cure in found.cures] == ["budget"]
    assert found.cures[0].costs == ("2.0 × context",)
    assert any(line.startswith("Shown to help: budget 140 characters, by ") for line in found.verdict)
    assert "| budget | 140 characters |" in diagnosis_markdown(found)


def test_a_strategy_that_cuts_through_sentences_is_named_as_strategy(folder: Path) -> None:
    evidence = numbered("The key# opens every door that has been locked by anyone.")
    documents = [f"Some three words. {text} {FILLER}." for text in evidence]
    config = RunConfig(strategy="fixed-size", chunk_size=11, budget=60)
    assert best_cure(diagnosed(folder, documents, evidence, config)) == "strategy"


def test_missing_overlap_is_named_as_overlap(folder: Path) -> None:
    evidence = numbered("alpha beta gamma delta key#")
    before = " ".join(f"word{number}" for number in range(9))
    documents = [f"{before} {text} {' '.join(f'v{number}' for number in range(10))}" for text in evidence]
    config = RunConfig(strategy="sliding-window", chunk_size=12, overlap=0, budget=60)
    found = diagnosed(folder, documents, evidence, config)
    assert best_cure(found) == "overlap"


def test_titles_that_are_not_indexed_are_named_as_headings(folder: Path) -> None:
    evidence = numbered("It is opened by turning the handle number# to the left.")
    section = "Plain words of no use stand here, and they go on for quite a while."
    documents = [f"# Chapter key{number}\n\n{section}\n\n## Part\n\n{text}\n" for number, text in enumerate(evidence)]
    config = RunConfig(strategy="header", chunk_size=40, budget=80)
    assert best_cure(diagnosed(folder, documents, evidence, config)) == "headings"


def test_words_that_no_chunk_shares_are_named_as_retriever(folder: Path) -> None:
    evidence = numbered("The mykey#ed unlocking mechanism turns.")
    documents = [f"{text}" for text in evidence]
    config = RunConfig(strategy="sentence", chunk_size=30, budget=40, retriever="bm25")
    found = diagnosed(folder, documents, evidence, config, "hashing")
    assert best_cure(found) == "retriever"
    assert "vectors" in found.cures[0].costs


def test_evidence_around_a_small_chunk_is_named_as_window(folder: Path) -> None:
    evidence = numbered("The key# is here. It turns to the left. It locks the door. It never fails at all.")
    rest = "Nothing to see. Nothing to hear. Nothing to know. Nothing to do. " * 3
    documents = [f"{text} {rest}" for text in evidence]
    config = RunConfig(strategy="markdown", chunk_size=5, overlap=0, budget=90)
    found = diagnosed(folder, documents, evidence, config)
    assert "window" in {cure.factor for cure in found.cures}


def test_blocks_that_are_skipped_are_named_as_skipped_blocks(folder: Path) -> None:
    evidence = numbered("run key# now")
    documents = [f"Some words.\n\n```\n{text}\n```\n" for text in evidence]
    config = RunConfig(strategy="markdown", chunk_size=30, skip_blocks=("code",))
    assert [cure.factor for cure in diagnosed(folder, documents, evidence, config).cures] == ["skipped blocks"]


def test_evidence_that_conversion_lost_is_named_as_converter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def read(asked: AnalysisConfig, *_: object, **__: object) -> Iterator[Corpus]:
        lost = set() if asked.converter else set(range(1, COUNT))
        yield Corpus(
            Document(
                f"{number}.pdf",
                "Blank." if number in lost else f"The key{number} is here.",
                conversion=Conversion("pypdfium2", "5", 1, "d", is_markdown=False),
            )
            for number in range(COUNT)
        )

    monkeypatch.setattr(diagnosing, "open_documents", read)
    monkeypatch.setattr(diagnosing, "find_spec", lambda _: True)
    found = diagnosed(folder, [], numbered("The key# is here."), RunConfig(chunk_size=30))
    assert [cure.factor for cure in found.cures] == ["converter"]
    assert found.not_in_text == COUNT - 1
    assert found.verdict[0].startswith("19 of 20 questions have no evidence in the documents' text")


def test_where_nothing_helps_that_is_said_with_what_limits(folder: Path) -> None:
    evidence = numbered("It opens to the left, as numbered #.")
    documents = [f"{text}" for text in evidence]
    config = RunConfig(strategy="sentence", chunk_size=30, budget=30)
    rng = np.random.default_rng(0).permutation(COUNT)
    shuffled = [evidence[place] for place in rng]  # no question shares a word with its answer
    found = diagnosed(folder, documents, shuffled, config)
    assert found.cures == ()
    text = " ".join(found.verdict)
    assert "changes tried is shown to help." in text
    assert "the retriever limits, or the wording of the questions" in text


def test_ten_questions_are_the_fewest_that_show_anything(folder: Path) -> None:
    evidence = numbered("key# one two three four five six seven")[:9]
    found = diagnosed(folder, evidence, evidence, RunConfig(strategy="fixed-size", chunk_size=3, budget=40))
    assert {trial.shown for trial in found.trials} == {"no difference"}


def test_each_change_is_of_one_factor_and_none_is_tried_twice() -> None:
    config = RunConfig(strategy="markdown", chunk_size=100)
    changes = changes_of(config)
    assert len(changes) >= 12
    assert len({change.config for change in changes}) == len(changes)
    assert config not in {change.config for change in changes}
    assert {change.factor for change in changes} == {
        "chunk size", "overlap", "strategy", "window", "headings", "budget",
    }  # fmt: skip
    assert {change.factor for change in changes_of(config, "hashing")} >= {"retriever"}


def test_against_a_reference_the_family_is_smaller_and_never_shows_less() -> None:
    scores = np.random.default_rng(3).uniform(size=(40, 9))
    scores[:, 0] -= 0.1
    everything = {(pair.a, pair.b): pair.p_adjusted for pair in compare_all(scores, seed=0).pairs}
    to_first = [pair for pair in compare_all(scores, seed=0, reference=0).pairs if 0 in (pair.a, pair.b)]
    assert len(to_first) == 8
    assert all(pair.p_adjusted <= everything[pair.a, pair.b] for pair in to_first)
    assert any(pair.p_adjusted < everything[pair.a, pair.b] for pair in to_first)
