"""Where recall is lost: a bar for each configuration, tag, document or question, one part a cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag_chunk.analysis.question_results import QuestionResult
from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult
from rag_chunk.rendering.html.scale import Scale, Tick, ticks_of
from rag_chunk.scorer.losses import CAUSES

_MOST_FIRST = 12  # rows that are there before more are asked for
_MOST_QUESTIONS = 200
_MOST_ABOVE = 3  # chunks that are named
_NOTHING = 1e-9
LABELS = {
    "lost_not_in_text": "not in the text",
    "lost_skipped": "skipped: in no chunk",
    "lost_at_border": "a border cuts the evidence",
    "lost_never_retrieved": "never retrieved",
    "lost_below_budget": "ranked below the budget",
    "lost_cut": "the budget ends inside the chunk",
}


@dataclass(frozen=True, slots=True)
class LossPart:
    """One cause in a bar: which colour, where it begins and how wide it is, in percent, and its words."""

    colour: int
    at: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class LossRow:
    """One configuration: what is missing of its recall, in points, and by which causes."""

    number: int
    name: str
    missing: str
    parts: tuple[LossPart, ...]
    is_first: bool


@dataclass(frozen=True, slots=True)
class LossBars:
    """The rows of all configurations, the axis, and the causes that occur, with their colours."""

    rows: tuple[LossRow, ...]
    ticks: tuple[Tick, ...]
    causes: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class QuestionLoss:
    """One question: what is missing of its recall, in points, by which causes, and where its evidence was ranked.

    `causes` are in words, by item where there are several. `above` names the chunks that were ranked before it.
    """

    question: str
    missing: str
    parts: tuple[LossPart, ...]
    causes: str
    rank: str
    above: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class QuestionLosses:
    """The questions that lose something under the configuration `name`: `count` of `asked`."""

    name: str
    rows: tuple[QuestionLoss, ...]
    count: int
    asked: int


def loss_bars_of(
    comparison: ComparisonResult, results: Sequence[ConfigurationResult], numbers: Mapping[str, int]
) -> LossBars | None:
    """Lay out the bars; nothing where the causes were not measured, or no recall is missing."""
    missing = [1 - each.metrics[comparison.metric] for each in results]
    if any(name not in each.metrics for each in results for name in CAUSES) or max(missing) <= 0:
        return None
    scale = Scale(0.0, 100 * max(missing))
    rows = tuple(
        LossRow(
            numbers[each.name],
            each.name,
            f"{100 * lost:.1f}",
            _parts(each.metrics, scale),
            is_first=place < _MOST_FIRST,
        )
        for place, (each, lost) in enumerate(zip(results, missing, strict=True))
    )
    return LossBars(rows, ticks_of(scale, most=4), _seen(rows))


def _seen(rows: Sequence[LossRow]) -> dict[int, str]:
    """Return the causes that occur, by their colour."""
    seen = {part.colour for row in rows for part in row.parts}
    return {colour: LABELS[name] for colour, name in enumerate(CAUSES) if colour in seen}


def question_losses_of(comparison: ComparisonResult, results: Sequence[ConfigurationResult]) -> QuestionLosses | None:
    """Lay out the questions of which the recommended configuration misses something, those that lose most first."""
    result = next(each for each in results if each.name == comparison.representative)
    metric, scale = comparison.metric, Scale(0.0, 100.0)
    losing = [each for each in result.questions if 1 - each.scores[metric] > _NOTHING and CAUSES[0] in each.scores]
    losing.sort(key=lambda each: each.scores[metric])
    rows = tuple(
        QuestionLoss(
            each.question,
            f"{100 * (1 - each.scores[metric]):.0f}",
            _parts(each.scores, scale),
            _causes_text(each),
            _rank_text(each),
            _above_text(each),
            is_first=place < _MOST_FIRST,
        )
        for place, each in enumerate(losing[:_MOST_QUESTIONS])
    )
    return QuestionLosses(result.name, rows, len(losing), len(result.questions)) if rows else None


def _causes_text(question: QuestionResult) -> str:
    """Return the causes that hold; by item of evidence, where these differ or a part of the items is whole."""
    lost = question.lost_items or ()
    if len({item.causes for item in lost}) < min(len(lost), 2) or not lost:
        return _in_words(question.causes)
    return "; ".join(f"item {item.number}: {_in_words(item.causes)}" for item in lost)


def _in_words(causes: Sequence[str]) -> str:
    return ", ".join(LABELS[name] for name in causes)


def _rank_text(question: QuestionResult) -> str:
    """Return the rank of the first chunk that holds evidence, and whether the budget reached it."""
    if question.rank is None:
        return "not among those ranked"
    return f"{question.rank:,}" if question.rank <= len(question.retrieved) else f"{question.rank:,}, past the budget"


def _above_text(question: QuestionResult) -> str:
    """Return the chunks that ranked above it."""
    above = question.retrieved if question.rank is None else question.retrieved[: question.rank - 1]
    more = f" and {len(above) - _MOST_ABOVE} more" if len(above) > _MOST_ABOVE else ""
    return ", ".join(above[:_MOST_ABOVE]) + more


def group_losses_of(
    comparison: ComparisonResult, results: Sequence[ConfigurationResult], groups: Mapping[str, Sequence[str]]
) -> LossBars | None:
    """Lay out a bar for each group of questions, by id, of the recommended configuration, the largest loss first."""
    result = next(each for each in results if each.name == comparison.representative)
    scores = {each.id: each.scores for each in result.questions if CAUSES[0] in each.scores}
    known = {group: [scores[each] for each in ids if each in scores] for group, ids in groups.items()}
    means = {
        group: {cause: sum(each[cause] for each in of_group) / len(of_group) for cause in CAUSES}
        for group, of_group in known.items()
        if of_group
    }
    missing = {group: sum(causes.values()) for group, causes in means.items()}
    if not missing or max(missing.values()) <= _NOTHING:
        return None
    scale = Scale(0.0, 100 * max(missing.values()))
    order = sorted((group for group in means if missing[group] > _NOTHING), key=lambda group: (-missing[group], group))[
        :_MOST_QUESTIONS
    ]
    rows = tuple(
        LossRow(-1, group, f"{100 * missing[group]:.1f}", _parts(means[group], scale), is_first=place < _MOST_FIRST)
        for place, group in enumerate(order)
    )
    return LossBars(rows, ticks_of(scale, most=4), _seen(rows))


def _parts(losses: Mapping[str, float], scale: Scale) -> tuple[LossPart, ...]:
    parts, at = [], 0.0
    for colour, name in enumerate(CAUSES):
        points = 100 * losses[name]
        width = scale.place(at + points) - scale.place(at)
        if width > 0:
            parts.append(LossPart(colour, scale.place(at), width, f"{LABELS[name]}: {points:.1f} points"))
        at += points
    return tuple(parts)
