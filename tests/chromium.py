"""Drives a headless Chromium by its DevTools protocol over two pipes: no package, no port, no driver program."""

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60.0  # seconds for one answer; a loaded machine is slow
KEY_CODES = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "End": 35}


def find_chromium() -> str | None:
    """The path of an installed Chromium, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page. `evaluate` runs JavaScript and gives its value; errors of the page end up in `errors`."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.errors: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.requests: list[str] = []

    def send(self, method: str, **parameters: Any) -> Any:
        """One command and its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], PATIENCE)[0]:
                raise TimeoutError(f"Chromium said nothing for {PATIENCE:g} s")
            data = os.read(self._read, 1 << 16)
            if not data:
                raise RuntimeError("Chromium is gone")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        parameters = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])
        elif message.get("method") == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        return message

    def open(self, file: Path, address: str = "", width: int = 1440, height: int = 900, dark: bool = False) -> None:
        """Loads a file anew; `address` is what follows its name, `#...`."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=file.resolve().as_uri() + address)
        deadline = time.monotonic() + PATIENCE
        while not self._loaded():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{file} did not load")
            time.sleep(0.01)

    def _loaded(self) -> bool:
        try:
            return self.evaluate("location.protocol + document.readyState") == "file:complete"
        except RuntimeError as error:  # asked in the moment between two pages
            if "navigated" in str(error) or "context" in str(error):
                return False
            raise

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, waited for where it is a promise."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"].get("description", expression))
        return found["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """The text of every element that a CSS selector finds."""
        every = f"[...document.querySelectorAll({json.dumps(selector)})]"
        found: list[str] = self.evaluate(f"{every}.map((each) => each.innerText)")
        return found

    def text(self, selector: str) -> str:
        """The text of the one element that a CSS selector finds."""
        (found,) = self.texts(selector)
        return found

    def choose(self, selector: str, value: str) -> None:
        """Sets an input or a select as a user would."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(
            f"{found}.value = {json.dumps(value)};"
            f"for (const kind of ['input', 'change']) {found}.dispatchEvent(new Event(kind, {{bubbles: true}}))"
        )
        assert self.evaluate(f"{found}.value") == value, f"{selector} has no choice {value}"

    def click(self, selector: str) -> None:
        """Clicks the first element that a CSS selector finds."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def press(self, *keys: str) -> None:
        """Presses keys one after another: letters, or names such as ArrowDown."""
        for key in keys:
            shared = {"key": key, "windowsVirtualKeyCode": KEY_CODES.get(key, ord(key[0].upper()))}
            typed = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
            self.send("Input.dispatchKeyEvent", type="keyDown", **shared, **typed)
            self.send("Input.dispatchKeyEvent", type="keyUp", **shared)

    def screenshot(self, file: Path) -> None:
        """What can be seen, as PNG."""
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def chromium(executable: str) -> Iterator[Page]:
    """Starts Chromium with an empty profile and ends it with all its processes."""
    to_browser, from_us = os.pipe()
    to_us, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(prefix="cft-chromium-", ignore_cleanup_errors=True) as profile:
        options = [
            *("--headless", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--hide-scrollbars"),
            *("--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"),
            "--no-sandbox",  # as root there is none; all it opens is what the tests have written
        ]
        # Chromium reads commands from descriptor 3 and answers on 4
        script = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        process = subprocess.Popen(
            ["bash", "-c", script, executable, *options], pass_fds=(to_browser, from_browser), start_new_session=True
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Page(from_us, to_us)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(from_us)
            os.close(to_us)


def shown(page: Page) -> list[str]:
    """The examples of the list, as SPLIT ID of seed 1 and SPLIT ID seed 2."""
    rows = "[...document.querySelectorAll('#rows > [role=row]')].sort((a, b) => a.offsetTop - b.offsetTop)"
    names = page.evaluate(f"{rows}.map((row) => row.querySelector('.id').innerText)")
    return [name.removesuffix(" seed 1") for name in names]


def value(page: Page, box: str) -> str:
    """What an input or a select holds."""
    found: str = page.evaluate(f"document.getElementById({box!r}).value")
    return found
