"""A report as text: a table for the terminal, JSON, CSV, Markdown and HTML. Pure functions.

The page of HTML is in `rendering.html`: what it takes is imported where a page is made.
"""

from rag_chunk.rendering.columns import columns_to_show, draft_warning, format_metric, notes
from rag_chunk.rendering.plain_text import csv_text, markdown_table, markdown_text

__all__ = [
    "columns_to_show",
    "csv_text",
    "draft_warning",
    "format_metric",
    "markdown_table",
    "markdown_text",
    "notes",
]
