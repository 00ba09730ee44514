"""A page comes in; what a headless Chromium made of it goes out. It speaks the DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EXECUTABLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
)
# How long an answer is waited for says only how busy the machine is.
_PATIENCE_S = 300.0

# The protocol is fixed to the descriptors 3 and 4; going over high ones keeps the two from overwriting each other.
_TO_DESCRIPTORS_3_AND_4 = """
import os, sys
os.dup2(int(sys.argv[1]), 98), os.dup2(int(sys.argv[2]), 99)
os.dup2(98, 3), os.dup2(99, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Tab:
    """One page. `events` keeps every event of the page, `events_named` picks some."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from, self._buffer, self._number, self._session = to_browser, from_browser, b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, seconds: float = _PATIENCE_S, **params: Any) -> dict[str, Any]:
        """Sends one command and waits for its answer.

        Raises:
            RuntimeError: the browser refused it.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(seconds)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, address: str, *, width: int = 1440, height: int = 900, dark: bool = False) -> None:
        """Loads a page in a window of this size and waits until it has loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="", features=[feature])
        self.events.clear()
        begun = self.call("Page.navigate", url=address)
        while "loaderId" in begun and not self._has_loaded(begun["loaderId"]):
            self._next(_PATIENCE_S)

    def value(self, expression: str, seconds: float = _PATIENCE_S) -> Any:
        """What a JavaScript expression gives; promises are waited for."""
        answer = self.call("Runtime.evaluate", seconds, expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", expression))
        return answer["result"].get("value")

    def click(self, element: str) -> None:
        """Scrolls to what a JavaScript expression gives, and clicks in its middle with the mouse."""
        x, y = self.value(
            "(async element => { const drawn = () => new Promise(done => requestAnimationFrame(done));"
            " for (let n = 0; n < 3; n += 1) { element.scrollIntoView({block: 'center'}); await drawn(); }"
            " const box = element.getBoundingClientRect();"
            f" return [box.x + box.width / 2, box.y + box.height / 2]; }})({element})"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """One key on the keyboard: a character, or the name of a key such as Enter, Escape, Tab, ArrowRight."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = codes.get(key, ord(key.upper()[0]))
        self.call(
            "Input.dispatchKeyEvent",
            type="keyDown" if text else "rawKeyDown",
            key=key,
            text=text,
            windowsVirtualKeyCode=code,
            nativeVirtualKeyCode=code,
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Types a text where the focus is."""
        self.call("Input.insertText", text=text)

    def save_downloads_in(self, folder: Path) -> None:
        """Lets the page save files, into this folder."""
        self.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def wait_for(self, expression: str, seconds: float = _PATIENCE_S) -> None:
        """Waits until a JavaScript expression is true."""
        until = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > until:
                raise TimeoutError(expression)
            time.sleep(0.05)

    def picture(self, path: Path, *, full: bool = True) -> None:
        """Saves a screenshot of the whole page, or of the window, as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(shot["data"]))

    def events_named(self, *methods: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["method"] in methods]

    def _has_loaded(self, loader: str) -> bool:
        """Whether this very page has; the load of a page that was left a moment ago may be told as late."""
        told = [event["params"] for event in self.events_named("Page.lifecycleEvent")]
        return any(one["name"] == "load" and one["loaderId"] == loader for one in told)

    def _next(self, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser did not answer")
            chunk = os.read(self._from, 1 << 20)
            if not chunk:
                raise RuntimeError("the browser ended")
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message


@contextmanager
def chromium(profile: Path) -> Iterator[Tab]:
    """A headless Chromium with its own profile folder, ended in any case."""
    assert EXECUTABLE is not None
    for_browser, to_browser = os.pipe()
    from_browser, of_browser = os.pipe()
    command = [sys.executable, "-c", _TO_DESCRIPTORS_3_AND_4, str(for_browser), str(of_browser)]
    process = subprocess.Popen(
        [*command, EXECUTABLE, *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(for_browser, of_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(for_browser)
    os.close(of_browser)
    try:
        yield Tab(to_browser, from_browser)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(to_browser)
        os.close(from_browser)
