// Filters: the rows of a table, or the entries of a list, that have the text and the word.
const rowsOf = (id) => {
  const list = document.getElementById(id);
  return list.tBodies ? [...list.tBodies[0].rows] : [...list.children];
};
const controlsOf = (id) => ({
  text: document.querySelector(`.text[data-table="${id}"]`),
  verdict: document.querySelector(`.verdicts[data-table="${id}"]`),
});
const filter = (id) => {
  const { text, verdict } = controlsOf(id);
  const wanted = text.value.trim().toLowerCase();
  const word = verdict ? verdict.value : "";
  const rows = rowsOf(id);
  for (const row of rows) {
    const label = row.querySelector("summary") || row;
    const has = label.textContent.toLowerCase().includes(wanted);
    row.hidden = !(has && (row.dataset.words || "").includes(word));
  }
  const shown = rows.filter((row) => !row.hidden).length;
  document.querySelector(`output[data-table="${id}"]`).value = `${shown} of ${rows.length} shown`;
};
const filters = [...document.querySelectorAll("output[data-table]")].map((output) => output.dataset.table);

// The address: `#place?filter=value`, so that what is shown can be sent as a link.
const readAddress = () => {
  const [place, query = ""] = location.hash.slice(1).split("?");
  return { place: decodeURIComponent(place), values: new URLSearchParams(query) };
};
const address = (place) => {
  const values = new URLSearchParams();
  for (const id of filters) {
    for (const [name, control] of Object.entries(controlsOf(id))) {
      if (control && control.value) values.set(`${id}.${name}`, control.value);
    }
  }
  const query = values.toString();
  return `#${encodeURIComponent(place)}${query && `?${query}`}`;
};

// Shows a place: opens what it lies in, and draws that if nobody has.
const draw = (details) => {
  if (details.matches(".conviction") && details.children.length === 1) {
    drawInterleaving(details.id, details);
  }
};
const show = (place) => {
  const outer = document.getElementById(place.replace(/\.\d+$/, ""));
  if (outer && outer.matches("details")) {
    outer.open = true;
    draw(outer);
  }
  const target = document.getElementById(place);
  if (!target) return;
  const hidden = target.closest("[hidden]");
  if (hidden) {
    const { id } = hidden.parentElement.closest("[id]");
    for (const control of Object.values(controlsOf(id))) if (control) control.value = "";
    filter(id);
  }
  for (const old of document.querySelectorAll(".target")) old.classList.remove("target");
  target.classList.add("target");
  target.scrollIntoView();
};
const go = (place) => {
  if (address(place) !== location.hash) history.pushState(null, "", address(place));
  show(place);
  history.replaceState(null, "", address(place));
};

// What the address says becomes what is shown.
const restore = () => {
  const { place, values } = readAddress();
  for (const id of filters) {
    for (const [name, control] of Object.entries(controlsOf(id))) {
      if (control) control.value = values.get(`${id}.${name}`) || "";
    }
    filter(id);
  }
  if (place) show(place);
};

for (const control of document.querySelectorAll(".text, .verdicts")) {
  control.addEventListener("input", () => {
    filter(control.dataset.table);
    history.replaceState(null, "", address(readAddress().place));
  });
}
document.addEventListener("toggle", (event) => event.target.open && draw(event.target), true);
document.addEventListener("click", (event) => {
  const anchor = event.target.closest('a[href^="#"]');
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
  if (anchor && plain) {
    event.preventDefault();
    go(decodeURIComponent(anchor.hash.slice(1)));
  }
  // An interleaving that is opened is the place; it is open when the click is done.
  const details = event.target.closest("summary")?.parentElement;
  if (details && details.matches(".conviction")) {
    history.replaceState(null, "", address(details.open ? "convictions" : details.id));
  }
});
window.addEventListener("hashchange", restore);

// The story, and the first failures, are drawn at once.
document.querySelectorAll(".drawing").forEach((place, index) => {
  drawInterleaving(place.dataset.interleaving, place, `drawn-${index}`);
});
restore();
// What was opened before the data was read.
document.querySelectorAll(".conviction[open]").forEach(draw);
document.documentElement.dataset.drawn = "";
