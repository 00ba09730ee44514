"""A random generator and a case come in; odd names, files and settings, and the command that meets them, go out."""

from __future__ import annotations

import os
import random
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.fuzz.case import Case, Try

NAMES = (
    b"caf\xe9", b"a\nb", b"\x1b[31m", b"-rf", b"$(touch executed)", b"=1", b"\xff" * 80, b"%s{}", b"owner/name", b" ",
    b"a" * 200, b"hf:", b"x@y", b"\xe2\x80\xae", b"CON", b"a,b", b'"', b"<b>",
)  # fmt: skip
_NOBODY = 54_321


def name(random_: random.Random, case: Case) -> Try:
    """Files, the dataset and --out by names that are no UTF-8, or that a shell or a terminal would obey."""
    chosen = os.fsdecode(random_.choice(NAMES))
    at, out = case.folder / "in" / chosen, case.folder / "to" / chosen
    at.parent.mkdir(parents=True)
    shutil.move(case.source, at)
    if random_.random() < 0.5 and "/" not in chosen:
        shutil.copyfile(next((at / "images").iterdir()), at / "images" / f"{chosen}.jpg")
    run = ["run", str(at), "--out", str(out), "--subset", "-q", "-j", "1", "--table-only"]
    return Try(
        random_.choice(
            (
                ["check", str(at / "metadata.csv")],
                ["init", str(at), "--out", str(out)],
                [*run, "--also", "junit,sarif,summary,badge"],
                ["duplicates", str(at), "--mode", "exact", "-j", "1", "--out", str(out)],
                ["fix", str(at), "--out", str(out), "--subset", "--table-only"],
                ["export", str(case.audit), "--card", str(out.with_name(f"{out.name[:100]}.md"))],
            )
        ),
        (case.folder / "to",),
    )


def put_something_odd(random_: random.Random, path: Path, case: Case) -> None:
    """Puts something else than a plain file of text there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    secret = case.folder / "secret.csv"
    secret.write_text("source,question,answer,img_id\nsecret,secret,secret,secret\n")
    kind = random_.randrange(10)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        with socket.socket(socket.AF_UNIX) as made:
            os.chdir(path.parent)
            made.bind(path.name[:50])
    elif kind == 3:
        with path.open("wb") as file:
            file.truncate(2**40)
    else:
        targets = ("/dev/zero", "/nowhere", path.name, secret, case.home, "/etc/passwd")
        path.symlink_to(targets[kind - 4])


@dataclass(frozen=True)
class Setting:
    """How a process is started: variables, limits, closed streams, a command before it.

    `may_refuse` says that the process may end with a message and 2 instead of its verdict.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    before: tuple[str, ...] = ()
    may_refuse: bool = False
    output: str | None = None


def _limit(kind: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(kind, (most, most))


def _close(*descriptors: int) -> Callable[[], None]:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)


def _leave_no_folder() -> None:
    gone = Path("gone").absolute()
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()


def _can_start(prepare: Callable[[], None]) -> bool:
    try:
        return subprocess.run([sys.executable, "-c", ""], check=False, preexec_fn=prepare).returncode == 0
    except OSError:
        return False


SETTINGS: dict[str, Setting] = {
    "nothing odd": Setting(),
    "no HOME": Setting({"HOME": None}),
    "HOME is a file": Setting({"HOME": "/dev/null", "KVQA_AUDIT_CACHE": None, "XDG_CACHE_HOME": None}),
    "cache cannot be made": Setting({"KVQA_AUDIT_CACHE": "/proc/nowhere"}),
    "cache is a device": Setting({"KVQA_AUDIT_CACHE": "/dev/null"}),
    "cache has an odd name": Setting({"KVQA_AUDIT_CACHE": "a\nb?mode=ro#%"}),
    "64 files": Setting(prepare=_limit(resource.RLIMIT_NOFILE, 64), may_refuse=True),
    "20 files": Setting(prepare=_limit(resource.RLIMIT_NOFILE, 20), may_refuse=True),
    "1 GB of addresses": Setting(prepare=_limit(resource.RLIMIT_AS, 2**30), may_refuse=True),
    "4 GB of addresses": Setting(prepare=_limit(resource.RLIMIT_AS, 2**32), may_refuse=True),
    "files of 10 kB": Setting(prepare=_limit(resource.RLIMIT_FSIZE, 10_000), may_refuse=True),
    "locale C": Setting({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "a locale that there is not": Setting({"LC_ALL": "xx_YY.nothing", "LANG": "tr_TR"}),
    "output in ASCII": Setting({"PYTHONIOENCODING": "ascii:strict"}),
    "output in UTF-16": Setting({"PYTHONIOENCODING": "utf-16"}),
    "a narrow terminal": Setting({"COLUMNS": "1", "TERM": "dumb", "FORCE_COLOR": "1"}),
    "no time zone": Setting({"TZ": "Nowhere/City"}),
    "no folder for temporary files": Setting({"TMPDIR": "/nowhere"}),
    "no PATH": Setting({"PATH": None, "USER": None, "LOGNAME": None}),
    "stdout is closed": Setting(prepare=_close(1)),
    "all streams are closed": Setting(prepare=_close(0, 1, 2)),
    "stdout is full": Setting(output="/dev/full"),
    "the current folder is gone": Setting(prepare=_leave_no_folder, may_refuse=True),
    "files for nobody": Setting(prepare=lambda: os.umask(0o777) and None, may_refuse=True),
}
if os.geteuid() == 0:
    nobody: dict[str, str | None] = dict.fromkeys(("HOME", "KVQA_AUDIT_CACHE", "USER", "LOGNAME"))
    if _can_start(_become_nobody):
        SETTINGS["a user without rights"] = Setting(nobody, _become_nobody)
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0:
        _hide = 'mount --bind /dev/null /etc/passwd && exec "$@"'
        SETTINGS["a user without an entry"] = Setting(nobody, before=("unshare", "-m", "sh", "-c", _hide, "sh"))
        _cover = 'mount -t tmpfs -o ro,size=4k none "$0" && exec "$@"'
        SETTINGS["no /dev/shm"] = Setting(before=("unshare", "-m", "sh", "-c", _cover, "/dev/shm"))
        SETTINGS["a full disk for temporary files"] = Setting(
            {"TMPDIR": "/mnt"}, before=("unshare", "-m", "sh", "-c", _cover, "/mnt"), may_refuse=True
        )


def environment(random_: random.Random, case: Case) -> Try:
    """A sound dataset in a setting in which many programs fail."""
    name = random_.choice(sorted(SETTINGS))
    commands = {
        "check": ["check", str(case.table)],
        "gate": ["gate", str(case.audit)],
        "rows": case.run_of_rows(),
        "run": case.run("--spec", str(case.spec)),
    }
    command = random_.choice(sorted(commands))
    words = commands[command]
    for path in (case.folder, *case.folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o777)
    right = {case.codes[command], *([2] if SETTINGS[name].may_refuse else [])}
    return Try(words, (case.out, case.cwd), frozenset(right), setting=name)


def start(words: list[str], case: Case, setting: Setting, said: IO[bytes]) -> int:
    """Starts the program as a process of its own, in a setting; gives its id."""
    variables = {**os.environ, **case.environment(), **setting.variables, "PYTHONPATH": str(Path.cwd())}
    with Path(setting.output or os.devnull).open("wb") as output:
        process = subprocess.Popen(
            [*setting.before, sys.executable, "-m", "kvqa_audit", *words],
            cwd=case.cwd,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=output if setting.output else said,
            stderr=said,
            preexec_fn=setting.prepare,
            start_new_session=True,
        )
    process.returncode = 0  # it is waited for elsewhere
    return process.pid
