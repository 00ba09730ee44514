"""The use case that every caller shares: events, cancelling, two at once, and what it leaves in the folder."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.errors import CancelledError
from kvqa_audit.outputs.formats import formats_named
from kvqa_audit.pipeline import evidence
from kvqa_audit.pipeline.options import AuditOptions
from kvqa_audit.pipeline.publish import AuditRequest, Publication, Published, audit_and_publish
from kvqa_audit.progress import ItemsDone, ProgressEvent, StageFinished, StageStarted
from kvqa_audit.spec.load import load_spec


@pytest.fixture(autouse=True)
def cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KVQA_AUDIT_CACHE", str(tmp_path / "cache"))


def request_for(folder: Path) -> AuditRequest:
    """Without promises, which spares each audit the import of Great Expectations in a process of its own."""
    spec = load_spec().model_copy(update={"promises": []})
    return AuditRequest(str(folder), AuditOptions(spec, subset=True))


def test_a_listener_hears_of_every_stage_and_of_each_image(few: Path, tmp_path: Path) -> None:
    events: list[ProgressEvent] = []
    published = audit_and_publish(
        request_for(few), Publication(tmp_path, formats=formats_named("junit,github")), listener=events.append
    )
    stages = tuple(event.stage for event in events if isinstance(event, StageFinished))
    assert stages == published.run.stages
    images = next(stage for stage in stages if stage.name == "look at the images")
    start = events.index(StageStarted(images.name, images.items))
    counted = 0
    for event in events[start + 1 :]:
        if not isinstance(event, ItemsDone):
            break
        counted += event.count
    assert counted == images.items == published.run.dataset.images
    assert (tmp_path / "junit.xml").exists()
    assert published.printed.startswith("::")


def test_a_run_keeps_the_id_it_was_given_and_an_absolute_location(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(few.parent)
    options = AuditOptions(subset=True, table_only=True)
    audit_and_publish(AuditRequest(few.name, options), Publication(tmp_path), run_id="c0ffee")
    run = read_artifacts(tmp_path)
    assert (run.run_id, run.dataset.location) == ("c0ffee", str(few))


@pytest.mark.parametrize(
    "stage", ["read the table", "look at the images", "find duplicates", "judge the rows", "run the checks"]
)
def test_a_cancelled_audit_ends_and_leaves_nothing(stage: str, few: Path, tmp_path: Path) -> None:
    cancel = threading.Event()

    def listener(event: ProgressEvent) -> None:
        if isinstance(event, StageStarted) and event.name == stage:
            cancel.set()

    with pytest.raises(CancelledError):
        audit_and_publish(request_for(few), Publication(tmp_path / "out"), cancel=cancel, listener=listener)
    assert not (tmp_path / "out").exists()


def test_two_audits_at_once_in_one_process_find_what_one_finds(
    few: Path, few_audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An engine in a thread could not be ended by its time limit.
    monkeypatch.setattr(evidence, "Call", lambda *_: pytest.fail("an engine works in a thread"))
    done: dict[str, Published] = {}

    def work(name: str) -> None:
        done[name] = audit_and_publish(AuditRequest(str(few), AuditOptions(subset=True)), Publication(tmp_path / name))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = read_artifacts(few_audited)
    for name in ("one", "two"):
        run = read_artifacts(tmp_path / name)
        assert (run.findings, run.pairs, run.rows) == (alone.findings, alone.pairs, alone.rows)
        assert not any("cache" in note for note in run.metrics["notes"])
    assert done["one"].run.run_id != done["two"].run.run_id
