"""How large a difference between chunkings the questions can show so far, measured on the documents at hand."""

import math
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from rag_chunk.analysis.question_power import headline_scores
from rag_chunk.analysis.statistics import FEWEST_FOR_A_WINNER, compare_all
from rag_chunk.analysis.usual_chunkings import analyze_usual
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats
from rag_chunk.errors import RagChunkError
from rag_chunk.questions import check_questions

_GOALS = (10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """What some chunkings bring back of the evidence of each question: [questions, chunkings], rows by id."""

    rows: dict[str, int]
    scores: Floats

    def detectable(self, ids: Collection[str]) -> float | None:
        """Return the difference of means that these questions could show; None if none could be."""
        rows = [self.rows[name] for name in ids if name in self.rows]
        return compare_all(self.scores[rows], seed=0).detectable if rows else None

    def describe(self, accepted: Collection[str]) -> str:
        """Say how large a difference the accepted questions could show, and how large one more of them would."""
        count = sum(name in self.rows for name in accepted)
        goal = next(
            (goal for goal in _GOALS if goal >= count + max(1, count // 5)), None
        )  # fewer more would not be seen
        now = self.detectable(accepted) if count >= FEWEST_FOR_A_WINNER else None
        basis, size = (now, count) if now else (self.detectable(self.rows), len(self.rows))
        if not basis:
            return f"Review at least {FEWEST_FOR_A_WINNER} questions to compare chunkings."
        then = f"{goal:,} would show about ±{100 * basis * math.sqrt(size / goal):.0f}" if goal else ""
        if now is None:
            return f"Review at least {FEWEST_FOR_A_WINNER} questions to compare chunkings; {then} points."
        shown = f"With {count:,} reviewed questions, a difference of ±{100 * now:.0f} points can be shown"
        return f"{shown}; {then}." if then else f"{shown}."


class DifferenceMeter:
    """Measures in a thread of its own, again whenever it is asked to; the last table is there meanwhile."""

    def __init__(self, corpus: Corpus, path: Path) -> None:
        """Measure the questions of the file at `path`."""
        self._corpus, self._path = corpus, path
        self._wake = threading.Event()
        self.table: ScoreTable | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def measure(self) -> None:
        """Measure again, as soon as there is time."""
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            try:
                self.table = measure_scores(self._corpus, self._path)
            except RagChunkError:  # the file is being changed; the next change asks again
                continue


def measure_scores(corpus: Corpus, path: Path) -> ScoreTable | None:
    """Return the scores of a few usual chunkings on all questions that have evidence; None where there are none."""
    asked = [checked.question for checked in check_questions(path, corpus).questions]
    analysis = analyze_usual(corpus, asked, str(path))
    if analysis is None:
        return None
    results = analysis.report.configurations
    rows = {question.id: row for row, question in enumerate(results[0].questions)}
    return ScoreTable(rows, headline_scores(results))
