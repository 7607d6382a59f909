"""`SavedAnalysis`: an analysis that was tracked or saved, and which of its configurations is meant."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.document_lists import with_all_documents
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.errors import InputError
from rag_chunk.questions import question_to_dict


class AskedQuestion(NamedTuple):
    """A question and the texts of its evidence: for each item the texts that fill it, white space aside.

    Their place in the documents is not part of the question.
    """

    id: str
    question: str
    evidence: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnalysis:
    """An analysis as it was tracked or saved, in words where; `name` is a configuration, or nothing for all of it.

    `questions` are those with evidence, by id. `experiment` and `run_id` are MLflow's, where it comes from there.
    """

    source: str
    report: Report
    questions: Mapping[str, AskedQuestion]
    name: str | None = None
    run_id: str | None = None
    experiment: str | None = None

    @property
    def configuration(self) -> ConfigurationResult:
        """The configuration that is meant: of an analysis the recommended one."""
        return self.report.configuration(self.name) if self.name else self.report.best

    @property
    def configurations(self) -> tuple[ConfigurationResult, ...]:
        """The configuration that is meant, or of an analysis all of them."""
        return (self.configuration,) if self.name else self.report.configurations

    def asked_questions(self) -> list[AskedQuestion]:
        """Return the questions that the configuration was scored by, in order."""
        return [self.questions[each.id] for each in self.configuration.questions if each.id in self.questions]


def saved_from_analysis(analysis: Analysis, source: str) -> SavedAnalysis:
    """Return an analysis that was just made."""
    asked = analysis.questions
    questions = [question_to_dict(question, analysis.corpus) for question in asked.questions] if asked else []
    corpus = with_all_documents(analysis.report.corpus, analysis.corpus)
    report = analysis.report.model_copy(update={"corpus": corpus})
    return SavedAnalysis(source=source, report=report, questions=_by_id(questions))


def parse_questions(text: str, where: str) -> dict[str, AskedQuestion]:
    """Read the questions as results keep them, by id; raise `InputError` where `text` is something else."""
    try:
        return _by_id(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(f"{where} does not hold questions as rag-chunk records them") from None


def _by_id(records: Iterable[Mapping[str, Any]]) -> dict[str, AskedQuestion]:
    entries = (
        AskedQuestion(_string(each["id"]), _string(each["question"]), _texts(each["evidence"])) for each in records
    )
    return {question.id: question for question in entries}


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _texts(items: Iterable[Any]) -> tuple[tuple[str, ...], ...]:
    """Return the texts of each item, sorted; an item is one stretch, or a list of alternatives."""
    listed = (item if isinstance(item, list) else [item] for item in items)
    return tuple(sorted(tuple(sorted({" ".join(span["text"].split()) for span in item})) for item in listed))
