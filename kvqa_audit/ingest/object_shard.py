"""Ids and URLs of pictures come in, in whatever process; their bytes, fetched some ahead of their turn, go out."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from itertools import islice

from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.ingest.image_folder import MAX_FILE_BYTES
from kvqa_audit.ingest.image_place import ImagePlace
from kvqa_audit.ingest.object_store import ObjectError, ObjectFact, OpenObject, open_object, store_key
from kvqa_audit.ingest.object_url import is_object_url, shown
from kvqa_audit.ingest.read_bytes import is_lfs_pointer

AHEAD = 8
# A larger picture is read when it is its turn, so that what is read ahead stays small.
MAX_AHEAD_BYTES = 4 << 20
# An image has 20 seconds in its child, some of which are for its decoder.
SECONDS_A_PICTURE = 16.0


@dataclass(frozen=True, slots=True)
class ObjectImage:
    """One picture in object storage; `fact` is what a listing told of it, None where none was asked for."""

    img_id: str
    path: str
    fact: ObjectFact | None = None


@dataclass(frozen=True, slots=True)
class ObjectShard:
    """Some pictures in object storage, by their paths below `base`; where that is "", the paths are URLs."""

    base: str
    images: tuple[ObjectImage, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.img_id for one in self.images)

    @property
    def local_paths(self) -> tuple[str, ...]:
        return ()

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        return tuple((one.img_id, one.path) for one in self.images)

    def read(self) -> Iterator[RawImage]:
        """Fetches the pictures, up to `AHEAD` at once; never raises for a single one."""
        waiting: deque[tuple[ObjectImage, Future[OpenObject | bytes]]] = deque()
        left = iter(self.images)
        pool = ThreadPoolExecutor(AHEAD)
        try:
            while True:
                waiting += ((one, pool.submit(self._fetched, one)) for one in islice(left, AHEAD - len(waiting)))
                if not waiting:
                    return
                yield self._image(*waiting.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def pick(self, ids: Collection[str]) -> Iterator[RawImage]:
        """Fetches the pictures of these ids only."""
        return ObjectShard(self.base, tuple(one for one in self.images if one.img_id in ids)).read()

    def places(self) -> dict[str, ImagePlace]:
        """Each listed picture by its URL, with its ETag and size; one that a manifest names is fetched in every run."""
        return {
            one.img_id: ImagePlace(f"{store_key()}\0{self._url(one)}", f"{one.fact.size_bytes}:{one.fact.etag}")
            for one in self.images
            if one.fact is not None and one.fact.etag
        }

    def _url(self, one: ObjectImage) -> str:
        return f"{self.base}/{one.path}" if self.base else one.path

    def _fetched(self, one: ObjectImage) -> OpenObject | bytes:
        url = self._url(one)
        if not is_object_url(url):
            raise ObjectError("not_readable", "is no s3://, gs://, az:// or https:// URL")
        opened = open_object(url)
        size = opened.fact.size_bytes
        if size > MAX_FILE_BYTES:
            raise ObjectError("too_large", f"{size:,} bytes; at most {MAX_FILE_BYTES:,}")
        if one.fact is not None and one.fact.etag and opened.fact != one.fact:
            raise ObjectError("not_readable", "the object was replaced after the source was listed")
        return opened.read() if size <= MAX_AHEAD_BYTES else opened

    def _image(self, one: ObjectImage, fetched: Future[OpenObject | bytes]) -> RawImage:
        path = one.path if self.base else shown(one.path)
        try:
            found = fetched.result(SECONDS_A_PICTURE)
            data = found if isinstance(found, bytes) else found.read()
        except NotInTime:
            return RawImage(one.img_id, path, b"", "not_readable", f"was not fetched within {SECONDS_A_PICTURE:g} s")
        except ObjectError as error:
            return RawImage(one.img_id, path, b"", error.problem, error.detail)
        if is_lfs_pointer(data):
            return RawImage(one.img_id, path, data, "lfs_pointer", "is a pointer of Git LFS, not the picture")
        return RawImage(one.img_id, path, data, *(("empty", "0 bytes") if not data else (None, None)))
