"""Reads documents: a folder, one file, tables of `{"name": …, "text": …}`, what `convert` wrote, or a store's address."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chunk.corpus.converters import (
    CONVERTED_ENDINGS,
    choose_converters,
    find_strays,
    is_converted_folder,
    read_converted_folder,
    reads,
)
from rag_chunk.corpus.document import Document, Skipped
from rag_chunk.corpus.document_folder import GONE, IGNORED, LINKED, NOT_REGULAR, RULES_UNREAD, FolderFiles, list_files
from rag_chunk.corpus.line import Corpus
from rag_chunk.corpus.name_patterns import NamePatterns
from rag_chunk.corpus.selected_files import (
    ENDINGS,
    NEED,
    NOT_READ,
    SelectedFiles,
    ending_of,
    name_of,
    select_files,
)
from rag_chunk.corpus.source_files import PLAIN_ENDINGS, SOURCE_ENDINGS
from rag_chunk.corpus.stored_documents import is_stored, list_stored, read_stored
from rag_chunk.corpus.stored_files import check_source
from rag_chunk.corpus.text_encoding import LOOKS_LIKE, decode, unreadable_error, writable
from rag_chunk.errors import InputError, MissingExtra, RagChunkError

if TYPE_CHECKING:
    from rag_chunk.corpus.converters.conversion import OnProgress

STRAY = "is not one of the documents that were converted into this folder, and is not read"


def read_corpus(
    source: str | Path,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    skip_unreadable: bool = False,
    apart: Iterable[Path] = (),
    converter: Iterable[str] = (),
    on_progress: "OnProgress | None" = None,
) -> Corpus:
    """Read the documents under `source`: a folder, one file, or tables of documents.

    In a folder, `.md`, `.markdown`, `.mdx`, `.txt` and `.rst` files are documents, at any depth, and source code and
    data where a glob of `include` names the ending, as `*.py` does; hidden
    folders, linked folders, files that git ignores and rag-chunk's own results are not. PDF, HTML, Office files, EPUB
    and notebooks are converted, where the extra for them is installed; `converter` names another one than the default.
    A table is a `.jsonl` or `.jsonl.gz` of `{"name": …, "text": …}`, or a Parquet file with these columns; a pattern,
    such as `docs/*.jsonl`, names several. `source` may be an address that fsspec knows, such as `s3://bucket/docs`.
    `include` and `exclude` are globs on names; `apart` are files with a part of their own, such as the questions,
    which are no documents of the folder. Raise `InputError`, naming every file concerned, where something cannot be
    read; `skip_unreadable` leaves such files out. Raise `MissingExtra` where nothing can be read without an extra.
    """
    path, patterns = Path(source), NamePatterns(tuple(include), tuple(exclude))
    if is_stored(source):
        return read_stored(list_stored(source, patterns), source, skip_unreadable=skip_unreadable)
    check_source(path)
    if path.is_dir() and is_converted_folder(path):
        documents = list(read_converted(path, patterns, tuple(converter)))
        if not documents:
            why = "passes --include and --exclude" if patterns.given else "was converted into it"
            raise InputError(f"no document under {path} {why}")
        return Corpus(documents, [Skipped(writable(name), STRAY) for name in find_strays(path)])
    listing = list_documents(path, patterns, apart, converter)
    return read_listed(listing, skip_unreadable=skip_unreadable, on_progress=on_progress)


@dataclass(frozen=True, slots=True)
class DocumentListing:
    """The documents of a folder, or a file, that are to be read; `closed` are those that nobody can open."""

    root: Path
    selected: SelectedFiles
    closed: list[Skipped]
    by_rule: list[Skipped]
    patterns: NamePatterns
    source: Path


def list_documents(
    path: Path, patterns: NamePatterns, apart: Iterable[Path], converter: Iterable[str]
) -> DocumentListing:
    """Return the files under `path` that are documents, and what is left out; nothing is read."""
    chosen = choose_converters(converter)
    single = not path.is_dir()
    root = path.parent if single else path
    listed = FolderFiles([path]) if single else list_files(path, lambda file: ending_of(file) in {*ENDINGS, *chosen})
    selected = select_files(_without(listed.files, apart), root, patterns, chosen, single=single)
    closed = [Skipped(name_of(each, root), reason) for each, reason in listed.closed]
    ignored = select_files(_without(listed.ignored, apart), root, patterns, chosen)
    by_rule = list(_left_out_by_rule(listed, ignored, root, patterns))
    return DocumentListing(root, selected, closed, by_rule, patterns, path)


def read_listed(
    listing: DocumentListing, *, skip_unreadable: bool = False, on_progress: "OnProgress | None" = None
) -> Corpus:
    """Read the documents of a listing; raise `InputError` with those that cannot be read, unless they may be left out."""
    documents, unread = _read_all(listing.selected, listing.root, on_progress)
    broken = [*listing.closed, *(entry for entry in unread if is_broken(entry))]
    check_no_broken(broken, skip_unreadable=skip_unreadable)
    left_out = [entry for entry in unread if not is_broken(entry)]
    left_out += [*listing.by_rule, *listing.selected.left_out]
    if not documents:
        raise nothing_error(listing, broken, left_out)
    return Corpus(documents, [*broken, *left_out])


def read_converted(
    folder: Path, patterns: NamePatterns, converters: tuple[str, ...], only: Collection[str] | None = None
) -> Iterator[Document]:
    """Yield the documents of a converted folder; raise `InputError` where they were made by another converter.

    With `only`, those of these names.
    """
    for document in read_converted_folder(folder, only):
        if not patterns.admit(document.name):
            continue
        used, reading = document.conversion, [name for name in converters if reads(name, document.name)]
        if used and reading and used.converter != reading[-1]:
            raise InputError(
                f"{folder} holds text that {used.converter} has made of {document.name}, not {reading[-1]}; "
                "name the folder of the files, or leave --converter out"
            )
        yield document


def _without(paths: list[Path], apart: Iterable[Path]) -> list[Path]:
    """Return `paths` without the files that are `apart`. Only what has such a name, or is a link, is looked up: that is slow."""
    known = {path.resolve() for path in apart}
    names = {path.name for path in known}
    return [path for path in paths if not ((path.name in names or path.is_symlink()) and path.resolve() in known)]


def _left_out_by_rule(
    listed: FolderFiles, ignored: SelectedFiles, root: Path, patterns: NamePatterns
) -> Iterator[Skipped]:
    """Yield a line for each linked folder and each file with too many rules, and one for all documents that git ignores."""
    yield from (Skipped(writable(name.replace(os.sep, "/")), reason) for name, reason in listed.unread)
    yield from (Skipped(name_of(path, root), LINKED) for path in listed.linked if patterns.admit(name_of(path, root)))
    count = len(ignored.texts) + len(ignored.conversions) + ignored.needing.total()
    if count:
        yield Skipped(f"{count:,} {'document' if count == 1 else 'documents'}", IGNORED)


def is_broken(entry: Skipped) -> bool:
    """Whether a document was left out because it cannot be read, and not by a rule."""
    by_rule = entry.reason in {NOT_READ, IGNORED, LINKED, STRAY} or entry.reason.startswith((LOOKS_LIKE, *NEED))
    return not (by_rule or RULES_UNREAD in entry.reason)


def _read_all(
    selected: SelectedFiles, root: Path, on_progress: "OnProgress | None"
) -> tuple[list[Document], list[Skipped]]:
    documents, broken = [], []
    for path in selected.texts:
        name = name_of(path, root)
        try:
            documents.append(Document(name, decode(_read_bytes(path))))
        except ValueError as error:
            broken.append(Skipped(name, str(error)))
        except OSError as error:
            broken.append(Skipped(name, f"cannot be read ({error.strerror})"))
    if not selected.conversions:
        return documents, broken
    from rag_chunk.corpus.converters.conversion import ConversionTask, convert_files

    tasks = [ConversionTask(path, name_of(path, root), row) for path, row in selected.conversions]
    converted, failed = convert_files(tasks, on_progress=on_progress)
    return [*documents, *converted], [*broken, *failed]


def _read_bytes(path: Path) -> bytes:
    """Return what a file holds; raise `ValueError` for a device or a pipe, which may never end, and where it is gone."""
    if not path.is_file():
        raise ValueError(NOT_REGULAR if os.path.lexists(path) else GONE)
    return path.read_bytes()


def read_files(paths: Sequence[Path], source: Path, converter: Iterable[str], *, skip_unreadable: bool) -> Corpus:
    """Read documents of a folder, or the one that `source` is; raise as `read_corpus` does."""
    single = not source.is_dir()
    root = source.parent if single else source
    selected = select_files(paths, root, NamePatterns((), ()), choose_converters(converter), single=True)
    documents, unread = _read_all(selected, root, None)
    check_no_broken(unread, skip_unreadable=skip_unreadable)
    return Corpus(documents, unread)


def check_no_broken(unread: Iterable[Skipped], *, skip_unreadable: bool) -> None:
    """Raise `InputError` with the documents that cannot be read, unless they may be left out."""
    broken = [entry for entry in unread if is_broken(entry)]
    if broken and not skip_unreadable:
        raise unreadable_error(broken)


def nothing_error(listing: DocumentListing, broken: list[Skipped], left_out: list[Skipped]) -> RagChunkError:
    """Return the error that says why there is no document under a path."""
    path, selected = listing.source, listing.selected
    if broken:
        listed = "; ".join(f"{name} {reason}" for name, reason in broken)
        return InputError(f"no document under {path} could be read: {listed}")
    if selected.needing:
        extras = sorted({extra for _, extra in selected.needing})
        files = ", ".join(f"{count:,} {ending}" for (ending, _), count in selected.needing.most_common())
        return MissingExtra(extras[0] if len(extras) == 1 else "documents", f"reading {files} under {path}")
    if listing.patterns.given:
        return InputError(f"no document under {path} passes --include and --exclude")
    seen = ", ".join(name if reason == NOT_READ else f"{name} {reason}" for name, reason in left_out[:5])
    rest = f"; there are {seen}" if seen else "; the folder is empty"
    sources = [ending for ending, _ in selected.other.most_common() if ending in SOURCE_ENDINGS]
    what = "AsciiDoc" if sources and sources[0] in PLAIN_ENDINGS else "source code"
    hint = f"; to read {what}, name its ending: --include '*{sources[0]}'" if sources else ""
    return InputError(
        f"no document under {path}: rag-chunk reads {', '.join((*ENDINGS, *CONVERTED_ENDINGS))}{rest}{hint}"
    )
