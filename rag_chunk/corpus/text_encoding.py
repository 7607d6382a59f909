"""Text out of a file's bytes: UTF-8, or the reason why it is none."""

import codecs
from collections.abc import Sequence
from pathlib import Path

from rag_chunk.corpus.document import Skipped
from rag_chunk.errors import InputError, not_utf8

BINARY = "is no text"
LOOKS_LIKE = "looks like "
_UNMARKED = ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE")
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_LE: "UTF-16",
    codecs.BOM_BE: "UTF-16",
}
_ARCHIVE = b"PK\x03\x04"
_LATIN = 0.5  # the share of Latin letters that tells UTF-16 from UTF-8 with a NUL in it

_LONGEST_STREAM = 100_000_000  # bytes


def decode(data: bytes) -> str:
    """Return the text of UTF-8 without its mark; raise `ValueError`, with the reason, where it is none.

    Latin text in UTF-16 without a mark is UTF-8 with a NUL after each letter. Nobody can find a word in it.
    """
    wide = _wide_encoding(data)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        binary = BINARY if b"\0" in data else f"is not UTF-8 at byte {error.start}"
        raise ValueError(f"is {wide}, not UTF-8" if wide else binary) from None
    if wide:
        raise ValueError(f"{LOOKS_LIKE}{wide}, and is left out. Convert it: iconv -f {wide} -t UTF-8")
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


def remedy(reason: str) -> str | None:
    """Return the programs that make UTF-8 of a file, where some do."""
    if reason == BINARY:
        return "pdftotext, pandoc"
    encoding = next((name for name in (*_MARKS.values(), *_UNMARKED) if reason == f"is {name}, not UTF-8"), "LATIN1")
    return f"iconv -f {encoding} -t UTF-8" if "not UTF-8" in reason else None


def unreadable_error(broken: Sequence[Skipped]) -> InputError:
    """Return the error that names all documents that cannot be read, and the programs that help."""
    lines = "\n".join(f"  {name} {reason}" for name, reason in broken)
    tools = ", or ".join(dict.fromkeys(tool for _, reason in broken if (tool := remedy(reason))))
    convert = f"Convert them ({tools}), or leave" if tools else "Leave"
    return InputError(
        f"{len(broken)} of the documents cannot be read:\n{lines}\n{convert} them out with --skip-unreadable."
    )


def writable(name: str) -> str:
    """Return `name` with what UTF-8 cannot hold written out: a file's name may be any bytes, and reports show it."""
    return name.encode("utf-8", "backslashreplace").decode()


def read_utf8(path: Path, kind: str = "") -> str:
    """Return the text of a file, without its byte-order mark; raise `InputError` where it cannot be read.

    `kind` is what messages call the file, as in "question file".
    """
    name = f"the {kind} {path}" if kind else str(path)
    try:
        data = _read_bytes(path, name)
        if data.startswith(_ARCHIVE):
            raise InputError(f"{name} is a ZIP archive, as Excel's files are; save it as text, such as CSV in UTF-8")
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no {kind or 'file'} {path}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{name} {not_utf8(error)}") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a folder, not a file") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None
    if wide := _wide_encoding(data):
        raise InputError(f"{name} {LOOKS_LIKE}{wide}. Convert it: iconv -f {wide} -t UTF-8")
    return text


def _read_bytes(path: Path, name: str) -> bytes:
    """Return what a file holds; of a device or a pipe, which may never end, a bounded number of bytes."""
    if path.is_file():
        return path.read_bytes()
    with path.open("rb") as file:
        content = file.read(_LONGEST_STREAM + 1)
    if len(content) > _LONGEST_STREAM:
        raise InputError(f"{name} is no regular file, and has no end within {_LONGEST_STREAM // 1_000_000} MB")
    return content
