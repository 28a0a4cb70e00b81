"""Draw the HTML report of the recorded practice fleet as docs/report.svg: from the real page in a real browser.

The picture is text: every box with a colour and every line of words, where the browser put them.
"""

import html
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
WIDTH, HEIGHT = 1000, 1240
BOXES = Path(__file__).with_name("page_boxes.js").read_text(encoding="utf-8")


def page(folder: Path) -> Path:
    """Audit the recorded fleet twice, mended and then broken, and return the page of the second run."""
    fleet = folder / "practice"
    fleet.mkdir()
    for name in ("inventory", "audits"):
        (fleet / name).symlink_to((ROOT / "recordings" / "fleet" / name).resolve())
    for night in ("mended", "broken"):
        argv = [str(Path(sys.executable).with_name("storefleet")), "audit", "--fleet", str(fleet)]
        argv += ["--replay", str(ROOT / "recordings" / night), "--report", f"html:{folder}/page.html"]
        subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder / "page.html"


def drawn(item: dict[str, object]) -> str:
    """Return one box or line of words as SVG."""
    if "box" in item:
        left, top, width, height = item["box"]  # type: ignore[misc]
        shape = f'x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" rx="{item["round"]:.0f}"'
        return f'<rect {shape} fill="{item["fill"]}" stroke="{item["stroke"]}"/>'
    base = float(item["bottom"]) - float(item["size"]) * 0.32  # type: ignore[arg-type]
    font = "ui-monospace, monospace" if item["mono"] else "system-ui, sans-serif"
    style = f'font-size="{item["size"]:.1f}" font-weight="{item["weight"]}" font-family="{font}" fill="{item["color"]}"'
    words = html.escape(str(item["text"]).rstrip())
    return f'<text xml:space="preserve" x="{item["left"]:.0f}" y="{base:.0f}" {style}>{words}</text>'


def main() -> None:
    """Write docs/report.svg."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        view.goto(page(Path(folder)).as_uri())
        view.wait_for_selector("table.heat")
        items = view.evaluate(BOXES, HEIGHT)
        browser.close()
    body = "\n".join(map(drawn, items))
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    head = f'<svg {frame} role="img"><title>The HTML report</title>'
    (ROOT / "docs" / "report.svg").write_text(f"{head}\n{body}\n</svg>\n", encoding="utf-8")


if __name__ == "__main__":
    main()
