"""What a question set can show: which questions tell chunkings apart, and how many more of them a difference needs."""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rag_chunk import RunConfig, analyze
from rag_chunk.analysis.question_power import (
    describe_chunk_sizes,
    describe_undecided,
    list_undecided,
    missing_questions,
)
from rag_chunk.analysis.question_results import QuestionResult
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.analysis.statistics import compare_all, questions_needed
from rag_chunk.analysis.usual_chunkings import describe_power
from rag_chunk.analysis.verdicts import detail_of_test
from rag_chunk.cli import app
from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions import Evidence, Question, Questions

TEXT = "".join(f"Room {number} opens at {number} in the morning. It closes at night.\n\n" for number in range(40))
CORPUS = Corpus([Document("rooms.txt", TEXT)])


def asked(count: int) -> list[Question]:
    starts = [TEXT.index(f"Room {number} opens") for number in range(count)]
    return [
        Question(f"q{number}", f"When does room {number} open?", (Evidence(((start, start + 20),)),))
        for number, start in enumerate(starts)
    ]


def results_of(*columns: tuple[float, ...]) -> list[ConfigurationResult]:
    return [
        ConfigurationResult(
            name=f"c{number}",
            config=RunConfig(),
            metrics={},
            questions=tuple(
                QuestionResult(id=f"q{row}", question="?", scores={"budget_recall": score})
                for row, score in enumerate(column)
            ),
        )
        for number, column in enumerate(columns)
    ]


def scores(count: int, same: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return [questions, 3], of which the first `same` tell nothing apart."""
    table = np.random.default_rng(7).uniform(0, 1, (count, 3))
    table[:same] = table[:same, :1]
    return table


def test_questions_that_tell_nothing_apart_need_no_company() -> None:
    test = compare_all(scores(60, same=30), seed=0)
    missing = missing_questions(test)
    assert missing is not None
    target, more = missing
    assert (target, 60 + more) == (0.05, questions_needed(test, 0.05))
    line = describe_undecided(30, test)
    assert line.startswith("30 of 60 questions score the same under every configuration: they cannot tell these apart.")
    counts = re.search(
        r"add roughly ([\d,]+) questions like yours, or only ([\d,]+) if all of those tell them apart\.", line
    )
    assert counts
    all_kinds, telling = (int(count.replace(",", "")) for count in counts.groups())
    assert more <= all_kinds <= more * 1.1 + 10
    assert more / 2 <= telling <= more / 2 * 1.1 + 10


def test_nothing_is_said_where_all_questions_tell_or_nothing_is_compared() -> None:
    assert describe_undecided(0, compare_all(scores(60, same=0), seed=0)) == ""
    assert describe_undecided(60, compare_all(scores(60, same=0)[:, :1], seed=0)) == ""
    same = compare_all(scores(60, same=60), seed=0)
    assert describe_undecided(60, same).endswith("they cannot tell these apart.")


def test_undecided_questions_are_named_by_how_much_they_find() -> None:
    results = results_of((1.0, 0.0, 0.5, 1.0, 0.3), (1.0, 0.0, 0.5, 0.0, 0.2))
    line = list_undecided(results)
    assert (
        line == "Whatever the chunking, all of its evidence is there for q0; none is for q1; the same part is for q2."
    )
    assert list_undecided(results[:1]) == ""
    assert list_undecided(results_of((1.0, 0.0), (0.0, 1.0))) == ""


def test_sizes_of_chunks_are_shown_beside_those_of_evidence() -> None:
    analysis = analyze(CORPUS, RunConfig(strategy="fixed-size", chunk_size=4), Questions("q", "", tuple(asked(12))))
    (result,) = analysis.report.configurations
    spans = analysis.chunkings[result.name].spans
    line = describe_chunk_sizes([result], analysis.chunkings)
    assert line.startswith(f"The chunks of {result.name} have {int(np.median(spans[:, 1] - spans[:, 0]))} characters")
    assert f"hold {100 * result.metrics['intact']:.0f} % of the evidence whole in one chunk." in line
    assert describe_chunk_sizes([result], {}) == ""


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_questions_are_not_tried(count: int) -> None:
    assert describe_power(CORPUS, asked(count)) == []


def test_check_questions_tells_which_questions_tell_chunkings_apart(tmp_path: Path) -> None:
    (tmp_path / "rooms.txt").write_text(TEXT)
    rows = "\n".join(f"When does room {number} open?,Room {number} opens at {number} in" for number in range(12))
    (tmp_path / "q.csv").write_text(f"question,relevant\n{rows}\n")
    shown = CliRunner().invoke(app, ["check-questions", str(tmp_path / "q.csv"), str(tmp_path / "rooms.txt")])
    assert shown.exit_code == 0
    assert "Tried with fixed-size, sentence, recursive-character and markdown (200 words, bm25" in shown.output
    assert " characters (median), and hold 100 % of the evidence whole in one chunk." in shown.output
    assert "12 of 12 questions score the same under all of them: they cannot tell these apart." in shown.output
    assert "all of its evidence is there for q1, q2, " in shown.output


def test_the_reasons_repeat_nothing_that_the_verdict_says() -> None:
    names = ["a", "b", "c"]
    even = compare_all(np.random.default_rng(3).uniform(0.4, 0.9, (60, 3)), seed=0)
    assert detail_of_test(even, names).startswith("These 60 questions can show a difference only if it is above about ")
    pair = compare_all(scores(60, same=0)[:, :2], seed=0)
    assert detail_of_test(pair, names[:2]).partition(" points above ")[0].startswith(names[pair.leader])
    clear = scores(60, same=0) * 0.01 + np.array([0.0, 0.5, 0.502])
    assert detail_of_test(compare_all(clear, seed=0), names) in {
        "",
        "Too close to c: b. These 60 questions can show a difference only if it is above about 0.1 points.",
    }
    assert detail_of_test(compare_all(clear * [1, 1, 1.5], seed=0), names) == ""
    assert detail_of_test(compare_all(scores(9, same=0), seed=0), names) == ""
