"""The answer first: what is recommended, by how much, and how sure that is."""

from dataclasses import dataclass

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult, PairResult, Report
from rag_chunk.analysis.statistics import ALPHA, FEWEST_FOR_A_WINNER
from rag_chunk.config import RunConfig
from rag_chunk.config.catalog import is_bound
from rag_chunk.config.file import ConfigFile
from rag_chunk.config.names import is_external
from rag_chunk.rendering.columns import all_scores_are_zero, format_metric


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure, what it is, and what is to be known about it."""

    value: str
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One configuration before all others: its facts, and its settings as a config file.

    `title` is what the page begins with; where nothing is shown that is no configuration, and `pick` is the one to take
    all the same.
    """

    kicker: str
    title: str
    settings: str
    facts: tuple[Fact, ...]
    config: str
    pick: str = ""


def answer_of(report: Report, comparison: ComparisonResult | None, results: list[ConfigurationResult]) -> Answer:
    """Return what a group of configurations comes to."""
    if comparison is None and len(results) > 1:
        return Answer("Measured without questions", f"{len(results)} configurations", "", (), "")
    if comparison and all_scores_are_zero(comparison, results):
        return Answer("Every score is 0", f"{len(results)} configuration{'' if len(results) == 1 else 's'}", "", (), "")
    if comparison and all(is_bound(name) for name in comparison.retrievers):
        return Answer("A bound, which no pipeline can have", " and ".join(comparison.retrievers), "", (), "")
    kicker = "Recommended" if len(results) > 1 else "The only configuration"
    chosen = next(each for each in results if comparison is None or each.name == comparison.representative)
    scored = _score_facts(report, comparison, chosen, results) if comparison else ()
    config = ConfigFile(chosen.config.applicable_settings(), {}, {}).to_yaml()
    facts, settings = (*scored, _index(chosen)), settings_of(chosen.config)
    if comparison and comparison.too_close:
        title = f"Too close to call: any of these {len(results)}"
        return Answer("", title, settings, facts, config, chosen.name)
    return Answer(kicker, chosen.name, settings, facts, config)


def settings_of(config: RunConfig) -> str:
    """Return a configuration's cut in words: `markdown, at most 200 words, overlap 50`."""
    if is_external(config.strategy):
        return "chunks that were made elsewhere"
    parts = [config.strategy, f"at most {config.chunk_size:,} {config.unit}"]
    if config.applies("overlap"):
        parts.append(f"overlap {config.overlap:,}")
    return ", ".join(parts)


def pairs_with(comparison: ComparisonResult, name: str) -> dict[str, PairResult]:
    """Return every other configuration against the one of that `name`: differences are theirs less its own."""
    ours = [pair for pair in comparison.pairs if name in {pair.a, pair.b}]
    return {pair.b if pair.a == name else pair.a: pair if pair.b == name else _reverse(pair) for pair in ours}


def _reverse(pair: PairResult) -> PairResult:
    ends = {"difference": 0.0 - pair.difference, "low": 0.0 - pair.high, "high": 0.0 - pair.low}
    return pair.model_copy(update={"a": pair.b, "b": pair.a, **ends})


def _score_facts(
    report: Report, comparison: ComparisonResult, chosen: ConfigurationResult, results: list[ConfigurationResult]
) -> tuple[Fact, ...]:
    asked = len(chosen.questions)
    ends = chosen.intervals.get(comparison.metric)
    interval = f"95 % interval {ends[0]:.3f} to {ends[1]:.3f}; " if ends else ""
    recall = Fact(
        format_metric(comparison.metric, chosen.metrics[comparison.metric]),
        f"recall in {chosen.config.budget_text} of context",
        f"{interval}{asked:,} question{'' if asked == 1 else 's'}",
    )
    return (
        (recall,)
        if len(results) == 1
        else (recall, _gap(comparison, chosen, results), _sure(comparison, results, asked))
    )


def _gap(comparison: ComparisonResult, chosen: ConfigurationResult, results: list[ConfigurationResult]) -> Fact:
    """Return the distance of the recommended one from the leader, or of the leader from the one behind it."""
    others = [each for each in results if each.name != chosen.name]
    rival = max(others, key=lambda each: each.metrics[comparison.metric]).name
    rival = comparison.leader if chosen.name != comparison.leader else rival
    pair = pairs_with(comparison, rival)[chosen.name]
    place = "the highest mean" if rival == comparison.leader else "the nearest"
    label = f"points against {rival}, {place if pair.difference else 'which has the same mean'}"
    sign = "shown to differ" if pair.p_adjusted < ALPHA else "not shown to differ"
    return Fact(
        f"{100 * pair.difference:+.1f}", label, f"95 % interval {100 * pair.low:+.1f} to {100 * pair.high:+.1f}; {sign}"
    )


def _sure(comparison: ComparisonResult, results: list[ConfigurationResult], asked: int) -> Fact:
    others = len(results) - 1
    beaten = len(results) - len(comparison.not_shown_worse)
    if asked < FEWEST_FOR_A_WINNER:
        return Fact("none", "is shown to be better", f"{asked} questions are too few to show which is better")
    left = others - beaten
    detail = f"the other {left} may be as good" if left else "no other may be as good"
    return Fact(f"{beaten} of {others}", f"others are shown to be worse than {comparison.leader}", detail)


def _index(chosen: ConfigurationResult) -> Fact:
    ratio = chosen.metrics.get("index_ratio")
    detail = f"together {ratio:.2f} times the corpus" if ratio is not None else ""
    return Fact(format_metric("num_chunks", chosen.metrics.get("num_chunks")), "chunks in the index", detail)
