"""Takes the pictures that the documentation shows: of the report on examples/, in Chromium.

    python scripts/pictures.py

It needs `chromium` on the path. Pictures are looked at before they are committed: no test takes them again.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rag_chunk import RunConfig, analyze, read_corpus, read_questions
from rag_chunk.config import STRATEGIES, AnalysisConfig
from rag_chunk.rendering.html import html_text

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_VIEWER_ALONE = """
<style>header, footer, section:not(#viewer) { display: none } section { margin-top: 20px !important }</style>
<script>document.querySelectorAll("#matrix tbody tr button")[7].click()</script>
"""
PICTURES = {"report.png": ((1040, 850), ""), "viewer.png": ((1040, 740), _VIEWER_ALONE)}  # size, and what is added


def page() -> str:
    """Return the report on examples/: every strategy that needs no vectors, in three sizes."""
    corpus = read_corpus(ROOT / "examples")
    questions = read_questions(ROOT / "examples" / "questions.json", corpus)
    names = [row.name for row in STRATEGIES.values() if not row.needs_vectors]
    configs = [RunConfig(strategy=name, chunk_size=size) for name in names for size in (100, 200, 400)]
    return html_text(analyze(corpus, configs, questions, settings=AnalysisConfig(source=ROOT / "examples")))


def take(name: str, text: str, folder: Path) -> None:
    """Take one picture of a page."""
    (width, height), added = PICTURES[name]
    (folder / "page.html").write_text(text.replace("</body>", f"{added}</body>"), encoding="utf-8")
    subprocess.run(  # noqa: S603 - the browser
        [
            str(shutil.which("chromium")), *FLAGS, f"--user-data-dir={folder / name}", f"--window-size={width},{height}",
            "--blink-settings=preferredColorScheme=1", f"--screenshot={IMAGES / name}", str(folder / "page.html"),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


def main() -> int:
    """Take all pictures."""
    if shutil.which("chromium") is None:
        sys.stderr.write("there is no chromium on the path\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    text = page()
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        for name in PICTURES:
            take(name, text, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
