"""Orders come in as lines of JSON; the queue of a run is made, and its pictures are drawn into files: a process's life.

It holds the whole audit of one run, so that the process that answers browsers need not; pictures are decoded by guarded
children of it. It ends with its standard input, and so with its parent.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kvqa_audit.artifacts.atomic_file import write_atomically
from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.errors import KvqaAuditError
from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.model import AuditRun
from kvqa_audit.pipeline.description import description_of
from kvqa_audit.previews.studio import Studio, studio_for
from kvqa_audit.reviews.picture_files import LAID_SIDE_PX, PICTURE_SIDE_PX, pair_names, picture_name
from kvqa_audit.reviews.prepare import prepare
from kvqa_audit.reviews.sampling import lay_out_sample

_WORKERS = 2


def main() -> None:
    """Reads what run it is for, and does what is asked until nobody asks any more."""
    told = json.loads(sys.stdin.readline())
    folder = Path(told["folder"])
    run = read_artifacts(folder)
    with ExitStack() as opened:
        studio: Studio | None = None
        for line in sys.stdin:
            order = json.loads(line)
            try:
                if order["do"] == "prepare":
                    with JobStore(told["store"], make=False) as store:
                        prepare(store, told["dataset"], run, folder, datetime.now(UTC).date())
                elif order["do"] == "sample":
                    about = (order["size"], order["planted"], datetime.now(UTC).date())
                    with JobStore(told["store"], make=False) as store:
                        lay_out_sample(store, told["dataset"], run, folder, *about)
                else:
                    studio = studio or opened.enter_context(_studio(run, blur_text=told["blur_text"]))
                    _draw(studio, order, folder)
                answer: dict[str, Any] = {"id": order["id"]}
            except (KvqaAuditError, OSError) as error:
                answer = {"id": order["id"], "error": str(error)}
            except Exception as error:  # noqa: BLE001 - who asked has to hear of it
                traceback.print_exc()
                answer = {"id": order["id"], "error": f"a fault of the program: {type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


def _studio(run: AuditRun, *, blur_text: bool) -> Any:
    return studio_for(run, description_of(run, None), blur_text=blur_text, jobs=_WORKERS)


def _draw(studio: Studio, order: Mapping[str, Any], folder: Path) -> None:
    for name, content in _drawn(studio, order):
        write_atomically(folder / name, content)


def _drawn(studio: Studio, order: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The files of what is asked for; a picture that is lacking is a text that says why."""
    if wanted := order.get("pictures"):
        for img_id, preview in studio.previews(dict.fromkeys(wanted, PICTURE_SIDE_PX)).items():
            yield picture_name(img_id), preview.picture or preview.missing.encode()
    if wanted := order.get("pairs"):
        for pair, laid in studio.pairs(map(tuple, wanted), LAID_SIDE_PX).items():
            left, right, about = pair_names(pair)
            told = {"is_aligned": laid.aligned, "corners": laid.corners, "missing": laid.missing}
            yield left, laid.left or laid.missing.encode()
            yield right, laid.right or laid.missing.encode()
            yield about, json.dumps(told).encode()


if __name__ == "__main__":
    main()
