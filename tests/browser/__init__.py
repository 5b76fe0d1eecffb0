"""The HTML report in a real browser. A package, so that the browser ends with its tests: Playwright's loop stays running."""
