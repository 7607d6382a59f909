"""A small results folder, made by hand of `Report` values; and a document with a question, to make one of."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag_chunk.analysis.question_results import QuestionResult
from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult, Report
from rag_chunk.analysis.report_inputs import CorpusEntry, DocumentEntry, QuestionsEntry
from rag_chunk.config import ConfigFile, RunConfig
from rag_chunk.corpus import MARKER

TEXT = "Der Fluß <b>führt</b> | Wasser.\r\n日本語の文。"
CREATED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

DOCUMENT = (
    "# Locks\n\nTurn left to lock the door. Pull to open it.\n\n# Lamps\n\nThe lamp is green. It glows at night.\n"
)
QUESTIONS = '[{"question": "How is the door locked?", "relevant": ["Turn left to lock the door"]}]'


def write_documents(folder: Path) -> None:
    """Write `docs/a.md` and `questions.json`."""
    (folder / "docs").mkdir()
    (folder / "docs" / "a.md").write_text(DOCUMENT, encoding="utf-8")
    (folder / "questions.json").write_text(QUESTIONS, encoding="utf-8")


def configuration(name: str, recall: float, **settings: Any) -> ConfigurationResult:
    """Return a configuration with two questions and a few metrics."""
    config = RunConfig(**settings)
    scores = [("q1", "What flows?", recall), ("q2", "Why | so?", 1.0)]
    questions = tuple(
        QuestionResult(id=key, question=text, scores={"budget_recall": value}, retrieved=("a.md:0-20", "a.md:20-31"))
        for key, text, value in scores
    )
    metrics = {"budget_recall": recall, "avg_recall": recall - 0.1, "num_chunks": 100 * recall, "processing_time": 1.5}
    return ConfigurationResult(name=name, config=config, metrics=metrics, questions=questions)


FOUR = (
    configuration("sentence-100-25", 0.9, strategy="sentence", chunk_size=100),
    configuration("recursive-character-200-50", 0.85),
    configuration("recursive-character-100-25", 0.8, chunk_size=100),
    configuration("fixed-size-100-0", 0.5, strategy="fixed-size", chunk_size=100),
)


def report(configurations: tuple[ConfigurationResult, ...] = FOUR, analysis_id: str = "a1b2c3") -> Report:
    """Return a report whose second configuration, or only one, is recommended."""
    recommended = configurations[min(1, len(configurations) - 1)].name
    return Report(
        rag_chunk="1.0.0",
        analysis_id=analysis_id,
        created=CREATED,
        analysis={"source": "/data/documents", "test_file": "/data/questions.json"},
        corpus=CorpusEntry(digest="c0ffee", documents=(DocumentEntry(name="a.md", digest="d1", characters=31),)),
        questions=QuestionsEntry(source="/data/questions.json", digest="beef", count=2, matched={"exact": 2}),
        configurations=configurations,
        comparison=ComparisonResult(
            metric="budget_recall",
            leader=configurations[0].name,
            not_shown_worse=tuple(found.name for found in configurations[:2]),
            recommended=recommended,
            verdict=("No difference shown.",),
        ),
        timings={"read": 0.5},
    )


def write_folder(folder: Path, made: Report | None = None, tracking: dict[str, Any] | None = None) -> Path:
    """Write a results folder and return it."""
    made = made or report()
    for name in ("configs", "chunks"):
        (folder / name).mkdir(parents=True)
    (folder / MARKER).write_text("Results of rag-chunk.\n")
    texts = {"report.json": made.to_json(), "comparison.csv": "name,budget_recall\n", "report.md": "# Comparison\n"}
    texts |= {"analysis.yaml": "source: /data/documents\n", "questions.json": "[]\n"}
    texts |= {"tracking.json": json.dumps(tracking or {})}
    for found in made.configurations:
        config = ConfigFile(found.config.model_dump(), made.analysis, {"name": found.name, "note": TEXT})
        texts[f"configs/{found.name}.yaml"] = config.to_yaml()
        texts[f"chunks/{found.name}.jsonl"] = "".join(_chunk(number) for number in range(2))
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    return folder


def _chunk(number: int) -> str:
    place = {"id": f"a.md:{number}-9", "document": "a.md", "start": number, "end": 9, "lines": [1, 2], "units": 5}
    return json.dumps({**place, "headings": ["Flüsse"], "text": TEXT}, ensure_ascii=False) + "\n"
