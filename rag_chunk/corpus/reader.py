"""Reads documents: a folder, one file, a JSONL of `{"name": …, "text": …}`, or what `convert` wrote."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rag_chunk.corpus.converters import (
    CONVERTED_ENDINGS,
    ConversionTask,
    Converter,
    OnProgress,
    choose_converters,
    convert_files,
    find_strays,
    is_converted_folder,
    read_converted_folder,
    reads,
)
from rag_chunk.corpus.document import Document, Skipped
from rag_chunk.corpus.document_folder import IGNORED, LINKED, NOT_REGULAR, FolderFiles, list_files
from rag_chunk.corpus.json_lines import read_jsonl
from rag_chunk.corpus.line import Corpus
from rag_chunk.corpus.name_patterns import NamePatterns
from rag_chunk.corpus.text_encoding import LOOKS_LIKE, decode, remedy, writable
from rag_chunk.errors import InputError, MissingExtra, RagChunkError

ENDINGS = (".md", ".markdown", ".mdx", ".txt", ".rst")
STRAY = "is not one of the documents that were converted into this folder, and is not read"
NOT_READ = "skipped: unsupported file type"
_NEED = ("need ", "needs ")


def read_corpus(
    source: str | Path,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    skip_unreadable: bool = False,
    apart: Iterable[Path] = (),
    converter: Iterable[str] = (),
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Read the documents under `source`: a folder, one file, or a `.jsonl` of `{"name": …, "text": …}`.

    In a folder, `.md`, `.markdown`, `.mdx`, `.txt` and `.rst` files are documents, at any depth; hidden
    folders, linked folders, files that git ignores and rag-chunk's own results are not. PDF, HTML, Office files, EPUB
    and notebooks are converted, where the extra for them is installed; `converter` names another one than the default.
    `include` and `exclude` are globs on names; `apart` are files with a part of their own, such as the questions,
    which are no documents of the folder. Raise `InputError`, naming every file concerned, where something cannot be
    read; `skip_unreadable` leaves such files out. Raise `MissingExtra` where nothing can be read without an extra.
    """
    path = Path(source)
    _check(path)
    patterns = NamePatterns(tuple(include), tuple(exclude))
    if path.is_file() and path.suffix.lower() == ".jsonl":
        return Corpus(read_jsonl(path))
    if path.is_dir() and is_converted_folder(path):
        documents = list(_read_converted(path, patterns, tuple(converter)))
        return Corpus(documents, [Skipped(name, STRAY) for name in find_strays(path)])
    chosen = choose_converters(converter)
    single = not path.is_dir()
    root = path.parent if single else path
    listed = FolderFiles([path]) if single else list_files(path, lambda file: _ending(file) in {*ENDINGS, *chosen})
    selected = _select(_without(listed.files, apart), root, patterns, chosen, single=single)
    documents, unread = _read_all(selected, root, on_progress)
    broken = [Skipped(_name(each, root), reason) for each, reason in listed.closed]
    broken += [entry for entry in unread if is_broken(entry)]
    if broken and not skip_unreadable:
        raise InputError(_unreadable(broken))
    left_out = [entry for entry in unread if not is_broken(entry)]
    ignored = _select(_without(listed.ignored, apart), root, patterns, chosen)
    left_out += [*_left_out_by_rule(listed, ignored, root, patterns), *selected.left_out]
    if not documents:
        raise _nothing(path, patterns, selected, broken, left_out)
    return Corpus(documents, [*broken, *left_out])


def _read_converted(folder: Path, patterns: NamePatterns, converters: tuple[str, ...]) -> Iterator[Document]:
    """Yield the documents of a converted folder; raise `InputError` where they were made by another converter."""
    for document in read_converted_folder(folder):
        if not patterns.admit(document.name):
            continue
        used, reading = document.conversion, [name for name in converters if reads(name, document.name)]
        if used and reading and used.converter != reading[-1]:
            raise InputError(
                f"{folder} holds text that {used.converter} has made of {document.name}, not {reading[-1]}; "
                "name the folder of the files, or leave --converter out"
            )
        yield document


def _check(path: Path) -> None:
    """Raise `InputError` where there is nothing at `path`, or nobody may look."""
    try:
        if path.is_dir():
            os.scandir(path).close()
        else:
            path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"there is no file or folder {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None


def _without(paths: list[Path], apart: Iterable[Path]) -> list[Path]:
    known = {path.resolve() for path in apart}
    return [path for path in paths if path.resolve() not in known] if known else paths


def _left_out_by_rule(
    listed: FolderFiles, ignored: "_Selection", root: Path, patterns: NamePatterns
) -> Iterator[Skipped]:
    """Yield a line for each linked folder, and one for all documents that git ignores."""
    yield from (Skipped(_name(path, root), LINKED) for path in listed.linked if patterns.admit(_name(path, root)))
    count = len(ignored.texts) + len(ignored.conversions) + ignored.needing.total()
    if count:
        yield Skipped(f"{count:,} {'document' if count == 1 else 'documents'}", IGNORED)


def is_broken(entry: Skipped) -> bool:
    """Whether a document was left out because nobody can read it, and not by a rule."""
    by_rule = entry.reason in {NOT_READ, IGNORED, LINKED, STRAY} or entry.reason.startswith((LOOKS_LIKE, *_NEED))
    return not by_rule


@dataclass(frozen=True, slots=True)
class _Selection:
    """The files that are documents, as text or by a converter, and the endings of the others, counted.

    `needing` counts files that an extra would convert, by ending and extra.
    """

    texts: list[Path] = field(default_factory=list)
    conversions: list[tuple[Path, Converter]] = field(default_factory=list)
    needing: Counter[tuple[str, str]] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)

    @property
    def left_out(self) -> list[Skipped]:
        """A line for each ending that is not read."""
        needing = [
            Skipped(f"{count:,} {ending}", f"{_NEED[count == 1]}rag-chunk[{extra}]: pip install 'rag-chunk[{extra}]'")
            for (ending, extra), count in self.needing.most_common()
        ]
        return needing + [Skipped(f"{count:,} {ending}", NOT_READ) for ending, count in self.other.most_common()]


def _select(
    paths: list[Path], root: Path, patterns: NamePatterns, chosen: Mapping[str, Converter], *, single: bool = False
) -> _Selection:
    """Sort `paths` by how they are read; a `single` file of an unknown ending is text."""
    selected = _Selection()
    for path in paths:
        ending, row = _ending(path), chosen.get(_ending(path))
        if row is None and ending not in ENDINGS and not single:
            selected.other[ending or "without an ending"] += 1
        elif not patterns.admit(_name(path, root)):
            continue
        elif row is None:
            selected.texts.append(path)
        elif row.is_installed:
            selected.conversions.append((path, row))
        else:
            selected.needing[ending, str(row.extra)] += 1
    return selected


def _ending(path: Path) -> str:
    return path.suffix.lower()


def _name(path: Path, root: Path) -> str:
    return writable(path.relative_to(root).as_posix())


def _read_all(selected: _Selection, root: Path, on_progress: OnProgress | None) -> tuple[list[Document], list[Skipped]]:
    documents, broken = [], []
    for path in selected.texts:
        name = _name(path, root)
        try:
            documents.append(Document(name, decode(_read_bytes(path))))
        except ValueError as error:
            broken.append(Skipped(name, str(error)))
        except OSError as error:
            broken.append(Skipped(name, f"cannot be read ({error.strerror})"))
    tasks = [ConversionTask(path, _name(path, root), row) for path, row in selected.conversions]
    converted, failed = convert_files(tasks, on_progress=on_progress)
    return [*documents, *converted], [*broken, *failed]


def _read_bytes(path: Path) -> bytes:
    """Return what a file holds; raise `ValueError` for a device or a pipe, which may never end."""
    if not path.is_file():
        raise ValueError(NOT_REGULAR)
    return path.read_bytes()


def _unreadable(broken: list[Skipped]) -> str:
    lines = "\n".join(f"  {name} {reason}" for name, reason in broken)
    tools = ", or ".join(dict.fromkeys(tool for _, reason in broken if (tool := remedy(reason))))
    convert = f"Convert them ({tools}), or leave" if tools else "Leave"
    return f"{len(broken)} of the documents cannot be read:\n{lines}\n{convert} them out with --skip-unreadable."


def _nothing(
    path: Path, patterns: NamePatterns, selected: _Selection, broken: list[Skipped], left_out: list[Skipped]
) -> RagChunkError:
    """Return the error that says why there is no document under `path`."""
    if broken:
        listed = "; ".join(f"{name} {reason}" for name, reason in broken)
        return InputError(f"no document under {path} could be read: {listed}")
    if selected.needing:
        extras = sorted({extra for _, extra in selected.needing})
        files = ", ".join(f"{count:,} {ending}" for (ending, _), count in selected.needing.most_common())
        return MissingExtra(extras[0] if len(extras) == 1 else "documents", f"reading {files} under {path}")
    if patterns.given:
        return InputError(f"no document under {path} passes --include and --exclude")
    seen = ", ".join(name if reason == NOT_READ else f"{name} {reason}" for name, reason in left_out[:5])
    rest = f"; there are {seen}" if seen else "; the folder is empty"
    return InputError(f"no document under {path}: rag-chunk reads {', '.join((*ENDINGS, *CONVERTED_ENDINGS))}{rest}")
