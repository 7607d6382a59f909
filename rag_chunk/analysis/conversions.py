"""Conversions of the same files, compared as configurations are: what each loses, and whether that matters more than chunking."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rag_chunk.analysis import statistics
from rag_chunk.analysis.holdout import EvaluationSet, evaluation_set
from rag_chunk.analysis.phrases import count_questions, join_words, points
from rag_chunk.analysis.report import ComparisonResult, Report
from rag_chunk.analysis.scoring import Scored
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.questions import Questions

if TYPE_CHECKING:
    from rag_chunk.corpus.joined_corpus import JoinedCorpus
    from rag_chunk.questions.joined_questions import JoinedQuestions

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, eq=False)
class RivalConversion:
    """One conversion of the files: the stretch of the line that it fills, and the questions as it is asked them.

    `lost` has the id of the question of each of the `items` that another conversion has and this one has not.
    """

    name: str
    extent: tuple[int, int]
    questions: Questions | None = None
    lost: tuple[str, ...] = ()
    items: int = 0
    evaluation: EvaluationSet | None = None


def list_conversions(joined: "JoinedCorpus", asked: "JoinedQuestions | None") -> tuple[RivalConversion, ...]:
    """Return the conversions that are compared."""
    if asked is None:
        return tuple(RivalConversion(name, extent) for name, extent in joined.extents.items())
    return tuple(
        RivalConversion(name, extent, asked.by_conversion[name], asked.lost[name], asked.items)
        for name, extent in joined.extents.items()
    )


def with_evaluation(
    conversion: RivalConversion, corpus: Corpus, settings: AnalysisConfig, seed: int
) -> RivalConversion:
    """Return a conversion with what its configurations are asked."""
    evaluation = evaluation_set(corpus, conversion.questions, settings, seed)
    if evaluation:
        evaluation = replace(evaluation, by_document=_without_conversion(evaluation.by_document))
    return replace(conversion, evaluation=evaluation)


def _without_conversion(rows: Mapping[str, Positions]) -> dict[str, Positions]:
    """Return the rows of questions by the names that documents have in their folder; nothing where there is but one."""
    by_name: dict[str, Positions] = {}
    for name, some in rows.items():
        plain = name.partition("/")[2]
        by_name[plain] = np.union1d(by_name.get(plain, some), some)
    return by_name if len(by_name) > 1 else {}


def name_rivals(
    configs: Mapping[str, RunConfig], conversions: Sequence[RivalConversion]
) -> dict[str, tuple[RunConfig, RivalConversion | None]]:
    """Return each configuration with each conversion, under a name of its own; without conversions, as it is."""
    if not conversions:
        return {name: (config, None) for name, config in configs.items()}
    return {f"{name}-{each.name}": (config, each) for name, config in configs.items() for each in conversions}


def describe_lost(conversions: Iterable[RivalConversion]) -> list[tuple[str, str]]:
    """Return each conversion that has lost evidence, and a sentence on how much, and of which questions."""
    return [(each.name, _describe(each)) for each in conversions if each.lost]


def _describe(conversion: RivalConversion) -> str:
    asked = list(dict.fromkeys(conversion.lost))
    more = f" and {len(asked) - _MOST_NAMED:,} more" if len(asked) > _MOST_NAMED else ""
    named = ", ".join(asked[:_MOST_NAMED]) + more
    return (
        f"{len(conversion.lost):,} of {conversion.items:,} pieces of evidence are not in its text, and are in that of "
        f"another converter; they count as lost in {count_questions(len(asked))}: {named}"
    )


def compare_conversions(report: Report, scored: Iterable[Scored], conversions: Sequence[RivalConversion]) -> Report:
    """Return a report whose verdicts also say whether the converter or the chunking matters more."""
    if not conversions or not report.comparison:
        return report
    first, *others = (_with_sentence(each, [*scored], [one.name for one in conversions]) for each in report.comparisons)
    return report.model_copy(update={"comparison": first, "other_comparisons": tuple(others)})


def _with_sentence(comparison: ComparisonResult, scored: Sequence[Scored], names: Sequence[str]) -> ComparisonResult:
    rivals = [each for each in scored if each.result.config.retriever in comparison.retrievers]
    scores = _scores_by_chunking(rivals, names)
    if not scores:
        return comparison
    sentence = _verdict(scores, names, rivals[0].result.config.seed)
    return comparison.model_copy(update={"verdict": (*comparison.verdict, sentence)})


def _scores_by_chunking(scored: Sequence[Scored], names: Sequence[str]) -> dict[str, list[Floats]]:
    """Return the scores of each chunking with each converter, of the chunkings that were run with all of them."""
    by_chunking: dict[str, dict[str, Floats]] = {}
    for each in scored:
        converter = str(each.result.converter)
        for name in (each.result.name, *each.result.merged):  # chunks of a merged one are the same
            if each.reporting is not None:
                by_chunking.setdefault(name.removesuffix(f"-{converter}"), {})[converter] = each.reporting
    return {name: [row[each] for each in names] for name, row in by_chunking.items() if len(row) == len(names)}


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far apart the best and the worst of several are, in words too, and whether the questions show that."""

    difference: float
    is_shown: bool
    text: str


def _verdict(scores: Mapping[str, Sequence[Floats]], names: Sequence[str], seed: int) -> str:
    table = np.array(list(scores.values()))  # [chunkings, converters, questions]
    converter = _spread(table.mean(axis=0).T, names, seed)
    if len(scores) == 1:
        return f"By converter: {converter.text}."
    chunking = _spread(table.mean(axis=1).T, list(scores), seed)
    return f"{_which_matters(converter, chunking)}: {converter.text}; {chunking.text}."


def _spread(table: Floats, names: Sequence[str], seed: int) -> _Spread:
    """Compare the best with the worst of `table` [questions, names]."""
    test = statistics.compare_all(table, seed=seed)
    worst = min(range(len(names)), key=lambda place: test.means[place])
    pair = next((each for each in test.pairs if {each.a, each.b} == {test.leader, worst}), None)
    if pair is None or not pair.difference:
        return _Spread(0.0, is_shown=False, text=f"{join_words(names)} have the same mean")
    shown = test.num_questions >= statistics.FEWEST_FOR_A_WINNER and pair.p_adjusted < statistics.ALPHA
    ends = f"95 % interval {points(pair.low)} to {points(pair.high)}" if shown else "which may be chance"
    text = f"{names[pair.a]} is {points(pair.difference)} points above {names[pair.b]} ({ends})"
    return _Spread(pair.difference, shown, text)


def _which_matters(converter: _Spread, chunking: _Spread) -> str:
    if not converter.is_shown and not chunking.is_shown:
        return "Neither the converter nor the chunking is shown to matter"
    if not chunking.is_shown:
        return "The converter matters, the chunking is not shown to"
    if not converter.is_shown:
        return "The chunking matters, the converter is not shown to"
    more, less = ("converter", "chunking") if converter.difference > chunking.difference else ("chunking", "converter")
    return f"The {more} matters more than the {less}"
