"""`score --traces`: what an application has retrieved, as files of chunks and rankings that `score` reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag_chunk.analysis.external.placement import Placed, TextPlacement
from rag_chunk.config.names import safe_name
from rag_chunk.config.sources import Notify, Settings
from rag_chunk.config.sweep import safe_names
from rag_chunk.corpus import Corpus
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker import fetch_retrieved
from rag_chunk.mlflow_tracker.traces import Retrieved
from rag_chunk.questions import Question, question_to_dict
from rag_chunk.workflow.inputs import read_documents, read_test_file

FOLDER = Path(".rag-chunk/traces")
Versions = dict[str, Retrieved]


def settings_from_traces(settings: Settings, experiments: Sequence[str], uri: str | None, notify: Notify) -> Settings:
    """Return the settings with files of what the traces of experiments hold: one pair for each version.

    Only questions that all versions were asked take part. Raise `InputError` where there are none.
    """
    asked = settings.analysis
    corpus = read_documents(asked, lambda _: None)
    questions = read_test_file(asked, corpus, lambda _: None)
    versions = _fetch(experiments, questions.texts, uri)
    common = [each for each in questions.questions if all(each.question in version for version in versions.values())]
    if not common:
        raise InputError(f"no question was asked in all of {', '.join(versions)}, so there is nothing to compare by")
    notify(f"{len(common):,} of {len(questions):,} questions were asked in the traces of {', '.join(versions)}")
    folder = FOLDER / safe_name("+".join(experiments))
    pairs = _write(folder, versions, common, corpus, notify)
    notify(f"wrote the chunks and rankings of the traces to {folder}")
    files = {"chunks": tuple(pairs.values()), "retrieved": tuple(pairs), "test_file": folder / "questions.json"}
    return replace(settings, analysis=asked.model_copy(update=files))


def _fetch(experiments: Sequence[str], questions: Sequence[str], uri: str | None) -> Versions:
    """Return the versions of all experiments; one of a name that is taken is named after its experiment too."""
    versions: Versions = {}
    for experiment in experiments:
        for name, retrieved in fetch_retrieved(experiment, questions, uri=uri).items():
            versions[f"{experiment} {name}" if name in versions else name] = retrieved
    return versions


def _write(
    folder: Path, versions: Versions, questions: Sequence[Question], corpus: Corpus, notify: Notify
) -> dict[Path, Path]:
    """Write the questions, and for each version its rankings and chunks; return the files of chunks by the rankings'."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_text(folder / "questions.json", json.dumps([question_to_dict(each, corpus) for each in questions]))
    placement, pairs = TextPlacement(corpus), dict[Path, Path]()
    for name, retrieved in zip(safe_names(versions), versions.values(), strict=True):
        placed = {each.id: list(map(placement.find, retrieved[each.question].texts)) for each in questions}
        unplaced = sum(places.count(None) for places in placed.values())
        if unplaced:
            notify(f"{name}: {unplaced:,} retrieved texts are in none of the documents, and are left out")
        chunks, ranked = folder / f"{name}.chunks.jsonl", folder / f"{name}.jsonl"
        rankings = {key: list(dict.fromkeys(filter(None, places))) for key, places in placed.items()}
        _write_lines(chunks, [_chunk(each, corpus) for each in _distinct(rankings)])
        times = {each.id: retrieved[each.question].milliseconds for each in questions}
        _write_lines(ranked, [_ranked(key, places, times[key], corpus) for key, places in rankings.items()])
        pairs[ranked] = chunks
    return pairs


def _distinct(rankings: Mapping[str, Sequence[Placed]]) -> list[Placed]:
    places = {place for ranked in rankings.values() for place in ranked}
    return sorted(places, key=lambda each: (each.document, each.start, each.end))


def _chunk(place: Placed, corpus: Corpus) -> dict[str, Any]:
    name = corpus.documents[place.document].name
    return {"id": _id(place, corpus), "document": name, "start": place.start, "end": place.end}


def _ranked(question: str, places: Sequence[Placed], taken: float | None, corpus: Corpus) -> dict[str, Any]:
    timed = {} if taken is None else {"milliseconds": taken}
    return {"id": question, "chunks": [_id(each, corpus) for each in places], **timed}


def _id(place: Placed, corpus: Corpus) -> str:
    return f"{corpus.documents[place.document].name}:{place.start}-{place.end}"


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    _write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
