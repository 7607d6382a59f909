"""Documents out of tables and stores: what an address, a pattern or the path of a table names."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rag_chunk.corpus.document import Document, Skipped
from rag_chunk.corpus.document_tables import TABLE_ENDINGS, TableRange, is_table, read_table
from rag_chunk.corpus.json_lines import not_documents
from rag_chunk.corpus.line import Corpus
from rag_chunk.corpus.name_patterns import NamePatterns
from rag_chunk.corpus.selected_files import NO_ENDING, ending_of, is_text, unsupported
from rag_chunk.corpus.stored_files import (
    StoredFile,
    address_of,
    check_source,
    is_pattern,
    list_stored_files,
    open_stored_file,
)
from rag_chunk.corpus.text_encoding import LOOKS_LIKE, decode, unreadable_error, writable
from rag_chunk.errors import InputError


def is_stored(source: str | Path) -> bool:
    """Whether a source is an address, a pattern or a table: not a folder or a document of this machine."""
    is_row_file = is_table(str(source)) and not Path(source).is_dir()
    return address_of(source) is not None or is_pattern(source) or is_row_file


@dataclass(frozen=True, slots=True)
class StoredListing:
    """The files that an address or a pattern names: tables, and texts under their names; and the endings of the others."""

    tables: list[StoredFile]
    texts: list[tuple[str, StoredFile]]
    left_out: list[Skipped]


def list_stored(source: str | Path, patterns: NamePatterns) -> StoredListing:
    """Return the documents and tables that an address, a pattern or the path of a table names."""
    if address_of(source) is None and not is_pattern(source):
        check_source(Path(source))
    files = list_stored_files(source)
    tables = [file for file in files if is_table(file.address)]
    others = [file for file in files if not is_table(file.address)]
    if address_of(source) is None and others:
        endings = dict.fromkeys(Path(file.address).suffix or NO_ENDING for file in others)
        raise InputError(
            f"{source} names files of {', '.join(endings)}; a pattern names tables: {', '.join(TABLE_ENDINGS)}"
        )
    root = (address_of(source) or "").rstrip("/") + "/"
    named = [(_stored_name(file.address, root), file) for file in others]
    texts = [(name, file) for name, file in named if is_text(ending_of(Path(name)), patterns) and patterns.admit(name)]
    others_of = (ending_of(Path(name)) for name, _ in named)
    left_out = Counter(ending for ending in others_of if not is_text(ending, patterns))
    return StoredListing(tables, texts, unsupported(left_out))


def _stored_name(address: str, root: str) -> str:
    """Return the name of a stored document: its path below the folder that was named, else the file's own."""
    return writable(address.removeprefix(root) if address.startswith(root) else address.rpartition("/")[2])


def read_stored_texts(
    texts: Iterable[tuple[str, str]], *, skip_unreadable: bool
) -> tuple[list[Document], list[Skipped]]:
    """Read stored texts, by name and address; raise `InputError` with all that are none, or return them with the reason.

    What looks like another encoding is returned with the reason, as of a folder.
    """
    documents, broken = [], []
    for name, address in texts:
        try:
            with open_stored_file(address) as file:
                data = file.read()
            documents.append(Document(name, decode(data)))
        except ValueError as error:
            broken.append(Skipped(name, str(error)))
    unreadable = [each for each in broken if not each.reason.startswith(LOOKS_LIKE)]
    if unreadable and not skip_unreadable:
        raise unreadable_error(unreadable)
    return documents, broken


def read_stored(listing: StoredListing, source: str | Path, *, skip_unreadable: bool) -> Corpus:
    """Read all that is listed; raise `InputError` where `source` holds no document."""
    named = ((name, file.address) for name, file in listing.texts)
    documents, broken = read_stored_texts(named, skip_unreadable=skip_unreadable)
    for file in listing.tables:
        documents += read_table(TableRange(file, file.size))
    if not documents and not listing.tables:
        left_out = ", ".join(f"{name} {reason}" for name, reason in [*broken, *listing.left_out][:5])
        why = f": {left_out}" if left_out else " passes --include and --exclude"
        raise InputError(f"no document under {address_of(source) or source}{why}")
    if not documents:
        raise not_documents(str(address_of(source) or source), "  it has no lines")
    return Corpus(documents, [*broken, *listing.left_out])
