"""Real texts, cut out and joined at random: Markdown, reStructuredText, HTML, and many scripts."""

import json
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from tests.support.texts import FRAGMENTS

ROOT = Path(__file__).parents[2]
PUBLIC = ROOT.parent / "shared" / "data"  # data sets beside the repository, where there are any
LONGEST = 300  # characters of one cutting
MOST = 3  # installed files of one kind
SCRIPTS = (
    "Дверь открывают ключом в 9 ч. утра, см. рис. 3. Сторож живёт в г. Казани с 1999 г. Он знает все замки.",
    "يُفتح الباب بالمفتاح في الساعة ٩. هل هو مغلق؟ اسأل الحارس، فهو يعرف كل الأقفال.",
    "הדלת נפתחת במפתח בשעה 9. האם היא נעולה? שאלו את השומר.",
    "ประตูเปิดด้วยกุญแจเวลาเก้าโมงเช้า ถ้าประตูล็อกอยู่ ให้ถามยาม เขารู้จักกุญแจทุกดอก",
    "문은 아침 9시에 열쇠로 엽니다. 잠겨 있으면 경비원에게 물어보세요! 그는 모든 자물쇠를 압니다.",
    "扉は朝九時に鍵で開けます。閉まっていたら、守衛に聞いてください。「全部の鍵を知っています。」",
    "दरवाज़ा सुबह नौ बजे चाबी से खुलता है। बंद हो तो चौकीदार से पूछिए। श्री के. एल. शर्मा सब जानते हैं।",
    "კარი დილის ცხრა საათზე გასაღებით იღება. თუ დაკეტილია, ჰკითხეთ დარაჯს.",
    "တံခါးကို မနက်ကိုးနာရီမှာ သော့နဲ့ဖွင့်တယ်။ ပိတ်ထားရင် အစောင့်ကို မေးပါ။",
)


@cache
def real_texts() -> tuple[str, ...]:
    """Return all real texts that there are here, none of them blank."""
    return tuple(text for text in (*SCRIPTS, *_files(), *_paragraphs()) if text.strip())


def _files() -> Iterator[str]:
    folders = (ROOT / "examples", ROOT / "docs", ROOT / "rag_chunk", PUBLIC / "chroma-eval")
    paths = [path for folder in folders for kind in ("md", "html") for path in sorted(folder.rglob(f"*.{kind}"))]
    installed = Path(sysconfig.get_path("purelib"))
    for kind in ("*.rst", "*.html"):
        paths += sorted(installed.rglob(kind))[:MOST]
    for path in paths:
        yield path.read_bytes().decode("utf-8", "replace")


def _paragraphs() -> Iterator[str]:
    for path in sorted((PUBLIC / "xquad").glob("*.json")):
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        yield "\n\n".join(paragraph["context"] for article in articles for paragraph in article["paragraphs"])


@st.composite
def cuttings(draw: st.DrawFn) -> str:
    """Draw a stretch of a real text: from anywhere to anywhere."""
    text = draw(st.sampled_from(real_texts()))
    start = draw(st.integers(0, len(text) - 1))
    return text[start : start + draw(st.integers(1, LONGEST))]


spliced = st.lists(st.one_of(cuttings(), cuttings(), st.sampled_from(FRAGMENTS)), max_size=6).map("".join)
