"""The HTML report in a real browser. A package, so that the browser, whose loop would stay, ends with its tests."""
