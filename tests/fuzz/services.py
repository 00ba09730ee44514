"""A random generator and a case come in; tampered archives, settings, plans and caches, and their commands, go out."""

from __future__ import annotations

import gzip
import io
import json
import random
import shutil
import tarfile
from pathlib import Path

import yaml

from kvqa_audit.jobs.job_store import JobStore
from kvqa_audit.serve.backup import back_up
from kvqa_audit.serve.config import ServeConfig
from tests.fuzz.audits import change_a_cell
from tests.fuzz.case import Case, Try
from tests.fuzz.texts import any_value, mutate_file, mutated, name_text, path_text, text

_KINDS = (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)


def archive(random_: random.Random, case: Case) -> Try:
    """A backup of a service by mutation, before it is packed or after; with members of any kind, or another store."""
    config, path = ServeConfig(data=case.folder / "service"), case.folder / "service.tar.gz"
    with JobStore(_made(config)):
        pass
    if random_.random() < 0.4:
        _tamper_with_store(random_, Path(config.place))
    (config.data / "runs" / "1").mkdir(parents=True)
    (config.data / "runs" / "1" / "report.html").write_text(text(random_), errors="surrogatepass")
    try:
        back_up(config, path)
    except Exception:  # noqa: BLE001 - this store is too broken to be copied; the archive is made of its bytes
        with tarfile.open(path, "w:gz") as tar:
            tar.add(config.place, "store.sqlite")
    shutil.rmtree(config.data)
    kind = random_.random()
    if kind < 0.4:
        _add_members(random_, path)
    elif kind < 0.7:
        path.write_bytes(gzip.compress(mutated(random_, gzip.decompress(path.read_bytes()))))
    elif kind < 0.9:
        mutate_file(random_, path)
    words = ["serve", "restore", str(path), "--data", str(config.data)]
    return Try(words, (config.data,))


def _made(config: ServeConfig) -> str:
    config.data.mkdir()
    return config.place


def _tamper_with_store(random_: random.Random, path: Path) -> None:
    if random_.random() < 0.5:
        mutate_file(random_, path)
    else:
        change_a_cell(random_, path)


def _add_members(random_: random.Random, path: Path) -> None:
    with tarfile.open(path) as tar:
        held = [(member, tar.extractfile(member)) for member in tar]
        kept = [(member, file.read() if file else b"") for member, file in held]
    for _ in range(random_.randint(1, 3)):
        member = tarfile.TarInfo(random_.choice((name_text(random_), "store.sqlite", "runs", "runs/1/x")) or "x")
        member.type, member.linkname = random_.choice(_KINDS), random_.choice(("/etc", "..", "store.sqlite", "x"))
        member.mode, member.size = random_.choice((0o777, 0, 0o6755)), 0
        kept.insert(random_.randrange(len(kept) + 1), (member, b""))
    with tarfile.open(path, "w:gz") as tar:
        for member, content in kept:
            tar.addfile(member, io.BytesIO(content))


def service(random_: random.Random, case: Case) -> Try:
    """A store of a service or its settings, tampered with, and the commands that need them before they serve."""
    config, settings = ServeConfig(data=case.folder / "service"), case.folder / "service.toml"
    with JobStore(_made(config)):
        pass
    given = ["--data", str(config.data)]
    if random_.random() < 0.5:
        _tamper_with_store(random_, Path(config.place))
    else:
        key = random_.choice(("data", "store", "host", "port", "url", "roots", "workers", "behind_proxy", "log", "x"))
        value = random_.choice((json.dumps(text(random_)), "-1", "1e400", "[]", "[[1]]", "{}", "true", "1979-99-01"))
        settings.write_text(f"{key} = {value}\n", encoding="utf-8", errors="surrogatepass")
        if random_.random() < 0.4:
            mutate_file(random_, settings)
        given = ["--config", str(settings)] + (given if random_.random() < 0.7 else [])
    may_write = (config.data, case.cwd, case.home)
    return random_.choice(
        (
            Try(["serve", "admin", *given], may_write),
            Try(["serve", "backup", str(case.out / "x.tar.gz"), *given], (*may_write, case.out)),
        )
    )


def plan(random_: random.Random, case: Case) -> Try:
    """A plan of several datasets, with a key or value that does not fit, or by mutation."""
    entry = {"source": str(case.source), "subset": True, "table_only": True, "spec": str(case.spec)}
    told: dict[str, object] = {"out": str(case.out / "{dataset}"), "datasets": [{**entry, "name": "a"}]}
    keys = ("source", "name", "spec", "gate", "decisions", "baseline", "also", "embeddings", "report_url", "x")
    for _ in range(random_.randint(0, 2)):
        value = random_.choice((any_value(random_), path_text(random_), "{date}", "{dataset.__class__}", "{0}"))
        place = random_.choice((told, entry))
        place[random_.choice(keys)] = value
    datasets = [{**entry, "name": "a"}, {**entry, "name": random_.choice(("b", "a", "A", path_text(random_)))}]
    told["datasets"] = random_.choice((datasets, datasets, [entry], [], entry, None))
    told["out"] = str(case.out / random_.choice(("{dataset}", "{dataset}", "x", "{date}/{dataset}", "{nothing}")))
    path = case.folder / "plan.yaml"
    path.write_text(random_.choice((json.dumps, yaml.safe_dump))(told))
    if random_.random() < 0.3:
        mutate_file(random_, path)
    return Try(["run", str(path), "-q", "-j", "1"], (case.out, case.cwd, case.folder / "reports"))


def kept(random_: random.Random, case: Case) -> Try:
    """What earlier runs kept for later ones, by mutation: files of the cache, and cells in them."""
    from tests.fuzz.process import called

    called(case.run("--spec", str(case.spec)), case.cwd, case.environment())
    shutil.rmtree(case.out, ignore_errors=True)
    files = sorted(path for path in case.cache.rglob("*") if path.is_file())
    for path in random_.sample(files, min(len(files), random_.randint(1, 3))):
        if path.suffix in (".sqlite", ".db") and random_.random() < 0.6:
            change_a_cell(random_, path)
        else:
            mutate_file(random_, path)
    if random_.random() < 0.3:
        return Try(["cache", *random_.choice(([], ["--prune-days", "0"]))])
    return Try(case.run("--spec", str(case.spec)), (case.out,), frozenset({case.codes["run"], 2}))


def reviews(random_: random.Random, case: Case) -> Try:
    """Decisions of two people and what they began with, and such as a report saved, each by mutation."""
    entries = [
        {"key": f"{n:016x}", "check": "KV003", "verdict": "accepted", "reason": "x", "who": "x", "when": "2026-01-01"}
        for n in range(4)
    ]
    suffix = random_.choice((".yaml", ".yaml", ".csv"))
    paths = [case.folder / f"{name}{suffix}" for name in ("base", "ours", "theirs")]
    for path in paths:
        chosen = [dict(one) for one in random_.sample(entries, random_.randint(0, 4))]
        for one in chosen:
            if random_.random() < 0.3:
                one[random_.choice(list(one))] = text(random_)
        if suffix == ".yaml":
            content = json.dumps({"decisions": chosen}, ensure_ascii=False)
        else:
            lines = [",".join(f'"{value}"' for value in one.values()) for one in chosen]
            content = "\n".join([",".join(entries[0]), *lines]) + "\n"
        data = content.encode("utf-8", "surrogatepass")
        path.write_bytes(mutated(random_, data) if random_.random() < 0.3 else data)
    ours = ["--decisions", str(paths[1])]
    audit, merge = str(case.audit), ["merge", *map(str, paths)]
    fix = ["fix", str(case.source), "--out", str(case.out), "--subset", "--table-only"]
    return random_.choice(
        (
            Try(merge, (paths[1],)),
            Try([*merge, "--name", random_.choice(("x.csv", "x.yaml", text(random_)))], (paths[1],)),
            Try(["review", audit, *ours, "--merge", str(paths[2]), "--yes"], (paths[1],)),
            Try(["sample", audit, *ours, "-n", "3"], (paths[1],)),
            Try(["explain", random_.choice(("0", "KV", text(random_))), audit, *ours]),
            Try([*fix, *ours], (case.out,)),
        )
    )


def card(random_: random.Random, case: Case) -> Try:
    """A dataset card or metadata that is there already, with broken marks or by mutation."""
    begin, end = "<!-- kvqa-audit:begin -->", "<!-- kvqa-audit:end -->"
    path = case.folder / "README.md"
    parts = [begin, end, "---\nlicense: mit\n---\n", "---\n&a [*a]\n---\n", "text\r\n", text(random_), "---\n"]
    content = "".join(random_.choice(parts) for _ in range(random_.randint(0, 8)))
    path.write_bytes(mutated(random_, content.encode("utf-8", "surrogatepass")))
    return Try(
        ["export", str(case.audit), "--card", str(path), "--croissant", str(case.out / "c.json")], (path, case.out)
    )
