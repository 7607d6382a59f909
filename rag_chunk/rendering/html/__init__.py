"""A report as one HTML file that needs nothing else: `report.html`.

The plots are laid out here and drawn as SVG by the templates. TextSearch are percentages of the plot, so that a plot fits
every width while its text keeps its size; no plotting library offers that, and the smallest would outweigh the rest
of rag-chunk.
"""

from rag_chunk.rendering.html.page import html_text

__all__ = ["html_text"]
