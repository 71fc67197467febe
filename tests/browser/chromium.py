"""Headless Chromium over its DevTools pipe, with nothing but Python's own library.

The page may not speak to anybody: every request that is not for a file on this machine, every
message on the console and every exception is kept, for the test to refuse.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

# Longest wait for one answer, in seconds: hashing 30 MB on a busy machine takes some.
ANSWER_SECONDS = 120


class Chromium:
    """A browser with one page."""

    def __init__(self, width=1000, height=1400):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        theirs_in, self.ours_out = os.pipe()
        self.ours_in, theirs_out = os.pipe()

        def wire():
            # In two steps, because one pipe may already have the number of the other.
            one, other = os.dup2(theirs_in, 70), os.dup2(theirs_out, 71)
            os.dup2(one, 3)
            os.dup2(other, 4)

        command = [
            "chromium", "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars",
            f"--window-size={width},{height}", f"--user-data-dir={self.profile}",
        ]
        if os.geteuid() == 0:
            # Chromium's own sandbox does not start as root. Tests only.
            command.append("--no-sandbox")
        self.process = subprocess.Popen(
            [*command, "about:blank"], preexec_fn=wire, close_fds=False, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer = b""
        self.number = 0
        self.told = []
        self.requests = []
        pages = self.ask("Target.getTargets")["targetInfos"]
        page = next(page for page in pages if page["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.page(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # All of its processes: one that is left would write into the profile while it goes.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.ours_in)
        os.close(self.ours_out)
        for _ in range(100):
            shutil.rmtree(self.profile, ignore_errors=True)
            if not os.path.exists(self.profile):
                break
            time.sleep(0.05)

    def ask(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.ours_out, json.dumps(message).encode() + b"\0")
        number = self.number
        while True:
            said = self.receive()
            if said.get("id") == number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]

    def page(self, method, **params):
        return self.ask(method, session=self.session, **params)

    def receive(self):
        end = time.monotonic() + ANSWER_SECONDS
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.ours_in], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise RuntimeError("chromium does not answer")
            some = os.read(self.ours_in, 1 << 20)
            if not some:
                raise RuntimeError("chromium ended")
            self.buffer += some
        line, self.buffer = self.buffer.split(b"\0", 1)
        said = json.loads(line)
        self.note(said)
        return said

    def note(self, said):
        """Keeps what the page must not do."""
        method, params = said.get("method"), said.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.told.append("exception: " + json.dumps(params["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled":
            self.told.append("console: " + json.dumps(params.get("args"))[:500])
        elif method == "Log.entryAdded":
            self.told.append("log: " + json.dumps(params["entry"])[:500])
        elif method == "Page.javascriptDialogOpening":
            self.told.append("dialog: " + params["message"])

    def open(self, path):
        """Loads a file, and waits until it is there and the page before it is not."""
        self.value("window.isOld = true")
        self.page("Page.navigate", url="file://" + os.path.abspath(path))
        self.until("!window.isOld && document.readyState === 'complete' && location.protocol === 'file:'")

    def value(self, expression):
        done = self.page("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(f"{expression[:80]}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def until(self, expression):
        end = time.monotonic() + ANSWER_SECONDS
        while not self.value(expression):
            if end < time.monotonic():
                raise RuntimeError("never: " + expression[:80])
            time.sleep(0.02)

    def choose(self, selector, files):
        """Chooses files or a folder in an input of the page, as a person does."""
        root = self.page("DOM.getDocument")["root"]["nodeId"]
        node = self.page("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.page("DOM.setFileInputFiles", nodeId=node, files=[os.path.abspath(file) for file in files])

    def drop(self, selector, files):
        """Drags files or a folder onto an element, and lets go."""
        self.page("Input.setIgnoreInputEvents", ignore=False)
        place = self.value(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        data = {"items": [], "files": [os.path.abspath(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.page("Input.dispatchDragEvent", type=kind, x=place[0], y=place[1], data=data)

    def picture(self, path):
        """The whole page as a PNG."""
        import base64
        shot = self.page("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as out:
            out.write(base64.b64decode(shot["data"]))
