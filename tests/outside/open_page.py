"""Opens the page of `spherec explore` in headless Chromium. The page must load, search, list the right neighbours, and
show hostile ids as text. The script drives the browser through its DevTools pipe. The page has no code for tests.

    open_page.py SPHEREC PLACE [SCREENSHOT.png]      (PLACE from make_model.py)
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from shared import HOSTILE, check, rows, run

DEADLINE = 60.0


class Browser:
    """Chromium with one open page."""

    def __init__(self):
        names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
        program = next((found for name in names if name and (found := shutil.which(name))), None)
        if program is None:
            print("chromium is missing: apt-get install chromium", file=sys.stderr)
            sys.exit(2)
        self.profile = tempfile.mkdtemp()
        to_browser, self.to_browser = os.pipe()
        self.from_browser, from_browser = os.pipe()
        # The browser reads from descriptor 3 and writes to 4. The shell moves our pipes there.
        shell = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--hide-scrollbars", "--window-size=1300,850", "--remote-debugging-pipe",
                 f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(["sh", "-c", shell, program, *flags], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, pass_fds=(to_browser, from_browser))
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self.from_browser, False)
        self.buffer, self.number, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def read(self, until):
        """Reads messages until `until` returns a value for one, and returns that value."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                part = os.read(self.from_browser, 1 << 16)
                check(part, "the browser ended")
                self.buffer += part
            except BlockingIOError:
                time.sleep(0.005)
            while b"\0" in self.buffer:
                message, self.buffer = self.buffer.split(b"\0", 1)
                message = json.loads(message)
                self.events.append(message)
                found = until(message)
                if found is not None:
                    return found
        check(False, "the browser did not answer in time")

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        number = self.number
        answer = self.read(lambda message: message if message.get("id") == number else None)
        check("error" not in answer, f"{method}: {answer.get('error')}")
        return answer["result"]

    def value(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        check("exceptionDetails" not in answer, f"{expression}: {answer.get('exceptionDetails')}")
        return answer["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.read(lambda message: True if message.get("method") == "Page.loadEventFired" else None)
        self.frames(3)

    def frames(self, count):
        self.value(f"new Promise(done => {{ let n = {count}; const f = () => n-- ? requestAnimationFrame(f) : done(1); f(); }})")

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="none" if kind == "mouseMoved" else "left", clickCount=1)
        self.frames(2)

    def click_on(self, selector):
        x, y = self.value(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()")
        self.click(x, y)

    def texts(self, selector):
        return self.value(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        shutil.rmtree(self.profile, ignore_errors=True)


def search(page, text):
    """Types into the search box and returns the ids found."""
    page.value("document.querySelector('#search').value = ''")
    page.click_on("#search")
    page.call("Input.insertText", text=text)
    page.frames(2)
    return page.texts("#results .id")


def choose(page, text, kind):
    """Searches for an id and clicks on its entry."""
    found, kinds = search(page, text), page.texts("#results .number")
    at = next((at for at, pair in enumerate(zip(found, kinds)) if pair == (text, kind)), None)
    check(at is not None, f"search for {text!r} finds {list(zip(found, kinds))}")
    page.click_on(f"#results li:nth-child({at + 1}) button")
    check(page.texts("#name") == [text], f"{text!r} was chosen, but {page.texts('#name')} is shown")


def listed(page):
    """The heading, ids and similarities of the first list in the details."""
    return (page.texts("#lists h3")[0], page.texts("#lists ol:first-of-type .id"),
            [float(x) for x in page.texts("#lists ol:first-of-type .number")])


def check_list(page, heading, expected):
    found, ids, similarities = listed(page)
    check(found == heading and ids == [row[2] for row in expected] and len(ids) == 10,
          f"{found} {ids}, but expected {heading} {[row[2] for row in expected]}")
    close = all(abs(a - float(row[3])) < 1e-4 for a, row in zip(similarities, expected))
    check(close, f"similarities {similarities}")


def check_page(page, spherec, place):
    ids = open(f"{place}/model/items.txt", encoding="utf-8", newline="\n").read().splitlines()
    check(page.value("document.title") == "model - spherec", f"title {page.value('document.title')}")
    drawn = page.value("(() => { const c = document.querySelector('canvas'), p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, seen = new Set(); for (let i = 0; i < p.length; i += 4) seen.add(p[i] << 16 | p[i + 1] << 8 | p[i + 2]); return seen.size; })()")
    check(drawn > 50, f"the map has {drawn} colours: nothing is drawn")
    corner = page.value("[...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1, 1).data].join()")
    check(corner in ("255,255,255,255", "18,21,26,255"), f"the map's ground is {corner}")
    check(search(page, "no such id") == [], "a search finds an id that does not exist")
    item = next(id for id in ids if id.startswith("i") and id[1:].isdigit())
    nearest = rows(run(spherec, "similar", f"{place}/model", "--item", item, "-k", "10"))[1:]
    choose(page, item, "item")
    check_list(page, "Nearest items", nearest)
    # The chosen item is in the middle of the map, so a click there chooses it again.
    page.click_on("#close")
    check(page.value("document.querySelector('#details').hidden"), "the details do not close")
    page.click_on("canvas")
    check(page.texts("#name") == [item], f"a click on {item} shows {page.texts('#name')}")
    check_list(page, "Nearest items", nearest)
    user = open(f"{place}/model/users.txt", encoding="utf-8").readline().rstrip("\n")
    recommended = rows(run(spherec, "recommend", f"{place}/model", "--user", user, "-k", "10"))[1:]
    choose(page, user, "user")
    check_list(page, "Recommended", recommended)


def check_dial(page, spherec, place):
    """The dial of popularity shows the lists that `recommend` gives there."""
    user = open(f"{place}/biased/users.txt", encoding="utf-8").readline().rstrip("\n")
    lists = {}
    for at, dial in enumerate(page.value("dials")):
        page.value(f"(() => {{ const e = document.querySelector('#dial'); e.value = {at}; e.dispatchEvent(new Event('input')); }})()")
        if at == 0:
            choose(page, user, "user")
        page.frames(2)
        recommended = rows(run(spherec, "recommend", f"{place}/biased", "--user", user, "-k", "10", "--popularity", str(dial)))[1:]
        check_list(page, "Recommended", recommended)
        check(page.texts("#popularity") == [f"{dial:.2f}"], f"the dial at {dial} says {page.texts('#popularity')}")
        lists[dial] = [row[2] for row in recommended]
    check(list(lists) == [0, 0.25, 0.5, 0.6, 0.75, 1] and lists[0] != lists[1], f"the dial has no effect: {lists}")


def check_hostile(page):
    for text in HOSTILE:
        shown = "".join({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\u2028": "\\xE2\\x80\\xA8"}.get(c, c) for c in text)
        choose(page, shown, "item")
        choose(page, shown, "user")
    page.value("document.querySelector('#colour').value = '1'; document.querySelector('#colour').dispatchEvent(new Event('change'))")
    page.frames(2)
    check(any("<script>" in text for text in page.texts("#legend .id")), "the hostile labels are not in the legend")
    check(page.value("document.title") == "model - spherec", "an id was run")
    check(page.value("document.scripts.length") == 2, "an id became a script")
    check(page.value("document.querySelectorAll('img, b, iframe, object, link').length") == 0, "an id became markup")


def check_events(page, *urls):
    for event in page.events:
        method, params = event.get("method"), event.get("params", {})
        check(method != "Runtime.exceptionThrown", f"an exception: {params}")
        check(method != "Log.entryAdded" or params["entry"]["level"] != "error", f"an error: {params}")
        if method == "Network.requestWillBeSent":
            check(params["request"]["url"] in urls, f"the page asked for {params['request']['url']}")


def frame_time(page):
    """The median time of a frame in milliseconds while the map is zoomed."""
    page.click_on("#all")
    return page.value("""new Promise(done => {
        const canvas = document.querySelector('canvas'), times = [];
        let last = 0, n = 0;
        const step = now => {
            if (last) times.push(now - last);
            last = now;
            canvas.dispatchEvent(new WheelEvent('wheel', {deltaY: n++ % 40 < 20 ? -20 : 20, clientX: 400, clientY: 400, cancelable: true}));
            if (n < 90) requestAnimationFrame(step); else done(times.sort((a, b) => a - b)[times.length >> 1]);
        };
        requestAnimationFrame(step);
    })""")


def check_sharp(page):
    """On a screen with two pixels a point, a slow page paints every pixel only when it is at rest."""
    page.call("Emulation.setDeviceMetricsOverride", width=1300, height=850, deviceScaleFactor=2, mobile=False)
    page.frames(3)
    page.value("isSlow = true")
    page.value("canvas.dispatchEvent(new WheelEvent('wheel', {deltaY: -20, clientX: 400, clientY: 400, cancelable: true}))")
    check(page.value("canvas.width / canvas.clientWidth") == 1, "a slow page paints every pixel while it moves")
    page.value("new Promise(done => setTimeout(done, 400))")
    check(page.value("canvas.width / canvas.clientWidth") == 2, "a page at rest does not paint every pixel")


def main():
    spherec, place, *picture = sys.argv[1:]
    path = f"{place}/map.html"
    run(spherec, "explore", f"{place}/model", "-o", path, "--labels", f"{place}/labels.csv", "--force")
    biased = f"{place}/biased.html"
    run(spherec, "explore", f"{place}/biased", "-o", biased, "--method", "pca", "--force")
    page = Browser()
    try:
        url = f"file://{path}"
        page.open(url)
        check_page(page, spherec, place)
        check_hostile(page)
        check(page.value("document.querySelector('#turn').hidden"), "a model without a bias has a dial")
        check_events(page, url)
        if picture:
            data = page.call("Page.captureScreenshot", format="png")["data"]
            open(picture[0], "wb").write(base64.b64decode(data))
        print(f"page: it loads, searches and lists the right neighbours; hostile ids stay text; a frame takes {frame_time(page):.1f} ms")
        check_sharp(page)
        page.open(f"file://{biased}")
        check(page.value("dials[dial]") == 0.6, "the dial does not start where the model says")
        check_dial(page, spherec, place)
        check_events(page, url, f"file://{biased}")
        print("page: its dial of popularity shows the right lists")
    finally:
        page.close()


main()
