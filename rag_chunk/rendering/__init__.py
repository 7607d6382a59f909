"""A report as text: a table for the terminal, JSON, CSV, Markdown and HTML. Pure functions."""

from rag_chunk.rendering.columns import formatted, shown_columns
from rag_chunk.rendering.html import html_text
from rag_chunk.rendering.plain_text import csv_text, markdown_table, markdown_text

__all__ = ["csv_text", "formatted", "html_text", "markdown_table", "markdown_text", "shown_columns"]
