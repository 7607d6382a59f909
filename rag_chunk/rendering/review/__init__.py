"""A page on this machine to review questions: each with its evidence marked in its document.

The server answers on loopback only. Texts of documents and questions reach the page as JSON, and become text nodes there,
never markup.
"""

from rag_chunk.rendering.review.server import serve

__all__ = ["serve"]
