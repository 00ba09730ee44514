"""Pictures on a server that cuts, waits and refuses: each comes once, or says why it does not."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")

from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.fingerprint_stage import fingerprint_images
from kvqa_audit.ingest import object_shard, object_store
from kvqa_audit.ingest.object_shard import ObjectImage, ObjectShard
from tests.faulty_server import Asked, serving

FAULTS = {
    "/refused.jpg": "503",
    "/denied.jpg": "403",
    "/gone.jpg": "404",
    "/cut.jpg": "cut",
    "/huge.jpg": str(object_shard.MAX_FILE_BYTES + 1),
    "/busy.jpg": "503 once",
    "/broken.jpg": "cut once",
}
SOUND = {"/busy.jpg", "/broken.jpg"} | {f"/{number:02}.jpg" for number in range(30)}
TOLD = {
    "/refused.jpg": ("not_readable", "the server answers 503"),
    "/denied.jpg": ("not_readable", "access is denied"),
    "/gone.jpg": ("missing", "there is no such object"),
    "/cut.jpg": ("not_readable", "the connection was cut"),
    "/huge.jpg": ("too_large", f"{object_shard.MAX_FILE_BYTES + 1:,} bytes; at most {object_shard.MAX_FILE_BYTES:,}"),
}


def picture() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 48), 40).save(file, "jpeg")
    return file.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[Asked]:
    with serving(picture(), FAULTS) as asked:
        yield asked


def shards_of(server: Asked, query: str = "") -> tuple[ObjectShard, ...]:
    images = [ObjectImage(path, f"{server.url}{path}{query}") for path in sorted(SOUND | TOLD.keys())]
    return tuple(ObjectShard("", tuple(images[start : start + 10])) for start in range(0, len(images), 10))


def test_guarded_children_fetch_each_picture_once_and_tell_what_they_could_not(server: Asked) -> None:
    with LocalPool(2) as pool:
        found = fingerprint_images(shards_of(server, "?sig=hunter2"), pool=pool).fingerprints
    assert [one.img_id for one in found] == sorted(SOUND | TOLD.keys())
    assert {one.img_id for one in found if one.problem is None} == SOUND
    assert {one.img_id: (one.problem, one.detail) for one in found if one.problem is not None} == TOLD
    assert "hunter2" not in str(found)
    assert {one.path for one in found} == {f"{server.url}{path}" for path in SOUND | TOLD.keys()}


def test_pictures_are_fetched_some_ahead_and_no_more(server: Asked) -> None:
    images = tuple(ObjectImage(str(number), f"{server.url}/{number:02}.jpg") for number in range(30))
    before = len(server.paths)
    reading = ObjectShard("", images).read()
    assert next(reading).problem is None
    reading.close()
    assert 1 <= len(server.paths) - before <= object_shard.AHEAD + 1


def test_a_server_that_never_answers_costs_the_picture_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_shard, "SECONDS_A_PICTURE", 0.3)
    with serving(b"x", {"/a.jpg": "hang"}) as asked:
        images = tuple(ObjectImage(name, f"{asked.url}/{name}.jpg") for name in ("a", "b"))
        found = {raw.img_id: (raw.problem, raw.detail, raw.data) for raw in ObjectShard("", images).read()}
    assert found == {"a": ("not_readable", "was not fetched within 0.3 s", b""), "b": (None, None, b"x")}


def test_a_picture_has_less_time_than_its_child() -> None:
    assert object_shard.SECONDS_A_PICTURE < 20.0
    assert object_store.PICTURE_SECONDS < object_shard.SECONDS_A_PICTURE


@pytest.mark.parametrize("url", ["images/a.jpg", "file:///etc/passwd", "ftp://host/a.jpg", "memory:///a", ""])
def test_only_urls_of_stores_are_asked_for(url: str) -> None:
    (raw,) = ObjectShard("", (ObjectImage("a", url),)).read()
    assert (raw.problem, raw.detail) == ("not_readable", "is no s3://, gs://, az:// or https:// URL")
