"""Which documents of two analyses were converted in another way: texts differ for that before anything else."""

from collections import Counter

from rag_chunk.analysis.history.outcomes import Difference
from rag_chunk.analysis.report_inputs import ConversionEntry, CorpusEntry


def converter_differences(before: CorpusEntry, after: CorpusEntry) -> tuple[Difference, ...]:
    """Return each change of converter, version, options or rule, with how many documents it concerns."""
    old = {document.name: document.conversion for document in before.documents}
    changes: Counter[tuple[str, str]] = Counter()
    for document in after.documents:
        then, now = old.get(document.name), document.conversion
        if then and now:
            known = then.options and now.options  # reports before they were recorded have none
            pair = (_describe(then, with_options=bool(known)), _describe(now, with_options=bool(known)))
            changes.update([pair] if pair[0] != pair[1] else [])
    return tuple(
        Difference(name=f"{count:,} document{'' if count == 1 else 's'}", what=f"converted by {then}, now by {now}")
        for (then, now), count in changes.most_common()
    )


def _describe(conversion: ConversionEntry, *, with_options: bool) -> str:
    options = f", {conversion.options}" if with_options else ""
    return f"{conversion.converter} {conversion.version} (rule {conversion.rule}{options})"
