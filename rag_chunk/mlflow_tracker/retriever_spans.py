"""What an application retrieved, read from the spans of a trace; and the evidence that a record expects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rag_chunk.analysis.external.placement import RetrievedText
from rag_chunk.questions.shared_records import OURS

RETRIEVER = "RETRIEVER"
_DOCUMENT = ("doc_uri", "source", "document", "file_path")  # under which names metadata has the document
_START, _END = ("start_index", "start"), ("end_index", "end")


class TracedRetrieval(NamedTuple):
    """What was retrieved in one trace, and how long that took; nothing where a span has not ended."""

    texts: list[RetrievedText]
    milliseconds: float | None


def read_retrieval_spans(trace: Any) -> TracedRetrieval:
    """Return the texts of a trace's retriever spans, and the time in all of them; of nested ones the outermost count."""
    spans = _retriever_spans(trace)
    known = bool(spans) and all(span.end_time_ns for span in spans)
    taken = sum(span.end_time_ns - span.start_time_ns for span in spans) / 1e6 if known else None
    return TracedRetrieval(_texts_of(spans), taken)


def retrieved_texts(trace: Any) -> list[RetrievedText]:
    """Return the texts of a trace's retriever spans, in the order of the spans; of nested ones the outermost."""
    return _texts_of(_retriever_spans(trace))


def _texts_of(spans: Sequence[Any]) -> list[RetrievedText]:
    return [text for span in spans for text in _texts(span.outputs)]


def _retriever_spans(trace: Any) -> list[Any]:
    spans = {span.span_id: span for span in trace.data.spans}
    chosen = [span for span in spans.values() if _kind(span) == RETRIEVER and not _is_inside(span, spans)]
    return sorted(chosen, key=lambda span: span.start_time_ns)


def _kind(span: Any) -> str:
    return str(span.span_type).upper()


def _is_inside(span: Any, spans: Mapping[str, Any]) -> bool:
    """Whether another retriever is above a span: it hands over what counts."""
    above = spans.get(span.parent_id)
    while above is not None:
        if _kind(above) == RETRIEVER:
            return True
        above = spans.get(above.parent_id)
    return False


def _texts(outputs: Any) -> Iterator[RetrievedText]:
    for each in outputs if isinstance(outputs, list) else []:
        fields = each if isinstance(each, dict) else {"page_content": each}
        given = fields.get("metadata")
        metadata: Mapping[str, Any] = given if isinstance(given, dict) else {}
        text = fields.get("page_content") or fields.get("content") or fields.get("text")
        if isinstance(text, str) and text.strip():
            yield RetrievedText(text, _first(metadata, _DOCUMENT, str), _span(metadata))


def _span(fields: Mapping[str, Any]) -> tuple[int, int] | None:
    start, end = _first(fields, _START, int), _first(fields, _END, int)
    return (start, end) if start is not None and end is not None else None


def _first(fields: Mapping[str, Any], names: Sequence[str], kind: type) -> Any:
    return next((fields[name] for name in names if isinstance(fields.get(name), kind)), None)


def texts_of_inputs(inputs: Any) -> Iterator[str]:
    """Yield every text of the inputs of an application, of which one is the question."""
    if isinstance(inputs, str):
        yield inputs
    for each in inputs.values() if isinstance(inputs, dict) else inputs if isinstance(inputs, list) else ():
        yield from texts_of_inputs(each)


def expected_evidence(expectations: Mapping[str, Any] | None) -> list[list[RetrievedText]]:
    """Return the evidence that a record expects, each item with its alternatives: by our places, else by its texts."""
    fields = expectations or {}
    own, context = fields.get(OURS), fields.get("expected_retrieved_context")
    ours = own.get("evidence") if isinstance(own, dict) else None
    listed = [item if isinstance(item, list) else [item] for item in ours] if isinstance(ours, list) else []
    evidence = [list(_spans(item)) for item in listed]
    texts = [[RetrievedText(each["content"], each.get("doc_uri"))] for each in context or () if _has_text(each)]
    if [item[0].text for item in evidence if item] == [item[0].text for item in texts]:
        return evidence
    return texts  # they were edited since ours were merged


def _spans(item: Sequence[Any]) -> Iterator[RetrievedText]:
    for span in item:
        if isinstance(span, dict) and isinstance(span.get("text"), str):
            yield RetrievedText(span["text"], span.get("doc"), _span(span))


def _has_text(passage: Any) -> bool:
    return isinstance(passage, dict) and isinstance(passage.get("content"), str) and bool(passage["content"].strip())
