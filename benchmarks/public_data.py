"""The public data set (Smith & Troynikov, 2024), a sweep over it, and the scores of its questions.

Its folder has `questions.csv` and the corpora; it lies beside the repository, or is named.
"""

import json
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag_chunk import Corpus, Document, Questions, RunConfig, analyze, read_corpus, read_questions
from rag_chunk.analysis import HEADLINE
from rag_chunk.analysis.report import Report
from rag_chunk.config import STRATEGIES, AnalysisConfig
from rag_chunk.config.sweep import sweep as product
from rag_chunk.questions.question import question_to_dict

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDER = DATA / "chroma-eval"
SIZES = (100, 150, 200, 300, 400, 800)
WITHOUT_OVERLAP = ("fixed-size",)
WITH_OVERLAP = ("sliding-window", "sentence", "recursive-character", "markdown")
FURTHER = ("paragraph", "hierarchical")


def read(folder: Path) -> tuple[Corpus, Questions]:
    """Return the corpora and the questions with their references."""
    corpus = read_corpus(folder, include=["*.md"])
    return corpus, read_questions(folder / "questions.csv", corpus)


def sweep(strategies: tuple[str, ...] = ()) -> list[RunConfig]:
    """Return 48 configurations in tokens, without overlap and with a quarter, and 6 more for each of `strategies`."""
    pairs = [(name, 0) for name in (*WITHOUT_OVERLAP, *WITH_OVERLAP[1:], *strategies)]
    pairs += [(name, 4) for name in WITH_OVERLAP]
    return [
        RunConfig(
            strategy=name, chunk_size=size, overlap=size // part if part else 0, unit="tokens", model="cl100k_base"
        )
        for name, part in pairs
        for size in SIZES
    ]


def combined(sizes: str, overlaps: str) -> list[RunConfig]:
    """Return all strategies with all sizes and overlaps, in tokens: what the command line makes of such lists."""
    lists = {
        "strategy": [row.name for row in STRATEGIES.values() if not row.needs_vectors],
        "chunk_size": sizes.split(","),
        "overlap": overlaps.split(","),
    }
    return list(product({"unit": "tokens", "model": "cl100k_base"}, lists).configs.values())


def headline_scores(report: Report) -> npt.NDArray[np.float64]:
    """Return the headline score of every question under every configuration: [questions, configurations]."""
    return np.array([[each.scores[HEADLINE] for each in found.questions] for found in report.configurations]).T


def analyze_folder(folder: Path, configs: list[RunConfig]) -> Report:
    """Return the report on `configs` over the public data."""
    corpus, questions = read(folder)
    return report_on(corpus, configs, questions)


def report_on(corpus: Corpus, configs: Iterable[RunConfig] | Mapping[str, RunConfig], questions: Questions) -> Report:
    """Return the report on `configs`, with no metrics but the headline and what recommends."""
    return analyze(corpus, configs, questions, settings=AnalysisConfig(metrics=("budget",))).report


def read_squad(path: Path) -> tuple[Corpus, list[dict[str, Any]]]:
    """Return each article of a file in SQuAD's format as a document, and its questions with their answers."""
    documents, asked = [], []
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        text, name = "", f"{number:02}.txt"
        for paragraph in article["paragraphs"]:
            for each in paragraph["qas"]:
                start = len(text) + each["answers"][0]["answer_start"]
                span = {"doc": name, "start": start, "end": start + len(each["answers"][0]["text"])}
                asked.append({"id": each["id"], "question": each["question"], "evidence": [span]})
            text += paragraph["context"] + "\n\n"
        documents.append(Document(name, text))
    return Corpus(documents), asked


def public_sets(data: Path, names: Collection[str] | None = None) -> Iterator[tuple[str, Corpus, Questions]]:
    """Yield the public corpora with their questions: three of chroma-eval, XQuAD's languages, and filings as PDF.

    With `names`, yield only these.
    """
    for name, read_set in _readers(data).items():
        if names is None or name in names:
            yield name, *read_set()


def _readers(data: Path) -> dict[str, Callable[[], tuple[Corpus, Questions]]]:
    """Return what reads each corpus, by name."""
    readers: dict[str, Callable[[], tuple[Corpus, Questions]]] = {
        path.stem: partial(_read_alone, path) for path in sorted((data / "chroma-eval").glob("*.md"))
    }
    readers |= {
        path.stem.replace(".", "-"): partial(_read_squad, path) for path in sorted((data / "xquad").glob("*.json"))
    }
    if find_spec("pypdfium2"):
        readers["financebench"] = partial(_read_filings, data / "financebench")
    return readers


def _read_alone(path: Path) -> tuple[Corpus, Questions]:
    corpus, questions = read(path.parent)
    asked = [question_to_dict(question, corpus) for question in questions.questions]
    alone = Corpus([document for document in corpus.documents if document.name == path.name])
    return alone, _located([each for each in asked if path.name in str(each["evidence"])], alone)


def _read_squad(path: Path) -> tuple[Corpus, Questions]:
    corpus, answered = read_squad(path)
    return corpus, _located(answered, corpus)


def _read_filings(folder: Path) -> tuple[Corpus, Questions]:
    corpus = read_corpus(folder, include=["*.pdf"])
    return corpus, read_questions(folder / "questions.jsonl", corpus, missing="warn")


def _located(asked: list[dict[str, Any]], corpus: Corpus) -> Questions:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "questions.json"
        path.write_text(json.dumps({"questions": asked}), encoding="utf-8")
        return read_questions(path, corpus)
