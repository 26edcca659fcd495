"use strict";
// Filters: the rows of a table, or the entries of a list, that have the text and the word.
const filtered = (id) => {
  const list = document.getElementById(id);
  return list.tBodies ? [...list.tBodies[0].rows] : [...list.children];
};
const filter = (id) => {
  const text = document.querySelector(`.text[data-table="${id}"]`).value.trim().toLowerCase();
  const select = document.querySelector(`.verdicts[data-table="${id}"]`);
  const word = select ? select.value : "";
  const rows = filtered(id);
  for (const row of rows) {
    const label = row.querySelector("summary") || row;
    const has = label.textContent.toLowerCase().includes(text);
    row.hidden = !(has && (row.dataset.words || "").includes(word));
  }
  const shown = rows.filter((row) => !row.hidden).length;
  document.querySelector(`output[data-table="${id}"]`).value = `${shown} of ${rows.length} shown`;
};
for (const control of document.querySelectorAll(".text, .verdicts")) {
  control.addEventListener("input", () => filter(control.dataset.table));
}

// Following a thread: the steps of the others step back.
const follow = (button) => {
  const table = button.closest("table");
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of table.querySelectorAll(".follow")) {
    other.setAttribute("aria-pressed", String(on && other === button));
  }
  for (const step of table.querySelectorAll(".act")) {
    step.parentElement.classList.toggle("dim", on && step.dataset.lane !== button.dataset.lane);
  }
};
for (const button of document.querySelectorAll(".follow")) {
  button.addEventListener("click", () => follow(button));
}

// The arrow keys: along a lane, or to the nearest step of the lane beside.
const neighbour = (step, key) => {
  const steps = [...step.closest("tbody").querySelectorAll(".act")];
  const at = steps.indexOf(step);
  const lane = Number(step.dataset.lane);
  const after = (wanted) => steps.slice(at + 1).find((other) => Number(other.dataset.lane) === wanted);
  const before = (wanted) => steps.slice(0, at).reverse().find((other) => Number(other.dataset.lane) === wanted);
  switch (key) {
    case "ArrowDown": return after(lane);
    case "ArrowUp": return before(lane);
    case "ArrowRight": return after(lane + 1) || before(lane + 1);
    case "ArrowLeft": return after(lane - 1) || before(lane - 1);
  }
};
document.addEventListener("keydown", (event) => {
  const step = event.target.closest(".act");
  const next = step && neighbour(step, event.key);
  if (!next) return;
  event.preventDefault();
  step.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
