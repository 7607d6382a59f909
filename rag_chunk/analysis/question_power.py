"""What a question set can show: which questions tell chunkings apart, and how many more of them a difference needs."""

from collections.abc import Mapping, Sequence

import numpy as np

from rag_chunk.analysis.phrases import all_questions
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.analysis.scoring import HEADLINE
from rag_chunk.analysis.statistics import PairedTest, questions_needed
from rag_chunk.chunker import Chunking
from rag_chunk.corpus.arrays import Bools, Floats

_TARGETS = (0.05, 0.02)  # differences worth more questions: 5 points, else 2
_MOST_NAMED = 8


def missing_questions(test: PairedTest) -> tuple[float, int] | None:
    """Return a difference worth showing, and how many more questions of this kind would show it; None if unknown.

    It is 5 points, or 2 where these questions can show 5 already.
    """
    for target in _TARGETS:
        needed = questions_needed(test, target)
        if needed is not None and needed > test.num_questions:
            return target, needed - test.num_questions
    return None


def round_up(count: int) -> int:
    """Return a count that is no more exact than it is known: to one figure of ten, to two above 100.

    >>> [round_up(count) for count in (3, 41, 187, 1234)]
    [10, 50, 190, 1300]
    """
    step = int(10 ** max(1, len(str(count)) - 2))
    return -(-count // step) * step


def describe_undecided(undecided: int, test: PairedTest, under: str = "every configuration") -> str:
    """Say how many questions score the same under all configurations, and how many more of the others are needed.

    Only the others move a difference, so of the questions that a difference needs it takes their share alone. Both counts
    are given, as the verdict gives the larger one.
    """
    count = test.num_questions
    if not undecided or len(test.means) == 1:
        return ""
    of = f"{undecided:,} of {all_questions(count).removeprefix('all ')}"
    told = f"{of} {'scores' if undecided == 1 else 'score'} the same under {under}: they cannot tell these apart."
    missing = missing_questions(test)
    if missing is None or undecided == count:
        return told
    target, more = missing
    others = round_up(-(-more * (count - undecided) // count))
    return (
        f"{told} To show a difference of {100 * target:.0f} points, add roughly {round_up(more):,} questions like yours, or "
        f"only {others:,} if all of those tell them apart."
    )


def list_undecided(results: Sequence[ConfigurationResult]) -> str:
    """Name the questions that score the same under all configurations: with all of their evidence, none, or a part."""
    scores = headline_scores(results)
    if len(results) == 1 or not len(scores):
        return ""
    same, first = find_undecided(scores), scores[:, 0]
    ids = [question.id for question in results[0].questions]
    kinds = {
        "all of its evidence is there": same & (first == 1),
        "none is": same & (first == 0),
        "the same part is": same & (first > 0) & (first < 1),
    }
    parts = [
        f"{what} for {_name([ids[row] for row in np.flatnonzero(rows)])}" for what, rows in kinds.items() if rows.any()
    ]
    return f"Whatever the chunking, {'; '.join(parts)}." if parts else ""


def find_undecided(scores: Floats) -> Bools:
    """Return which questions score the same under all configurations: [questions], of [questions, configurations]."""
    same: Bools = np.ptp(scores, axis=1) == 0
    return same


def headline_scores(results: Sequence[ConfigurationResult]) -> Floats:
    """Return the headline of each question: [questions, configurations]."""
    return np.array([[question.scores[HEADLINE] for question in result.questions] for result in results]).T


def describe_chunk_sizes(results: Sequence[ConfigurationResult], chunkings: Mapping[str, Chunking]) -> str:
    """Say how many characters chunks have, and how much of the evidence lies whole in one; empty where neither is known."""
    known = [
        each for each in results if each.name in chunkings and len(chunkings[each.name]) and "intact" in each.metrics
    ]
    if not known:
        return ""
    lengths = [chunkings[each.name].spans for each in known]
    middles = [int(np.median(spans[:, 1] - spans[:, 0])) for spans in lengths]
    whole = [round(100 * each.metrics["intact"]) for each in known]
    who = (
        f"The chunks of {known[0].name} have" if len(known) == 1 else f"The chunks of these {len(known)} chunkings have"
    )
    return (
        f"{who} {_range(middles)} characters (median), and hold {_range(whole)} % of the evidence whole in one chunk."
    )


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _name(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _MOST_NAMED:,} more" if len(ids) > _MOST_NAMED else ""
    return ", ".join(ids[:_MOST_NAMED]) + more
