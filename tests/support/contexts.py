"""Functions that say where a chunk is in its document."""

from rag_chunk import Chunk

ASKED: list[str] = []


def of_document(chunk: Chunk) -> str:
    ASKED.append(chunk.id)
    return f"This is from\n{chunk.document.name.partition('.')[0]}."


def nothing(chunk: Chunk) -> str:
    del chunk
    return "  "


def no_text(chunk: Chunk) -> int:
    return chunk.start


def broken(chunk: Chunk) -> str:
    raise LookupError(f"nothing is known of {chunk.id}")
