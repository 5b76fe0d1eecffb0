/* Keys of the whole page, and the dialog that lists them. */

const KEYS = [
  ["/", "Search"],
  ["j  k", "Next and previous case, also while one is open"],
  ["↑  ↓  Page  Home  End", "Move in the table"],
  ["Enter", "Open the case"],
  ["r  w", "Mark the open case's answer right or wrong"],
  ["Esc", "Close, or leave the search"],
  ["?", "This list"],
];

function listenToKeys(view, table, drawer) {
  const help = el("dialog", { class: "help", "aria-labelledby": "help-title" },
    el("h2", { id: "help-title" }, "Keys"),
    el("dl", null, KEYS.map(([keys, effect]) => el("div", null, el("dt", null, keys.split("  ").map((key) => el("kbd", null, key))), el("dd", null, effect)))),
    button("Close", () => help.close(), { class: "chip" }));
  document.body.append(help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape" && event.target.id === "search") table.node.focus();
      return;
    }
    if (act(event.key)) event.preventDefault();
  });

  function act(key) {
    if (key === "?") help.showModal();
    else if (drawer.node.open) return actInDrawer(key);
    else if (key === "/") focusSearch();
    else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
    else return false;
    return true;
  }

  function actInDrawer(key) {
    const actions = { j: () => drawer.step(1), k: () => drawer.step(-1), r: () => drawer.mark("right"), w: () => drawer.mark("wrong") };
    actions[key]?.();
    return key in actions;
  }

  function focusSearch() {
    const search = document.getElementById("search");
    search.scrollIntoView({ block: "nearest" });
    search.focus();
    search.select();
  }

  function step(by) {
    const hasFocus = document.activeElement === table.node;
    table.node.scrollIntoView({ block: "nearest" });
    table.node.focus({ preventScroll: true });
    table.move(hasFocus ? table.active + by : table.active);
  }
}
