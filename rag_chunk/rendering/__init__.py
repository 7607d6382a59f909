"""A report as text: a table for the terminal, JSON, CSV and Markdown. Pure functions."""

from rag_chunk.rendering.columns import formatted, shown_columns
from rag_chunk.rendering.texts import csv_text, markdown_table, markdown_text

__all__ = ["csv_text", "formatted", "markdown_table", "markdown_text", "shown_columns"]
