"""A claimed job comes in; what its child process has to do goes out as JSON, and comes back there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kvqa_audit.json_text import value_of_json


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """One attempt at an audit.

    Attributes:
        store: the store's place, with its password if it has one.
        job, fence, run: the job, the number under which it is held, and the id of the run.
        dataset: the id of the dataset.
        source, project, spec, description, gate, decisions, options: as in `DatasetSettings`.
        work: a folder of this attempt alone, for the files of the description.
        out: the folder for the results.
        report_url: where its report can be opened, "" where nobody knows.
        roots, hub: the folders and Hub ids that may be audited; None is without limit.
        watch: tell what there is to see of the dataset, and leave out the audit if it is `seen_before`.
        worker: the id of the process without which the child shall not live.
    """

    store: str
    job: int
    fence: int
    run: str
    dataset: int
    source: str
    project: str
    work: str
    out: str
    worker: int
    spec: str | None = None
    description: Mapping[str, str] = field(default_factory=dict)
    gate: str | None = None
    decisions: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    report_url: str = ""
    roots: Sequence[str] | None = None
    hub: Sequence[str] = ()
    watch: bool = False
    seen_before: str | None = None

    def as_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def of_json(text: bytes) -> AuditOrder:
        return AuditOrder(**value_of_json(text))
