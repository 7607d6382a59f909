"""The question sets of other tools, as rows: recognised by their keys, and read as our own records."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Fields = dict[str, Any]

DROPPED = "dropped"  # a field that counts the passages of a record that have no text
LISTS = frozenset(
    {
        "contexts",
        "context",
        "reference_contexts",
        "retrieved_contexts",
        "ground_truths",
        "ground_truth",
        "inputs",
        "expectations",
    }
)


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


def translate_record(fields: Fields, form: str | None = None) -> Fields:
    """Return a record of another tool as one of ours; any other as it is. A named `form` is the only one tried."""
    if form is None and {"relevant", "evidence"} & fields.keys() and "evidence_text" not in str(fields.get("evidence"))[:200]:  # fmt: skip
        return fields
    row = next((row for row in RECORDS if form in (None, row.name) and all(key in fields for key in row.keys)), None)
    return _without_blanks(row.read(fields)) if row else fields


def translate_file(loaded: Any, form: str | None = None) -> list[Fields] | None:
    """Return the records of a file that holds another tool's question set; None where it holds none."""
    if not isinstance(loaded, dict):
        return None
    row = next((row for row in FILES if form in (None, row.name) and all(key in loaded for key in row.keys)), None)
    return [_without_blanks(fields) for fields in row.read(loaded)] if row else None


def map_record(fields: Fields, mapping: Mapping[str, str]) -> Fields:
    """Return a record by a map of our fields to dotted paths in it, as `question=input.query`."""
    values = {name: _at(fields, path) for name, path in mapping.items()}
    return _record(values, _items(values.pop("evidence", None), values.pop("doc", None), values.pop("page", None)))


def _record(fields: Fields, items: Sequence[Fields]) -> Fields:
    """Return a record of ours; passages that have no text are counted, and left out."""
    evidence = [item for item in items if "start" in item or str(item.get("text") or "").strip()]
    return _without_blanks({**fields, "evidence": evidence, DROPPED: (len(items) - len(evidence)) or None})


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
    listed = passages if isinstance(passages, list) else [] if passages in (None, "") else [passages]
    docs = doc if isinstance(doc, list) and len(doc) == len(listed) else [doc] * len(listed)
    items = []
    for passage, named in zip(listed, docs, strict=True):
        source = passage if isinstance(passage, dict) else {"text": passage}
        text = next(
            (source[name] for name in ("text", "content", "page_content", "document") if source.get(name)), None
        )
        text = text if isinstance(text, str) else None
        items.append({"doc": named, "page": page, "text": text})
    return [{name: value for name, value in item.items() if value not in (None, "")} for item in items]


def _read_ragas(fields: Fields) -> Fields:
    known = {"id": fields.get("id"), "question": fields["user_input"], "tags": fields.get("synthesizer_name")}
    return _record(known, _items(fields["reference_contexts"]))


def _read_old_ragas(fields: Fields) -> Fields:
    known = {"question": fields["question"], "tags": fields.get("evolution_type")}
    return _record(known, _items(fields["contexts"]))


def _read_golden(fields: Fields) -> Fields:
    """Read a golden of DeepEval, which joins the passages with `|` in CSV and JSON lines."""
    passages = fields["context"]
    passages = passages.split("|") if isinstance(passages, str) else passages
    return _record(
        {"question": fields["input"]}, _items(passages, fields.get("source_file") or fields.get("sourceFile"))
    )


def _read_labelled(fields: Fields) -> Fields:
    return _record({"question": fields["query"]}, _items(fields["reference_contexts"]))


def _read_mlflow(fields: Fields) -> Fields:
    """Read a record of an evaluation dataset; evidence that is only an address is dropped."""
    inputs, expectations = (_object(fields[name]) for name in ("inputs", "expectations"))
    question = next((inputs[name] for name in ("question", "query", "input") if inputs.get(name)), None)
    passages = expectations.get("expected_retrieved_context") or []
    addresses = [passage.get("doc_uri") if isinstance(passage, dict) else None for passage in passages]
    name = _object(fields.get("tags")).get("id") or fields.get("dataset_record_id")
    return _record({"id": name, "question": question}, _items(passages, addresses))


def _object(value: Any) -> Fields:
    """Return an object, which may be written as text."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
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
    known = {"id": fields["financebench_id"], "question": fields["question"], "tags": fields.get("question_type")}
    return _record(known, evidence)


def _read_llama_index(loaded: Fields) -> Iterator[Fields]:
    for name, question in loaded["queries"].items():
        nodes = [loaded["corpus"].get(node) for node in loaded["relevant_docs"].get(name, [])]
        yield _record({"id": name, "question": question}, _items(nodes))


def _read_labelled_dataset(loaded: Fields) -> Iterator[Fields]:
    return (_read_labelled(fields) for fields in loaded["examples"])


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


def squad_of(rows: Iterable[Fields]) -> Fields:
    """Return rows of one question each, as Hugging Face's datasets hold SQuAD, as the file that they come from."""
    articles: dict[str, dict[str, list[Fields]]] = {}
    for row in rows:
        known = row["answers"]
        pairs = zip(known["answer_start"], known["text"], strict=True)
        answers = [{"answer_start": start, "text": text} for start, text in pairs]
        asked = {"id": row.get("id"), "question": row["question"], "answers": answers}
        articles.setdefault(row.get("title") or "", {}).setdefault(row["context"], []).append(asked)
    return {
        "data": [
            {"title": title, "paragraphs": [{"context": text, "qas": qas} for text, qas in contexts.items()]}
            for title, contexts in articles.items()
        ]
    }


def _read_legalbench(loaded: Fields) -> Iterator[Fields]:
    for test in loaded["tests"]:
        evidence = [
            {"doc": snippet["file_path"], "start": start, "end": end, "text": snippet.get("answer")}
            for snippet in test["snippets"]
            for start, end in [snippet["span"]]
        ]
        kept = [{name: value for name, value in item.items() if value is not None} for item in evidence]
        yield _record({"question": test["query"], "tags": test.get("tags")}, kept)


def _read_goldens(loaded: Fields) -> Iterator[Fields]:
    return (_read_golden(fields) for fields in loaded["goldens"] if isinstance(fields, dict) and "input" in fields)


RECORDS = (
    RecordFormat("financebench", ("financebench_id", "question", "evidence"), _read_financebench),
    RecordFormat("ragas", ("user_input", "reference_contexts"), _read_ragas),
    RecordFormat("ragas-0.1", ("question", "contexts"), _read_old_ragas),
    RecordFormat("mlflow", ("inputs", "expectations"), _read_mlflow),
    RecordFormat("llama-index-rag", ("query", "reference_contexts"), _read_labelled),
    RecordFormat("deepeval", ("input", "context"), _read_golden),
)
FILES = (
    FileFormat("llama-index", ("queries", "corpus", "relevant_docs"), _read_llama_index),
    FileFormat("legalbench-rag", ("tests",), _read_legalbench),
    FileFormat("deepeval", ("goldens",), _read_goldens),
    FileFormat("llama-index-rag", ("examples",), _read_labelled_dataset),
    FileFormat("squad", ("data",), _read_squad),
)
QUESTION_COLUMNS = frozenset({"question", "user_input", "input", "inputs", "query"})
