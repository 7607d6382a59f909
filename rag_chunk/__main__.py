"""`python -m rag_chunk`."""

from rag_chunk.cli import program

program()
