"""Runs a configuration, and every change of one factor of it, on the same questions."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from rag_chunk.analysis import Analysis, Progress, analyze
from rag_chunk.analysis.diagnosis import Diagnosis, Tried, diagnose_results
from rag_chunk.analysis.factors import Change, changes_of
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.analysis.report_inputs import document_entries
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.config.metric_table import DEFAULT_GROUPS
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import Notify
from rag_chunk.corpus import Corpus
from rag_chunk.errors import InputError
from rag_chunk.workflow import Reporter
from rag_chunk.workflow.inputs import line_of, open_documents, read_test_file

_BASE = "base"
_OTHER_CONVERTERS = {"pypdfium2": "liteparse", "liteparse": "pypdfium2"}
_GROUPS = tuple(group for group in DEFAULT_GROUPS if group in {"shape", "budget", "oracle", "losses"})


def diagnose(
    source: str,
    name: str,
    config: RunConfig,
    asked: AnalysisConfig,
    reporter: Reporter,
    model: str | None = None,
    workers: WorkersConfig | None = None,
) -> Diagnosis:
    """Return what would help `config`, which has a `name`, on the documents and questions that `asked` tells.

    Evidence that is in no document is no error here: it is one of the causes that are looked for. With an embedding
    `model`, retrieval by vectors is tried too.
    """
    lenient = asked.model_copy(update={"missing": "warn", "metrics": _GROUPS, "baseline": None, "holdout": None})
    wanted = workers or WorkersConfig(workers=1)
    changes = changes_of(config, model)
    analysis = _analyse(config, changes, lenient, reporter, wanted, reporter.notify)
    results = _results(analysis)
    base = results[_BASE]
    outcomes = [(change, results[f"{number}"]) for number, change in enumerate(changes)]
    tried = [
        Tried(change.factor, change.text, result.model_copy(update={"config": change.config}))
        for change, result in outcomes
        if result is not base
    ]
    same = [f"{change.factor} {change.text}" for change, result in outcomes if result is base]
    tried += _other_converters(analysis.corpus, config, lenient, reporter, wanted)
    return diagnose_results(source, base.model_copy(update={"name": name}), tried, same)


def _analyse(
    config: RunConfig,
    changes: tuple[Change, ...],
    asked: AnalysisConfig,
    reporter: Reporter,
    workers: WorkersConfig,
    notify: Notify,
) -> Analysis:
    """Read the documents, of which `notify` hears what is left out, and run the configuration and its changes on them."""
    configs = {_BASE: config, **{f"{number}": change.config for number, change in enumerate(changes)}}
    located = asked.with_absolute_paths(Path.cwd())
    with open_documents(asked, configs, workers, notify, reporter.progress, refuse=True) as corpus:
        questions = read_test_file(asked, line_of(corpus), _ignore)
        return analyze(corpus, configs, questions, settings=located, progress=_name_changes(changes, reporter.progress))


def _name_changes(changes: tuple[Change, ...], progress: Progress | None) -> Progress | None:
    """Return a progress that says what is changed where `progress` would be given the number of a change."""
    if progress is None:
        return None
    texts = {f"{number}": f"{change.factor} {change.text}" for number, change in enumerate(changes)}
    texts[_BASE] = "the configuration itself"

    def on_progress(done: int, total: int, what: str) -> None:
        work, colon, name = what.rpartition(": ")
        progress(done, total, f"{work}{colon}{texts.get(name, name)}")

    return on_progress


def _results(analysis: Analysis) -> Mapping[str, ConfigurationResult]:
    """Return the result of each name, those of equal chunks being one."""
    return {name: each for each in analysis.report.configurations for name in (each.name, *each.merged)}


def _other_converters(
    corpus: Corpus, config: RunConfig, asked: AnalysisConfig, reporter: Reporter, workers: WorkersConfig
) -> Iterator[Tried]:
    """Yield what the configuration comes to where documents are converted by another converter that is installed."""
    used = {each.conversion.converter for each in document_entries(corpus) if each.conversion}
    for converter in sorted(used & _OTHER_CONVERTERS.keys()):
        other = _OTHER_CONVERTERS[converter]
        if not find_spec(other):
            continue
        again = asked.model_copy(update={"converter": (other,)})
        try:
            analysis = _analyse(config, (), again, reporter, workers, _ignore)
        except InputError as error:
            reporter.notify(f"{other} was not tried: {error}")
            continue
        yield Tried("converter", other, next(iter(_results(analysis).values())))


def _ignore(notice: str) -> None:
    """Ignore what reading says: it is part of the diagnosis."""
