"""A report as text: a table for the terminal, JSON, CSV, Markdown and HTML. Pure functions."""

from rag_chunk.rendering.columns import columns_to_show, draft_warning, format_metric, notes
from rag_chunk.rendering.html import html_text
from rag_chunk.rendering.plain_text import csv_text, markdown_table, markdown_text

__all__ = [
    "columns_to_show",
    "csv_text",
    "draft_warning",
    "format_metric",
    "html_text",
    "markdown_table",
    "markdown_text",
    "notes",
]
