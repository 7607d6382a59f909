"""Reads documents: a folder, one file, or a JSONL of `{"name": …, "text": …}`."""

import codecs
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rag_chunk.corpus.document import Document, Skipped
from rag_chunk.corpus.folder import IGNORED, LINKED, NOT_REGULAR, FolderFiles, list_files
from rag_chunk.corpus.line import Corpus
from rag_chunk.errors import InputError

ENDINGS = (".md", ".markdown", ".mdx", ".txt", ".rst")
NOT_READ = "not read: of another kind"
_BINARY = "is no text"
_LOOKS_LIKE = "looks like "
_UNMARKED = ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE")
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_LE: "UTF-16",
    codecs.BOM_BE: "UTF-16",
}
_LATIN = 0.5  # the share of Latin letters that tells UTF-16 from UTF-8 with a NUL in it


def read_corpus(
    source: str | Path,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    skip_unreadable: bool = False,
    apart: Iterable[Path] = (),
) -> Corpus:
    """Read the documents under `source`: a folder, one file, or a `.jsonl` of `{"name": …, "text": …}`.

    In a folder, `.md`, `.markdown`, `.mdx`, `.txt` and `.rst` files are documents, at any depth; hidden
    folders, linked folders, files that git ignores and rag-chunk's own results are not. `include` and `exclude` are globs
    on names; `apart` are files with a part of their own, such as the questions, which are no documents of
    the folder. Raise `InputError`, naming every file concerned, where something cannot be read;
    `skip_unreadable` leaves such files out.
    """
    path = Path(source)
    _check(path)
    if path.is_file() and path.suffix.lower() == ".jsonl":
        return Corpus(_jsonl(path))
    patterns = _Patterns(tuple(include), tuple(exclude))
    single = not path.is_dir()
    root = path.parent if single else path
    listed = FolderFiles([path]) if single else list_files(path, _is_text)
    wanted, other = _split_by_ending(_without(listed.files, apart), root, patterns, single=single)
    documents, unread = _read_all(wanted, root)
    broken = [entry for entry in unread if is_broken(entry)]
    broken = [*(Skipped(_name(each, root), reason) for each, reason in listed.closed), *broken]
    if broken and not skip_unreadable:
        raise InputError(_unreadable(broken))
    left_out = [entry for entry in unread if not is_broken(entry)]
    left_out += [*_left_out_by_rule(listed, root, patterns, apart), *_count_endings(other)]
    if not documents:
        raise InputError(_nothing(path, patterns, broken, left_out))
    return Corpus(documents, [*broken, *left_out])


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


class _Patterns:
    """The globs that say which names are wanted."""

    def __init__(self, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
        import pathspec

        self.given = bool(include or exclude)
        try:
            self._include = pathspec.GitIgnoreSpec.from_lines(include) if include else None
            self._exclude = pathspec.GitIgnoreSpec.from_lines(exclude)
        except ValueError as error:
            raise InputError(f"a glob of include or exclude cannot be read: {error}") from None

    def admit(self, name: str) -> bool:
        return (self._include is None or self._include.match_file(name)) and not self._exclude.match_file(name)


def _without(paths: list[Path], apart: Iterable[Path]) -> list[Path]:
    known = {path.resolve() for path in apart}
    return [path for path in paths if path.resolve() not in known] if known else paths


def _left_out_by_rule(listed: FolderFiles, root: Path, patterns: _Patterns, apart: Iterable[Path]) -> list[Skipped]:
    """Return a line for each linked folder, and one for all documents that git ignores."""
    linked = [Skipped(_name(path, root), LINKED) for path in listed.linked if patterns.admit(_name(path, root))]
    ignored, _ = _split_by_ending(_without(listed.ignored, apart), root, patterns)
    count = f"{len(ignored):,} {'document' if len(ignored) == 1 else 'documents'}"
    return [*linked, *([Skipped(count, IGNORED)] if ignored else [])]


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS


def is_broken(entry: Skipped) -> bool:
    """Whether a document was left out because nobody can read it, and not by a rule."""
    return entry.reason not in {NOT_READ, IGNORED, LINKED} and not entry.reason.startswith(_LOOKS_LIKE)


def _split_by_ending(
    paths: list[Path], root: Path, patterns: _Patterns, *, single: bool = False
) -> tuple[list[Path], Counter[str]]:
    """Split `paths` into documents and the endings of other files, counted."""
    wanted, other = [], Counter[str]()
    for path in paths:
        if not _is_text(path) and not single:
            other[path.suffix.lower() or "without an ending"] += 1
        elif patterns.admit(_name(path, root)):
            wanted.append(path)
    return wanted, other


def _name(path: Path, root: Path) -> str:
    return _writable(path.relative_to(root).as_posix())


def _writable(name: str) -> str:
    """Return `name` with what UTF-8 cannot hold written out: a file's name may be any bytes, and stands in reports."""
    return name.encode("utf-8", "backslashreplace").decode()


def _read_all(paths: list[Path], root: Path) -> tuple[list[Document], list[Skipped]]:
    documents, broken = [], []
    for path in paths:
        name = _name(path, root)
        try:
            documents.append(Document(name, _decode(_read_bytes(path))))
        except ValueError as error:
            broken.append(Skipped(name, str(error)))
        except OSError as error:
            broken.append(Skipped(name, f"cannot be read ({error.strerror})"))
    return documents, broken


def _read_bytes(path: Path) -> bytes:
    """Return what a file holds; raise `ValueError` for a device or a pipe, which may never end."""
    if not path.is_file():
        raise ValueError(NOT_REGULAR)
    return path.read_bytes()


def _decode(data: bytes) -> str:
    """Return the text of UTF-8 without its mark; raise `ValueError`, with the reason, where it is none.

    Latin text in UTF-16 without a mark is UTF-8 with a NUL after each letter. Nobody can find a word in it.
    """
    wide = _wide_encoding(data)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        binary = _BINARY if b"\0" in data else f"is not UTF-8 at byte {error.start}"
        raise ValueError(f"is {wide}, not UTF-8" if wide else binary) from None
    if wide:
        raise ValueError(f"{_LOOKS_LIKE}{wide}, and is left out. Convert it: iconv -f {wide} -t UTF-8")
    return text


def _wide_encoding(data: bytes) -> str | None:
    """Return which of UTF-16 and UTF-32 the bytes are: by their mark, or by NULs where Latin letters have them."""
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    for name in [marked] if marked else _UNMARKED if b"\0" in data else ():
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if marked or _is_mostly_latin(text):
            return name
    return None


def _is_mostly_latin(text: str) -> bool:
    """Whether letters below U+0100 make up most of a text, as they do where each second byte is a NUL."""
    return sum("\0" < letter < "\u0100" for letter in text) > _LATIN * len(text)


def _unreadable(broken: list[Skipped]) -> str:
    lines = "\n".join(f"  {name} {reason}" for name, reason in broken)
    tools = ", or ".join(dict.fromkeys(tool for _, reason in broken if (tool := _remedy(reason))))
    convert = f"Convert them ({tools}), or leave" if tools else "Leave"
    return (
        f"{len(broken)} of the documents cannot be read as UTF-8 text:\n{lines}\n"
        f"{convert} them out with --skip-unreadable."
    )


def _remedy(reason: str) -> str | None:
    """Return the programs that make UTF-8 of a file, where some do."""
    if reason == _BINARY:
        return "pdftotext, pandoc"
    encoding = next((name for name in (*_MARKS.values(), *_UNMARKED) if reason == f"is {name}, not UTF-8"), "LATIN1")
    return f"iconv -f {encoding} -t UTF-8" if "not UTF-8" in reason else None


def _count_endings(other: Counter[str]) -> list[Skipped]:
    return [Skipped(f"{count:,} {ending}", NOT_READ) for ending, count in other.most_common()]


def _nothing(path: Path, patterns: _Patterns, broken: list[Skipped], left_out: list[Skipped]) -> str:
    """Say why there is no document under `path`."""
    if broken:
        return f"no document under {path} could be read: {'; '.join(f'{name} {reason}' for name, reason in broken)}"
    if patterns.given:
        return f"no document under {path} passes --include and --exclude"
    seen = ", ".join(name if reason == NOT_READ else f"{name} {reason}" for name, reason in left_out[:5])
    rest = f"; there are {seen}" if seen else "; the folder is empty"
    return f"no document under {path}: rag-chunk reads {', '.join(ENDINGS)}{rest}"


def _jsonl(path: Path) -> Iterator[Document]:
    """Yield the documents of a JSONL file; raise `InputError` with every line that is not one."""
    try:
        lines = _decode(path.read_bytes()).split("\n")
    except ValueError as error:
        raise InputError(f"{path} {error}") from None
    problems, documents = [], []
    for number, line in enumerate(lines, 1):
        try:
            documents += _line_document(line)
        except ValueError as error:
            problems.append(f"  line {number}: {error}")
        except RecursionError:
            problems.append(f"  line {number}: it is nested too deeply")
    if problems or not documents:
        listed = "\n".join(problems) or "  it has no lines"
        raise InputError(f'{path} must hold one {{"name": …, "text": …}} a line:\n{listed}')
    yield from documents


def _line_document(line: str) -> list[Document]:
    if not line.strip():
        return []
    value: Any = json.loads(line)
    name, text = (value.get("name"), value.get("text")) if isinstance(value, dict) else (None, None)
    if not isinstance(name, str) or not name or not isinstance(text, str):
        raise ValueError('it needs "name" and "text", both text')
    return [Document(_writable(name), text.removeprefix("\ufeff"))]
