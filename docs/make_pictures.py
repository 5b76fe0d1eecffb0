"""Makes the pictures of the HTML report, in light and dark, from a real run: ``make pictures``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "upgrade"
COMMAND = ("-m", "pytest", "--llm-provider", "local:qwen2.5-coder-0.5b-instruct")
SIZE = {"width": 1100, "height": 1180}


def main() -> None:
    """Run the example with the smaller model, and picture the top of its report."""
    with TemporaryDirectory() as folder:
        example = shutil.copytree(
            EXAMPLE, Path(folder) / "upgrade", ignore=shutil.ignore_patterns(".llmeval")
        )
        subprocess.run(
            [sys.executable, *COMMAND], cwd=example, check=False, stdout=subprocess.DEVNULL
        )
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport=SIZE, color_scheme=scheme)
                page.goto((example / ".llmeval" / "report.html").as_uri())
                page.locator("html[data-ready]").wait_for()
                page.screenshot(path=HERE / f"report-{scheme}.png")
            browser.close()


if __name__ == "__main__":
    main()
