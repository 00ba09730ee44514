"""A dataset in object storage is audited as it is on disk: read from a real S3 server, without leaving a secret."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.demo import DemoTruth
from kvqa_audit.errors import SourceError
from kvqa_audit.ingest.dataset import Dataset
from kvqa_audit.ingest.object_url import refuse_secrets, shown
from kvqa_audit.ingest.open import open_dataset
from kvqa_audit.model import AuditRun
from kvqa_audit.spec.dataset_spec import Columns, DatasetSpec
from tests.faulty_server import serving
from tests.functional.conftest import Program
from tests.s3_server import KEY, SECRET, running_s3

SPEC = DatasetSpec(name="any", rows=0, images=0, columns=Columns(source=None), other_questions="free text")
CSV = "question,answer,img_id\nis there text?,no,a\nis there text?,yes,b\n"


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("buckets")
    (folder / "bucket").mkdir()
    return folder


@pytest.fixture(scope="module")
def server(buckets: Path) -> Iterator[dict[str, str]]:
    with running_s3(buckets) as settings:
        yield settings


@pytest.fixture
def s3(server: dict[str, str], buckets: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is served as `s3://bucket`; the environment is that of a client."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return buckets / "bucket"


def tell(run: AuditRun) -> dict[str, Any]:
    """All that an audit says but when, where and how fast it was made."""
    return {
        "findings": run.findings,
        "pairs": run.pairs,
        "fingerprints": run.fingerprints,
        "outcomes": [replace(one, seconds=0.0) for one in run.outcomes],
        "metrics": run.metrics,
        "dataset": replace(run.dataset, location=""),
        "rows": run.rows,
    }


def images(dataset: Dataset) -> dict[str, bytes | str | None]:
    found = [raw for shard in dataset.shards for raw in shard.read()]
    assert len({raw.img_id for raw in found}) == len(found)
    return {raw.img_id: raw.problem or raw.data for raw in found}


def put(folder: Path, **pictures: bytes) -> None:
    (folder / "images").mkdir(parents=True)
    for name, data in pictures.items():
        (folder / "images" / f"{name}.jpg").write_bytes(data)


def test_the_audit_is_that_of_the_folder_and_holds_no_secret(
    drawn: tuple[Path, DemoTruth], audited: Path, s3: Path, program: Program, tmp_path: Path, variables: dict[str, str]
) -> None:
    shutil.copytree(drawn[0], s3 / "dataset")
    log, store = tmp_path / "log", tmp_path / "runs.sqlite"
    words = ("--subset", "--log", log, "--store", store)
    done = program("run", "s3://bucket/dataset/", *words, "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    ours, theirs = read_artifacts(tmp_path / "out"), read_artifacts(audited)
    assert tell(ours) == tell(theirs)
    assert ours.dataset.location == "s3://bucket/dataset/"
    shown_here, shown_there = (
        (out / "report.html").read_text().count("data:image/") for out in (tmp_path / "out", audited)
    )
    assert shown_here == shown_there > 10
    again = program("run", "s3://bucket/dataset/", *words, "--out", tmp_path / "again")
    assert again.returncode == 1, again.stderr
    sound = [one for one in ours.fingerprints if one.sha256 is not None]
    assert read_artifacts(tmp_path / "again").metrics["images_from_cache"] == len(sound)
    secrets = (KEY.encode(), SECRET.encode())
    kept = [path for top in (tmp_path, Path(variables["XDG_CACHE_HOME"])) for path in top.rglob("*") if path.is_file()]
    assert {log, store, tmp_path / "out" / "audit.json"} <= set(kept)
    for path in kept:
        assert not any(secret in path.read_bytes() for secret in secrets), path
    assert not any(secret.decode() in done.stdout + done.stderr for secret in secrets)
    # A report that is made later does not ask the store, and says which pictures it lacks.
    assert program("report", tmp_path / "out").returncode == 0


def test_every_format_is_read_as_on_disk(s3: Path) -> None:
    import datasets

    texts = {"question": ["is it?", "is it?"], "answer": ["yes", "no"], "img_id": ["a", "b"]}
    pictures = [{"bytes": b"A", "path": None}, {"bytes": b"B", "path": None}]
    for name in ("csv", "jsonl", "parquet", "splits", "deeper"):
        put(s3 / "formats" / name, a=b"A", b=b"B")
    top = s3 / "formats"
    (top / "csv" / "metadata.csv").write_text(CSV)
    (top / "csv" / "notes.csv").write_text("some,thing\nelse,here\n")
    (top / "jsonl" / "rows.jsonl").write_text('{"question": "q?", "answer": "x", "img_id": "a"}\n')
    pq.write_table(pa.table(texts), top / "parquet" / "rows.parquet")
    for split in ("train", "test"):
        (top / "splits" / f"{split}.csv").write_text(CSV)
    (top / "deeper" / "tables").mkdir()
    (top / "deeper" / "tables" / "rows.tsv").write_text(CSV.replace(",", "\t"))
    (top / "embedded").mkdir()
    pq.write_table(pa.table({**texts, "image": pictures}), top / "embedded" / "rows.parquet")
    datasets.Dataset.from_dict({**texts, "image": [one["bytes"] for one in pictures]}).save_to_disk(str(top / "saved"))
    put(top / "bare", a=b"A", c=b"C")
    for folder in sorted(top.iterdir()):
        there, here = open_dataset(f"s3://bucket/formats/{folder.name}", SPEC), open_dataset(str(folder), SPEC)
        assert there.table.frame.equals(here.table.frame)
        assert (there.table.splits, there.table.faults) == (here.table.splits, here.table.faults)
        assert (there.kind, there.reader, there.tables) == (here.kind, here.reader, here.tables)
        assert (there.absent, there.image_faults) == (here.absent, here.image_faults)
        assert images(there) == images(here)
    named = open_dataset("s3://bucket/formats/csv/metadata.csv", SPEC)
    assert images(named) == {"a": b"A", "b": b"B"}


def test_references_travel_and_tell_a_replaced_object(s3: Path) -> None:
    put(s3 / "moving", a=b"A", b=b"B", big=b"x" * 5_000_000)
    (s3 / "moving" / "metadata.csv").write_text(CSV)
    dataset = open_dataset("s3://bucket/moving", SPEC)
    (shard,) = pickle.loads(pickle.dumps(dataset.shards))
    assert shard.places().keys() == {"a", "b", "big"}
    assert [len(raw.data) for raw in shard.pick({"big"})] == [5_000_000]
    (s3 / "moving" / "images" / "a.jpg").write_bytes(b"another")
    (s3 / "moving" / "images" / "b.jpg").unlink()
    problems = {raw.img_id: (raw.problem, raw.detail) for raw in shard.pick({"a", "b"})}
    assert problems["a"] == ("not_readable", "the object was replaced after the source was listed")
    assert problems["b"][0] == "missing"


def test_a_manifest_names_the_pictures_and_nothing_is_listed(s3: Path, tmp_path: Path) -> None:
    put(s3 / "listed", one=b"1", two=b"2")
    urls = [f"s3://bucket/listed/images/{name}.jpg" for name in ("one", "two", "gone")]
    frame = {"question": ["q?"] * 4, "answer": ["x"] * 4, "picture": ["p", "q", "r", "s"]}
    pq.write_table(pa.table({**frame, "uri": [*urls, "images/two.jpg"]}), s3 / "listed" / "list.parquet")
    columns = Columns(source=None, img_id="picture")
    spec = SPEC.model_copy(update={"columns": columns})
    dataset = open_dataset("manifest:s3://bucket/listed/list.parquet", spec)
    assert dataset.table.frame["img_id"].tolist() == ["p", "q", "r", "s"]
    assert images(dataset) == {"p": b"1", "q": b"2", "r": "missing", "s": "not_readable"}
    assert dataset.table.faults == ()
    # Without ids the names are ids, and without questions there are pictures alone; the list may lie here.
    (tmp_path / "list.csv").write_text("url\n" + "\n".join([*urls, urls[0]]) + "\n")
    bare = open_dataset(f"manifest:{tmp_path / 'list.csv'}", SPEC)
    assert images(bare) == {"one": b"1", "two": b"2", "gone": "missing"}
    assert set(bare.absent) == {"table"}
    assert all(shard.places() == {} for shard in bare.shards)
    (tmp_path / "none.csv").write_text(CSV)
    with pytest.raises(SourceError, match="has no column with the URLs of pictures"):
        open_dataset(f"manifest:{tmp_path / 'none.csv'}", SPEC)
    with pytest.raises(SourceError, match="does not exist"):
        open_dataset(f"manifest:{tmp_path / 'nowhere.csv'}", SPEC)


def test_two_urls_for_one_id_are_told_without_what_signs_them(tmp_path: Path) -> None:
    pytest.importorskip("obstore")
    (tmp_path / "list.csv").write_text(
        "image_id,url\na,https://host/1.jpg?sig=SECRET\na,https://host/2.jpg?sig=SECRET\n"
    )
    dataset = open_dataset(f"manifest:{tmp_path / 'list.csv'}", SPEC)
    (fault,) = dataset.image_faults
    assert (fault.kind, fault.paths) == ("two_files_for_one_id", ("https://host/1.jpg", "https://host/2.jpg"))
    (tmp_path / "list.csv").write_text("url\nhttps://host/x?id=1\nhttps://host/x?id=2\n")
    ids = [img_id for shard in open_dataset(f"manifest:{tmp_path / 'list.csv'}", SPEC).shards for img_id in shard.ids]
    assert len(ids) == 2
    assert not any("?" in img_id or "id=" in img_id for img_id in ids)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://bucket/nothing-here", "holds no object"),
        ("s3://no-such-bucket/data", "cannot be listed"),
        ("s3://bucket/nothing/table.csv", "cannot be fetched: there is no such object"),
        ("http://127.0.0.1:9/data", "cannot be listed"),
        ("az://container/data", "cannot be listed"),
        ("s3://", "cannot be listed"),
    ],
)
def test_what_cannot_be_opened_is_told(s3: Path, url: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        open_dataset(url, SPEC)


def test_wrong_credentials_are_told_and_not_repeated(
    s3: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-wrong-secret")
    done = program("run", "s3://bucket/csv", "--out", s3.parent / "out")
    assert done.returncode == 2
    assert "access is denied" in done.stderr
    assert "wrong" not in done.stderr
    assert KEY not in done.stderr


@pytest.mark.parametrize(
    "source", ["https://me:hunter2@host/data", "https://host/t.csv?sig=hunter2", "s3://me:hunter2@bucket/data"]
)
def test_a_url_with_credentials_is_refused_without_repeating_them(
    source: str, program: Program, tmp_path: Path
) -> None:
    for named in (source, f"manifest:{source}"):
        with pytest.raises(SourceError, match="credentials come from the environment"):
            refuse_secrets(named)
        done = program("run", named, "--out", tmp_path / "out", "--log", tmp_path / "log")
        assert done.returncode == 2
        assert "hunter2" not in done.stderr
        assert not (tmp_path / "log").exists() or "hunter2" not in (tmp_path / "log").read_text()
    assert shown("s3://bucket/what?is=key") == "s3://bucket/what?is=key"


def test_a_web_server_gives_a_table_though_it_lists_nothing() -> None:
    pytest.importorskip("obstore")
    with serving(CSV.encode(), {}) as asked:
        dataset = open_dataset(f"{asked.url}/some/rows.csv", SPEC)
        assert len(dataset.table.frame) == 2
        assert "Web servers seldom list files" in dataset.absent["images"]
        with pytest.raises(SourceError, match="Web servers seldom list files"):
            open_dataset(f"{asked.url}/some", SPEC)


def test_urls_in_cells_are_ids_and_never_asked_for(tmp_path: Path) -> None:
    with serving(b"a picture", {}) as asked:
        put(tmp_path / "data", a=b"A")
        (tmp_path / "data" / "metadata.csv").write_text(
            f"question,answer,img_id,uri\nq?,x,{asked.url}/a.jpg,{asked.url}/b.jpg\nq?,x,{asked.url}/c.jpg,\n"
        )
        dataset = open_dataset(str(tmp_path / "data"), SPEC)
        assert b"A" in images(dataset).values()
        assert asked.paths == []


def test_results_go_to_a_store_whole_and_hold_no_secret(
    drawn: tuple[Path, DemoTruth], audited: Path, s3: Path, program: Program, tmp_path: Path
) -> None:
    words = ("run", drawn[0], "--subset", "--also", "junit")
    done = program(*words, "--out", "s3://bucket/reports/{dataset}")
    assert done.returncode == 1, done.stderr
    there = s3 / "reports" / "dataset"
    assert "report: s3://bucket/reports/dataset/report.html" in done.stdout
    ours, theirs = read_artifacts(there), read_artifacts(audited)
    assert (ours.findings, ours.pairs, ours.fingerprints) == (theirs.findings, theirs.pairs, theirs.fingerprints)
    assert {"report.html", "junit.xml", "findings.csv"} <= {path.name for path in there.iterdir()}
    assert not any(secret.encode() in path.read_bytes() for path in there.iterdir() for secret in (KEY, SECRET))
    newest = max(there.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert newest.name == "audit.json"
    again = program(*words, "--table-only", "--json", "--out", "s3://bucket/reports/{dataset}")
    assert again.returncode == 1, again.stderr
    assert read_artifacts(there).run_id != ours.run_id
    assert '"schema_version"' in again.stdout


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("s3://bucket/other-things", "holds other things than an audit"),
        ("s3://no-such-bucket/x", "cannot be listed"),
        ("https://host/x", "results go to a folder, or to s3://, gs:// or az://"),
        ("s3://me:hunter2@bucket/x", "without credentials in the URL"),
    ],
)
def test_a_place_that_takes_no_audit_is_told_before_the_work(
    out: str, said: str, drawn: tuple[Path, DemoTruth], s3: Path, program: Program
) -> None:
    (s3 / "other-things").mkdir(exist_ok=True)
    (s3 / "other-things" / "thesis.doc").write_text("all of it")
    done = program("run", drawn[0], "--out", out)
    assert done.returncode == 2
    assert said in done.stderr.replace("\n", " ")
    assert "hunter2" not in done.stderr
    assert [path.name for path in (s3 / "other-things").iterdir()] == ["thesis.doc"]


def test_without_the_extra_its_name_is_told(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    done = program("run", "s3://bucket/data", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "pip install 'kvqa-audit[cloud]'" in done.stderr
