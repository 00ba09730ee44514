"""What a notebook shows of an audit: the verdict, what blocks, and pictures of the first findings; names are text."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from kvqa_audit.model import AuditRun, FindingStatus
from kvqa_audit.model.counts import count_findings, in_words
from kvqa_audit.model.notebook import MAX_PICTURES, grey_png
from kvqa_audit.release.standing import judge_audit, with_verdict
from kvqa_audit.spec.load import load_spec
from tests.report_samples import HOSTILE, sample_run


class Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def with_thumbnails(run: AuditRun) -> AuditRun:
    return replace(run, fingerprints=tuple(replace(one, thumbnail=bytes(range(256)) * 16) for one in run.fingerprints))


@pytest.mark.parametrize(("exit_code", "verdict"), [(0, "Ready: "), (1, "Not ready: "), (3, "Not judged: ")])
def test_the_verdict_comes_first_and_the_gravest_checks_with_their_numbers(exit_code: int, verdict: str) -> None:
    text = Seen(replace(sample_run(), exit_code=exit_code)._repr_html_()).text
    assert text.startswith(verdict)
    assert "5,000 rows, 72 images" in text
    assert text.index("Errors, 3 checks:") < text.index("Worth a look, ")
    counted = in_words(count_findings(sample_run().findings).of("KV010"))
    assert f"An answer is not in the vocabulary: {counted} of 247 rows (KV010)" in text


def test_a_judged_audit_says_its_verdict_and_what_blocks() -> None:
    verdict = judge_audit(sample_run(), load_spec())
    text = Seen(with_verdict(sample_run(), verdict)._repr_html_()).text
    assert text.startswith(verdict.sentence)
    assert f"Blocks the release, {len(verdict.blockers)} checks:" in text
    assert f"findings: {in_words(verdict.tally.total)}." in text


def test_the_first_findings_are_shown_by_the_thumbnails_that_the_audit_made() -> None:
    run = with_thumbnails(sample_run())
    images = [attributes for tag, attributes in Seen(run._repr_html_()).tags if tag == "img"]
    assert len(images) == MAX_PICTURES
    first = Image.open(io.BytesIO(base64.b64decode(str(images[0]["src"]).partition(",")[2])))
    assert np.asarray(first).tobytes() == run.fingerprints[0].thumbnail
    worst = max((f for f in run.findings if f.img_id and f.status is FindingStatus.OPEN), key=lambda f: f.severity.rank)
    assert str(images[0]["alt"]).startswith(worst.check)
    assert "<img" not in sample_run()._repr_html_()


def test_a_grey_picture_is_a_png_that_others_read() -> None:
    pixels = bytes(n % 256 for n in range(9))
    assert np.asarray(Image.open(io.BytesIO(grey_png(pixels, 3)))).tobytes() == pixels


def test_hostile_names_are_text() -> None:
    run = with_thumbnails(sample_run())
    for hostile in HOSTILE:
        docs = {code: replace(doc, title=hostile, unit=hostile) for code, doc in run.docs.items()}
        page = replace(run, run_id=hostile, docs=docs, dataset=replace(run.dataset, name=hostile))._repr_html_()
        page.encode("utf-8")
        tags = Seen(page).tags
        assert {tag for tag, _ in tags} == {"div", "p", "b", "ul", "li", "img"}
        assert all(set(attributes) <= {"src", "width", "height", "alt", "title"} for _, attributes in tags)
        assert len(page) < 40_000


def test_an_audit_without_checks_says_so() -> None:
    text = Seen(replace(sample_run(), outcomes=(), findings=())._repr_html_()).text
    assert "0 of 0 checks judged; findings: none open." in text
