"""PDF: text by PDFium, or Markdown by LiteParse. Neither recognises letters in pictures."""

import re
import zlib
from typing import Any

from rag_chunk.corpus.converters.pages import ConversionError, ConvertedPages, Limits, number_pages

_STREAM, _DEFLATED = re.compile(rb"(?<!end)stream\r?\n"), re.compile(rb"/Filter\s*(?:\[\s*)?/FlateDecode\b")
_DICTIONARY = 400  # bytes before a stream in which its filter is named
_MOST_DAMAGED = 0.05  # of the compressed parts
_PIECE = 1 << 20  # bytes that are unpacked at once
_TAIL = 2048  # bytes at the end of a PDF in which its end mark is, as viewers have it


def read_with_pdfium(data: bytes, ending: str, limits: Limits) -> ConvertedPages:
    """Return the text of each page."""
    import pypdfium2

    _check_pdf(data, limits)
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ConversionError(_problem(str(error))) from None
    _check_count(len(document), limits)
    return number_pages([_page_text(document, number) for number in range(len(document))])


def _page_text(document: "object", number: int) -> str:
    """Return the text of a page, which is closed at once: each takes memory."""
    import pypdfium2

    try:
        page = document[number]  # type: ignore[index] # its class has no types
        text = page.get_textpage()
        written: str = text.get_text_range()
        text.close()
        page.close()
    except pypdfium2.PdfiumError:
        raise ConversionError(f"is damaged: page {number + 1} cannot be read") from None
    return written


def read_with_liteparse(data: bytes, ending: str, limits: Limits, **options: Any) -> ConvertedPages:
    """Return the Markdown of each page."""
    import liteparse

    _check_pdf(data, limits)
    parser = liteparse.LiteParse(num_workers=1, max_pages=limits.pages + 1, quiet=True, **options)
    try:
        parsed = parser.parse(data)
    except liteparse.ParseError as error:
        raise ConversionError(_problem(str(error))) from None
    _check_count(parsed.total_pages, limits)
    if parsed.page_errors:
        raise ConversionError(f"is damaged: page {parsed.page_errors[0].page_num} cannot be read")
    return number_pages(page.markdown for page in parsed.pages)


def _check_pdf(data: bytes, limits: Limits) -> None:
    """Raise `ConversionError` for what is no PDF, or the first part of one: PDFium repairs that, and drops pages."""
    if b"%PDF-" not in data[:1024]:
        raise ConversionError("is no PDF")
    if b"%%EOF" not in data[-_TAIL:]:
        raise ConversionError("is cut off: it has no end mark (%%EOF)")
    _check_streams(data, limits)


def _check_count(pages: int, limits: Limits) -> None:
    if pages > limits.pages:
        raise ConversionError(f"has {pages:,} pages, and at most {limits.pages:,} are converted")


def _check_streams(data: bytes, limits: Limits) -> None:
    """Raise `ConversionError` where the compressed parts hold too much, or many are damaged: PDFium says nothing of those.

    The parts of an encrypted file, which may be readable without a password, are passed over.
    """
    if b"/Encrypt" in data:
        return
    starts = [start.end() for start in _STREAM.finditer(data) if _is_deflated(data, start)]
    damaged = unpacked = 0
    for start in starts:
        size = _unpacked_size(data, start, limits.bytes - unpacked)
        damaged += size is None
        unpacked += size or 0
        if unpacked > limits.bytes:
            raise ConversionError(f"holds over {limits.bytes:,} bytes when unpacked, and at most so many are")
    if damaged > _MOST_DAMAGED * len(starts):
        raise ConversionError(f"is damaged: {damaged:,} of its {len(starts):,} compressed parts cannot be read")


def _is_deflated(data: bytes, start: "re.Match[bytes]") -> bool:
    """Whether deflate is the first filter of a stream, by the dictionary before it."""
    head = data[max(0, start.start() - _DICTIONARY) : start.start()]
    return _DEFLATED.search(head, max(0, head.rfind(b" obj"))) is not None


def _unpacked_size(data: bytes, start: int, most: int) -> int | None:
    """Return how many bytes a stream holds, counted until there are more than `most`; None where it is damaged."""
    end = data.find(b"endstream", start)
    unpacker, size = zlib.decompressobj(), 0
    rest = data[start : end if end > start else len(data)]
    try:
        while rest and not unpacker.eof and size <= most:
            size += len(unpacker.decompress(rest, _PIECE))
            rest = unpacker.unconsumed_tail
    except zlib.error:
        return None
    return size


def _problem(message: str) -> str:
    return "is encrypted: save it without a password" if "password" in message.lower() else "is damaged"
