"""The version of rag-chunk, apart from the package so that every room may import it."""

__version__ = "1.0.0"
