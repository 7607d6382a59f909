"""What is known of a chunk, as the flat metadata that vector stores take."""

from copy import deepcopy
from typing import Any

from rag_chunk.chunker import Chunk


def chunk_metadata(chunk: Chunk, name: str) -> dict[str, Any]:
    """Return what is known of a chunk of the document `name`. It is flat because many vector stores refuse lists."""
    judged = chunk.document.name
    known = {
        "id": name + chunk.id.removeprefix(judged),
        "headings": " > ".join(chunk.headings),
        "lines": "{}-{}".format(*chunk.lines),
        "pages": ",".join(chunk.pages) or None,
        "context": chunk.context and chunk.context.text,
        "parent": chunk.parent and name + chunk.parent.removeprefix(judged),
    }
    return {key: value for key, value in known.items() if value is not None}


def langchain_metadata(chunk: Chunk, known: dict[str, Any], own: dict[Any, Any]) -> dict[Any, Any]:
    """Return the metadata of a chunk for LangChain, with the document's `own`."""
    kept = {"id": own["id"]} if "id" in own else {}
    return {**deepcopy(own), "start_index": chunk.start, "end_index": chunk.end, **known, **kept}
