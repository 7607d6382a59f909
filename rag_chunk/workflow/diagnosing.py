"""Runs a configuration, and every change of one factor of it, on the same questions."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from rag_chunk.analysis import Analysis, analyze
from rag_chunk.analysis.diagnosis import Diagnosis, Tried, diagnose_results
from rag_chunk.analysis.factors import Change, changes_of
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.config.metric_table import DEFAULT_GROUPS
from rag_chunk.corpus import Corpus
from rag_chunk.errors import InputError
from rag_chunk.questions import Questions
from rag_chunk.workflow import Reporter
from rag_chunk.workflow.inputs import read_documents, read_test_file

_BASE = "base"
_OTHER_CONVERTERS = {"pypdfium2": "liteparse", "liteparse": "pypdfium2"}
_GROUPS = tuple(group for group in DEFAULT_GROUPS if group in {"shape", "budget", "oracle", "losses"})


def diagnose(
    source: str, name: str, config: RunConfig, asked: AnalysisConfig, reporter: Reporter, model: str | None = None
) -> Diagnosis:
    """Return what would help `config`, which has a `name`, on the documents and questions that `asked` tells.

    Evidence that is in no document is no error here: it is one of the causes that are looked for. With an embedding
    `model`, retrieval by vectors is tried too.
    """
    lenient = asked.model_copy(update={"missing": "warn", "metrics": _GROUPS, "baseline": None, "holdout": None})
    corpus = read_documents(lenient, reporter.notify, reporter.progress)
    questions = read_test_file(lenient, corpus, _ignore)
    changes = changes_of(config, model)
    analysis = _analyse(corpus, config, changes, questions, lenient, reporter)
    results = _results(analysis)
    base = results[_BASE]
    outcomes = [(change, results[f"{number}"]) for number, change in enumerate(changes)]
    tried = [
        Tried(change.factor, change.text, result.model_copy(update={"config": change.config}))
        for change, result in outcomes
        if result is not base
    ]
    same = [f"{change.factor} {change.text}" for change, result in outcomes if result is base]
    tried += _other_converters(corpus, config, lenient, reporter)
    return diagnose_results(source, base.model_copy(update={"name": name}), tried, same)


def _analyse(
    corpus: Corpus,
    config: RunConfig,
    changes: tuple[Change, ...],
    questions: Questions,
    asked: AnalysisConfig,
    reporter: Reporter,
) -> Analysis:
    configs = {_BASE: config, **{f"{number}": change.config for number, change in enumerate(changes)}}
    located = asked.with_absolute_paths(Path.cwd())
    return analyze(corpus, configs, questions, settings=located, progress=reporter.progress)


def _results(analysis: Analysis) -> Mapping[str, ConfigurationResult]:
    """Return the result of each name, those of equal chunks being one."""
    return {name: each for each in analysis.report.configurations for name in (each.name, *each.merged)}


def _other_converters(corpus: Corpus, config: RunConfig, asked: AnalysisConfig, reporter: Reporter) -> Iterator[Tried]:
    """Yield what the configuration comes to where documents are converted by another converter that is installed."""
    used = {document.conversion.converter for document in corpus.documents if document.conversion}
    for converter in sorted(used & _OTHER_CONVERTERS.keys()):
        other = _OTHER_CONVERTERS[converter]
        if not find_spec(other):
            continue
        again = asked.model_copy(update={"converter": (other,)})
        try:
            converted = read_documents(again, _ignore, reporter.progress)
            questions = read_test_file(again, converted, _ignore)
        except InputError as error:
            reporter.notify(f"{other} was not tried: {error}")
            continue
        result = _results(_analyse(converted, config, (), questions, again, reporter))
        yield Tried("converter", other, next(iter(result.values())))


def _ignore(notice: str) -> None:
    """Ignore what reading says: it is part of the diagnosis."""
