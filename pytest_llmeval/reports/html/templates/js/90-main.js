/* The start of the script: fills the page with its live parts. */

async function start() {
  const store = await Store.load();
  const labels = new Labels(store.run);
  const view = new View(store, labels);
  const drawer = new Drawer(view, labels);
  const table = new Table(view, labels, (row) => drawer.show(row));
  const all = document.getElementById("all");
  const goToTable = () => {
    all.scrollIntoView({ block: "start" });
    table.node.focus({ preventScroll: true });
  };
  drawer.onClose = (row) => row && table.moveTo(row);
  labels.listeners.push(() => table.draw());
  document.body.append(el("div", { id: "announcement", class: "unseen", role: "status" }));
  document.getElementById("changes")?.append(store.baseline ? changesPart(view, drawer, goToTable) : none("The baseline has no single cases."));
  all.append(filterBar(view, labels), table.node, el("p", { class: "none keys" }, "Keys: / search, j and k move, Enter opens, ? helps."));
  all.hidden = false;
  document.documentElement.classList.add("live");
  chartsPart(view, drawer, goToTable);
  listenToKeys(view, table, drawer);
  const go = () => {
    if (view.isShown && /^#(?!case-)[^=]+$/.test(location.hash)) return; // the link leads to a section, not to a state of the table
    view.isShown = true;
    view.read();
    const row = store.byAnchor.get(view.open);
    if (row && drawer.row !== row) drawer.show(row);
  };
  window.addEventListener("hashchange", go);
  go();
  document.documentElement.dataset.ready = "";
}

if (typeof DecompressionStream === "function") start();
