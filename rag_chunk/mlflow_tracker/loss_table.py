"""Where recall is lost, by tag and by document, as a table that MLflow's pages show."""

import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.config.metric_table import metrics_of
from rag_chunk.mlflow_tracker.tables import table

LOSSES = "lost_recall.json"
_GROUP = "losses"


def loss_table(report: Report, questions: str) -> str | None:
    """Return the mean recall and losses of each configuration over all questions, each tag and each document.

    `questions` is the text of the results' `questions.json`. None where the causes were not measured.
    """
    names = [report.comparison.metric, *metrics_of(_GROUP)] if report.comparison else []
    first = report.configurations[0].questions
    if not first or not set(names) <= first[0].scores.keys():
        return None
    members = _members(json.loads(questions))
    rows = [row for result in report.configurations for row in _rows(result, members, names)]
    return table(["configuration", "by", "group", "questions", *names], rows)


def _rows(
    result: ConfigurationResult, members: Mapping[tuple[str, str], Sequence[str]], names: Sequence[str]
) -> Iterator[list[Any]]:
    scores = {question.id: question.scores for question in result.questions}
    for (kind, group), ids in {("all", ""): list(scores), **members}.items():
        asked = [scores[each] for each in ids if each in scores]
        if asked:
            yield [result.name, kind, group, len(asked), *(fmean(each[name] for each in asked) for name in names)]


def _members(questions: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """Return the ids of the questions with each tag, and with evidence in each document."""
    members: dict[tuple[str, str], list[str]] = {}
    for question in questions:
        groups = [("tag", tag) for tag in question.get("tags", ())]
        groups += [("document", name) for name in _documents(question.get("evidence", ()))]
        for group in groups:
            members.setdefault(group, []).append(question["id"])
    return dict(sorted(members.items()))


def _documents(evidence: Sequence[Any]) -> dict[str, None]:
    """Return the documents of the items, each by its first alternative."""
    items = [item[0] if isinstance(item, list) else item for item in evidence]
    return dict.fromkeys(item["doc"] for item in items if "doc" in item)
