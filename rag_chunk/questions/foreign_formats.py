"""The question sets of other tools, as rows: told by their keys, and read as our own records."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Fields = dict[str, Any]

LISTS = frozenset({"contexts", "context", "reference_contexts", "retrieved_contexts", "ground_truths", "ground_truth"})


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A layout of one record a question: the keys that tell it, and how a record becomes one of ours."""

    name: str
    keys: tuple[str, ...]
    read: Callable[[Fields], Fields]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A layout of a whole file: the keys that tell it, and how it becomes records of ours."""

    name: str
    keys: tuple[str, ...]
    read: Callable[[Fields], Iterable[Fields]]


def translate_record(fields: Fields) -> Fields:
    """Return a record of another tool as one of ours; any other as it is."""
    if {"relevant", "evidence"} & fields.keys() and "evidence_text" not in str(fields.get("evidence"))[:200]:
        return fields
    row = next((row for row in RECORDS if all(key in fields for key in row.keys)), None)
    return _without_blanks(row.read(fields)) if row else fields


def translate_file(loaded: Any) -> list[Fields] | None:
    """Return the records of a file that holds another tool's question set; None where it holds none."""
    if not isinstance(loaded, dict):
        return None
    row = next((row for row in FILES if all(key in loaded for key in row.keys)), None)
    return [_without_blanks(fields) for fields in row.read(loaded)] if row else None


def map_record(fields: Fields, mapping: Mapping[str, str]) -> Fields:
    """Return a record by a map of our fields to dotted paths in it, as `question=input.query`."""
    values = {name: _at(fields, path) for name, path in mapping.items()}
    evidence = _items(values.pop("evidence", None), values.pop("doc", None), values.pop("page", None))
    return _without_blanks({**values, "evidence": evidence})


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def _without_blanks(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _items(passages: Any, doc: Any = None, page: Any = None) -> list[Fields]:
    """Return evidence for each passage: a text, or an object that holds one under one of its usual names."""
    listed = passages if isinstance(passages, list) else [passages]
    docs = doc if isinstance(doc, list) and len(doc) == len(listed) else [doc] * len(listed)
    items = []
    for passage, named in zip(listed, docs, strict=True):
        source = passage if isinstance(passage, dict) else {"text": passage}
        text = next(
            (source[name] for name in ("text", "content", "page_content", "document") if source.get(name)), None
        )
        items.append(_without_blanks({"doc": named, "page": page, "text": text}))
    return [item for item in items if isinstance(item.get("text"), str) and item["text"].strip()]


def _read_ragas(fields: Fields) -> Fields:
    return {
        "id": fields.get("id"),
        "question": fields["user_input"],
        "tags": fields.get("synthesizer_name"),
        "evidence": _items(fields["reference_contexts"]),
    }


def _read_old_ragas(fields: Fields) -> Fields:
    return {
        "question": fields["question"],
        "tags": fields.get("evolution_type"),
        "evidence": _items(fields["contexts"]),
    }


def _read_golden(fields: Fields) -> Fields:
    source = fields.get("source_file") or fields.get("sourceFile")
    return {"question": fields["input"], "evidence": _items(fields["context"], source)}


def _read_mlflow(fields: Fields) -> Fields:
    """Read a record of an evaluation dataset; evidence that is only an address becomes none."""
    inputs, expectations = (_object(fields[name]) for name in ("inputs", "expectations"))
    question = next((inputs[name] for name in ("question", "query", "input") if inputs.get(name)), None)
    passages = [
        passage for passage in expectations.get("expected_retrieved_context") or [] if isinstance(passage, dict)
    ]
    evidence = [item for passage in passages for item in _items(passage, passage.get("doc_uri"))]
    return {"id": fields.get("dataset_record_id"), "question": question, "evidence": evidence}


def _object(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}


def _read_financebench(fields: Fields) -> Fields:
    """Read a record whose pages count from 0."""
    evidence = [
        _without_blanks(
            {
                "doc": item.get("doc_name") or item.get("evidence_doc_name") or fields.get("doc_name"),
                "page": item["evidence_page_num"] + 1 if isinstance(item.get("evidence_page_num"), int) else None,
                "text": item.get("evidence_text"),
            }
        )
        for item in fields["evidence"] or []
        if isinstance(item, dict)
    ]
    tags = fields.get("question_type")
    return {"id": fields["financebench_id"], "question": fields["question"], "tags": tags, "evidence": evidence}


def _read_llama_index(loaded: Fields) -> Iterator[Fields]:
    for name, question in loaded["queries"].items():
        nodes = [loaded["corpus"][node] for node in loaded["relevant_docs"].get(name, []) if node in loaded["corpus"]]
        yield {"id": name, "question": question, "evidence": _items(nodes)}


def _read_squad(loaded: Fields) -> Iterator[Fields]:
    """Yield the questions; the answers of one are wordings of one item, at their place in the article."""
    for name, paragraphs in squad_articles(loaded):
        offset = 0
        for paragraph in paragraphs:
            for asked in paragraph["qas"]:
                spans = {(answer["answer_start"], answer["text"]) for answer in asked.get("answers", [])}
                wordings = [
                    {"doc": name, "start": offset + start, "end": offset + start + len(text), "text": text}
                    for start, text in sorted(spans)
                ]
                yield {"id": asked.get("id"), "question": asked["question"], "evidence": [wordings] if wordings else []}
            offset += len(paragraph["context"]) + 2


def squad_articles(loaded: Fields) -> Iterator[tuple[str, Sequence[Fields]]]:
    """Yield the name of the document that each article becomes, and its paragraphs, which a blank line joins."""
    for number, article in enumerate(loaded["data"], 1):
        yield f"{article.get('title') or f'article-{number}'}.txt".replace("/", "-"), article["paragraphs"]


def _read_legalbench(loaded: Fields) -> Iterator[Fields]:
    for test in loaded["tests"]:
        evidence = [
            {"doc": snippet["file_path"], "start": start, "end": end, "text": snippet.get("answer")}
            for snippet in test["snippets"]
            for start, end in [snippet["span"]]
        ]
        yield {"question": test["query"], "tags": test.get("tags"), "evidence": list(map(_without_blanks, evidence))}


def _read_goldens(loaded: Fields) -> Iterator[Fields]:
    return (_read_golden(fields) for fields in loaded["goldens"] if isinstance(fields, dict) and "input" in fields)


RECORDS = (
    RecordFormat("financebench", ("financebench_id", "question", "evidence"), _read_financebench),
    RecordFormat("ragas", ("user_input", "reference_contexts"), _read_ragas),
    RecordFormat("ragas (older)", ("question", "contexts"), _read_old_ragas),
    RecordFormat("mlflow", ("inputs", "expectations"), _read_mlflow),
    RecordFormat("deepeval", ("input", "context"), _read_golden),
)
FILES = (
    FileFormat("llama-index", ("queries", "corpus", "relevant_docs"), _read_llama_index),
    FileFormat("legalbench-rag", ("tests",), _read_legalbench),
    FileFormat("deepeval", ("goldens",), _read_goldens),
    FileFormat("squad", ("data",), _read_squad),
)
QUESTION_COLUMNS = frozenset({"question", "user_input", "input"})
