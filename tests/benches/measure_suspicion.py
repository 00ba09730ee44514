"""A table comes in; how high exchanged answers rank among the suspicions, beside two baselines, goes out.

measure_suspicion.py TABLE [--tools DIR] [--seeds 1 2 3] [--flips 300] [--sources 60] [--spec YAML]
                     [--embedder MODEL.onnx] [--frames FOLDER]

TABLE is a metadata.csv, or a folder that holds one and the pictures: these are then looked at, and `answers alone` is
the ranking with what is seen in them (boxes, text) but without how they look. Beside it stand two peers that see the
pictures alone, by the same vectors: cleanlab's CleanLearning, question by question, and how near the nearest picture of
another answer is, beside the nearest of the same one (as SelfClean ranks them). With `--embedder` the vectors are those
of a model. Drawn pictures (charts, rooms, shapes) are put among the dataset's, and with `--frames`, a folder with
`images/` and `labels.csv`, some of its pictures, too; and its labels are taken for more sources, under which pictures
are then misplaced.

Answers are exchanged with the tool `plant.py` and judged by `score.py`, unchanged: once over the findings of KV350
(`findings`), once over all scored cells (`all`), and once for each baseline over all answered cells: the rarity of the
answer within its question, and within its question and source. In a table of its own, so many images are put under
another source (`sources`, over the findings of KV351). Seconds are CPU seconds of the ranking, imports left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import shutil
import statistics
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from planted_pictures import Looked, drawn, labels_of, look_at_bytes, look_at_folder, misplaced, off_topic

from kvqa_audit.answers.context import read_cells
from kvqa_audit.answers.held_out import looks_of
from kvqa_audit.answers.suspicion import rank_suspicious_answers
from kvqa_audit.embeddings.embedding_stage import network_at
from kvqa_audit.embeddings.network import Network
from kvqa_audit.engine.local import LocalPool
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.ingest.table import read_csv_table
from kvqa_audit.overlays.detection import things_seen
from kvqa_audit.pipeline.evidence import look_at_images, look_for_duplicates, look_for_overlays
from kvqa_audit.pipeline.picture_looks import Embeddings, look_of_pictures
from kvqa_audit.progress import Clock
from kvqa_audit.spec.dataset_spec import DatasetSpec
from kvqa_audit.spec.load import load_spec

TOOLS = Path(__file__).resolve().parents[3] / "shared" / "tools"


@dataclass(frozen=True)
class Pictures:
    """What the pictures of a dataset tell of its answers."""

    copies: list[tuple[str, str]] = field(default_factory=list)
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    looks: tuple[PictureVectors, ...] = ()
    network: Network | None = None


def look_at(folder: Path, spec: DatasetSpec, network: Network | None) -> Pictures:
    dataset, clock = open_dataset(str(folder), spec), Clock()
    with LocalPool(2) as pool:
        images = look_at_images(dataset, pool, None, clock)
        copies = look_for_duplicates(images, pool, None, clock).pairs
        overlays = look_for_overlays(dataset, spec, images, pool, None, clock)
        looks, _ = look_of_pictures(dataset, images, Embeddings(network=network), pool, None, clock)
    pairs = [(pair.left, pair.right) for pair in copies]
    return Pictures(pairs, things_seen(overlays), looks, network)


def tool(folder: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rarity(frame: pd.DataFrame, within: list[str]) -> Mapping[int, float]:
    """1 - the answer's share, per row."""
    size = frame.groupby([*within, "answer"])["img_id"].transform("size")
    return dict((1.0 - size / frame.groupby(within)["img_id"].transform("size")).items())


def measure(table: Path, spec: DatasetSpec, pictures: Pictures, tools: Path, seed: int, flips: int) -> dict[str, Any]:
    plant, score = tool(tools, "plant"), tool(tools, "score")
    with tempfile.TemporaryDirectory() as name:
        source, planted = Path(name) / "source", Path(name) / "planted"
        (source / "images").mkdir(parents=True)
        shutil.copyfile(table, source / "metadata.csv")
        truth = plant.plant(source, planted, seed=seed, copies=0, flips=flips, faults=False)
        frame = read_csv_table(planted / "metadata.csv", spec.columns).frame
        started = time.process_time()
        found = rank_suspicious_answers(frame, spec, pictures.copies, pictures.seen, pictures.looks)
        seconds = time.process_time() - started
        alone = rank_suspicious_answers(frame, spec, pictures.copies, pictures.seen)
        rankings = {
            "findings": {suspect.row: suspect.score for suspect in found.suspects},
            "all": found.scores,
            "answers alone": alone.scores,
            "answers alone findings": {suspect.row: suspect.score for suspect in alone.suspects},
            **peers(frame, spec, pictures),
            "rarity in question": rarity(frame, ["question"]),
            "rarity in question x source": rarity(frame, ["question", "source"]),
        }
        result: dict[str, Any] = {"seed": seed, "findings": len(found.suspects), "cpu_seconds": seconds}
        for kind, ranking in rankings.items():
            rows = pd.DataFrame({"check": "KV350", "row": list(ranking), "score": list(ranking.values())})
            rows.to_parquet(planted / "findings.parquet")
            judged = score.labels(truth, planted, "KV35")
            result[f"AP {kind}"] = judged["average_precision"]
            result[f"P@k {kind}"] = judged["precision_at_k"]
        return result


def peers(frame: pd.DataFrame, spec: DatasetSpec, pictures: Pictures) -> dict[str, Mapping[int, float]]:
    """Every answered cell of a picture by row, as the pictures alone rank them, question by question."""
    from cleanlab.classification import CleanLearning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import NearestNeighbors

    if not pictures.looks:
        return {}
    cells, by_model, by_neighbours = read_cells(frame, spec, pictures.copies, {}), {}, {}
    looks = looks_of(cells, pictures.looks[-1])
    assert looks is not None
    for at in cells.rows_of.values():
        at = at[~np.isnan(looks[at, 0])]
        given = [cells.answers[place] for place in at.tolist()]
        often = {answer for answer, count in Counter(given).items() if count >= 5}
        at = at[[answer in often for answer in given]]
        if len(often) < 2:
            continue
        _, labels = np.unique([cells.answers[place] for place in at.tolist()], return_inverse=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cleaner = CleanLearning(LogisticRegression(C=0.1), cv_n_folds=5)
            quality = cleaner.find_label_issues(looks[at], labels)["label_quality"]
        by_model |= dict(zip(cells.rows[at].tolist(), (1.0 - quality).tolist(), strict=True))
        apart, near = NearestNeighbors(n_neighbors=min(len(at), 200)).fit(looks[at]).kneighbors(looks[at])
        same, own = labels[near] == labels[:, None], np.arange(len(at))[:, None] == near
        nearest = [np.where(these, apart, np.inf).min(axis=1) for these in (same & ~own, ~same)]
        nearest = [np.where(np.isfinite(one), one, apart.max()) ** 2 for one in nearest]
        ratio = nearest[0] / np.maximum(nearest[0] + nearest[1], 1e-12)
        by_neighbours |= dict(zip(cells.rows[at].tolist(), ratio.tolist(), strict=True))
    return {"cleanlab on the pictures": by_model, "nearest other answer": by_neighbours}


def measure_pictures(own: list[Looked], frames: list[Looked], labels: dict[str, str], pictures: Pictures,
                     spec: DatasetSpec, seed: int) -> dict[str, float]:  # fmt: skip
    """How high pictures that do not belong, and misplaced ones, rank."""
    network = pictures.network
    drawings = [look_at_bytes(img_id, data, network) for img_id, data in drawn(seed)]
    found = {f"{key} drawn": value for key, value in off_topic(own, drawings, pictures.copies).items()}
    if frames:
        some = random.Random(seed).sample(frames, 20)
        found |= {f"{key} frames": value for key, value in off_topic(own, some, pictures.copies).items()}
        moved = misplaced(own, frames, labels, spec, seed, 30)
        found |= {f"{key} misplaced": value for key, value in moved.items()}
    return found


def measure_sources(table: Path, spec: DatasetSpec, pictures: Pictures, seed: int, images: int) -> dict[str, float]:
    """How high images rank that were put under another source; the table is otherwise as it is."""
    frame = read_csv_table(table, spec.columns).frame
    chance, own = random.Random(seed), frame.drop_duplicates("img_id").set_index("img_id")["source"]
    names = sorted(own.unique())
    moved = {
        img_id: chance.choice([name for name in names if name != own[img_id]])
        for img_id in chance.sample(sorted(own.index), images)
    }
    frame["source"] = [moved.get(row.img_id, row.source) for row in frame.itertuples()]
    found = rank_suspicious_answers(frame, spec, pictures.copies, pictures.seen, pictures.looks)
    hits = [suspect.img_id in moved for suspect in found.sources]
    precision = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
    likely = [suspect.img_id in moved for suspect in found.sources if suspect.score >= 0.5]
    return {
        "AP sources": sum(precision) / images,
        "images at least as likely misplaced as not": len(likely),
        "of these moved": sum(likely),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--tools", type=Path, default=TOOLS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--flips", type=int, default=300)
    parser.add_argument("--sources", type=int, default=0, help="images to put under another source")
    parser.add_argument("--embedder", type=Path, help="an ONNX model with its preprocessing beside it")
    parser.add_argument("--frames", type=Path, help="other pictures: a folder with images/ and labels.csv")
    parser.add_argument("--spec", type=Path)
    args = parser.parse_args()
    spec = load_spec(args.spec)
    has_pictures = args.table.is_dir()
    network = None if args.embedder is None else network_at(args.embedder)
    pictures = look_at(args.table, spec, network) if has_pictures else Pictures()
    own = look_at_folder(args.table / "images", network) if has_pictures else []
    frames = look_at_folder(args.frames / "images", network) if args.frames else []
    labels = labels_of(args.frames) if args.frames else {}
    table = args.table / "metadata.csv" if has_pictures else args.table
    measure_all = []
    for seed in args.seeds:
        measure_all.append(measure(table, spec, pictures, args.tools, seed, args.flips))
        if args.sources:
            measure_all[-1] |= measure_sources(table, spec, pictures, seed, args.sources)
        if own:
            measure_all[-1] |= measure_pictures(own, frames, labels, pictures, spec, seed)
        print(json.dumps({key: round(value, 3) for key, value in measure_all[-1].items()}), flush=True)
    for key in measure_all[0]:
        values = [one[key] for one in measure_all]
        print(f"{key:32} mean {statistics.mean(values):8.3f}  least {min(values):8.3f}  most {max(values):8.3f}")


if __name__ == "__main__":
    main()
