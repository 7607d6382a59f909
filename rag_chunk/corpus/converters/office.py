"""Office files, EPUB and notebooks to Markdown. Macros are not run, pictures are left out, nothing is fetched."""

import asyncio
import io
import zipfile
from collections.abc import Mapping
from typing import Any

from rag_chunk.corpus.converters.pages import ConversionError, ConvertedPages, Limits, number_pages

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # the container that Office puts around encrypted files, too
_ZIPPED = (".docx", ".pptx", ".xlsx", ".odt", ".epub")


def read_office(data: bytes, ending: str, limits: Limits, **options: Any) -> ConvertedPages:
    """Return the Markdown of a file; slides are pages, and nothing else is: where a page ends is up to the printer."""
    import xberg

    if ending in _ZIPPED:
        _check_archive(data, limits)
    result = asyncio.run(
        xberg.extract(
            xberg.ExtractInput(kind="bytes", bytes=data, filename=f"document{ending}"), _settings(limits, options)
        )
    )
    if result.errors or not result.results:
        raise ConversionError("is damaged")
    document = result.results[0]
    if ending == ".pptx" and document.pages:
        return number_pages(page.content for page in document.pages)
    return ConvertedPages((document.content,))


def _settings(limits: Limits, options: Mapping[str, Any]) -> "object":
    import xberg

    return xberg.ExtractionConfig(
        use_cache=False,
        images=xberg.ImageExtractionConfig(extract_images=False, inject_placeholders=False, run_ocr_on_images=False),
        pages=xberg.PageConfig(extract_pages=True),
        security_limits=xberg.SecurityLimits(max_archive_size=limits.bytes),
        max_archive_depth=1,
        max_embedded_file_bytes=0,
        **options,
    )


def _check_archive(data: bytes, limits: Limits) -> None:
    """Raise `ConversionError` for what is encrypted, no archive, or too large when unpacked."""
    if data.startswith(_OLD_OFFICE):
        raise ConversionError("is encrypted, or of an old Office: save it in a current format without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile:
        raise ConversionError("is damaged") from None
    if any(member.flag_bits & 1 for member in members):
        raise ConversionError("is encrypted: save it without a password")
    if (size := sum(member.file_size for member in members)) > limits.bytes:
        raise ConversionError(f"holds {size:,} bytes when unpacked, and at most {limits.bytes:,} are")
