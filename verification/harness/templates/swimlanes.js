"use strict";
// Draws an interleaving as swim lanes: a column is a thread, and time goes downward.
//
// The page carries the interleavings as data: JSON, compressed (zlib), in base64. Each different text
// stands there once:
//   whole          the file that has the steps which the page does not carry
//   sites          file:line, and the line of source there
//   steps          words, index of the site, 1 if a fault acts
//   states         a letter for each thread (r runs, s sleeps, w waits, - absent), and the locks that
//                  it holds, as indexes: "r1,4|s|w"
//   held           the names of those locks
//   ends           how a thread stands at the end: b blocked, e ended, s stopped, - not begun; the
//                  same in words; the site
//   moves          thread, index of the step, index of the state
//   objects        the name of a lock and the like, and where it is created
//   names          the names of threads
//   causes         how interleavings came about
//   interleavings  by id: index of the cause; threads; rows; the number of steps before the first
//                  row; indexes of the objects. A thread is index of the name, index of the end, last
//                  step. A row is the index of a move, or a list of it and then the threads that it
//                  wakes, or minus the step that woke it
const readDrawings = () => {
  const compressed = atob(document.getElementById("drawings").textContent);
  const bytes = Uint8Array.from(compressed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
};
const drawings = await readDrawings();

const LANES = { r: "running", s: "sleeping", w: "waiting", "-": "absent" };
const SAID = { s: "sleeps", w: "waits" };
const MARKS = { b: "✗ ", e: "■ ", s: "● ", "-": "" };
const ENDS = { b: "stuck", e: "ended", s: "stopped", "-": "not begun" };

const element = (tag, name, ...children) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
};

const link = (id, text) => {
  const made = element("a", "", text);
  made.href = `#${id}`;
  return made;
};

// "r1,4" as its letter and the names of its locks.
const readState = (index) => drawings.states[index].split("|").map((text) => {
  const locks = text.slice(1).split(",").filter(Boolean);
  return { letter: text[0], locks: locks.map((lock) => drawings.held[lock]) };
});

const readRow = (row) => {
  const [move, ...others] = [row].flat();
  const [thread, step, state] = drawings.moves[move];
  const wakes = others.filter((other) => other >= 0);
  const wokenBy = others.filter((other) => other < 0).map((other) => -other);
  return { thread, step, state, wakes, wokenBy };
};

const endSentence = ([name, index, row]) => {
  const [end, words, site] = drawings.ends[index];
  return `${name}: ${words}${"bs".includes(end) ? ` (step ${row}, ${site})` : ""}`;
};

const headCell = (thread, lane, state) => {
  const [name, index] = thread;
  const [end] = drawings.ends[index];
  const cell = element("th");
  cell.scope = "col";
  const button = element("button", "follow", name);
  button.type = "button";
  button.dataset.lane = lane;
  button.setAttribute("aria-pressed", "false");
  const word = (end === "b" && SAID[state.letter]) || ENDS[end];
  cell.append(button, element("small", end === "b" ? "stuck" : "", `${MARKS[end]}${word}`));
  return cell;
};

// The cell of the thread that takes the step.
const actCell = (told, id, number, row) => {
  const { thread, step, wakes, wokenBy } = row;
  const [words, site, faulty] = drawings.steps[step];
  const [place, code] = drawings.sites[site];
  const [, index, last] = told.threads[thread];
  const [end] = drawings.ends[index];
  const cell = element("td", "act", `${last === number ? MARKS[end] : ""}${words}`);
  cell.classList.toggle("last", last === number);
  cell.classList.toggle("faulty", faulty === 1);
  const woken = wakes.map((other) => told.threads[other][0]);
  if (woken.length > 0) cell.append(" ", element("span", "wakes", `→ wakes ${woken.join(", ")}`));
  for (const waker of wokenBy) cell.append(" ", link(`${id}.${waker}`, `woken by step ${waker}`));
  if (place) cell.append(element("small", "place", place));
  if (code) cell.append(element("code", "", code));
  return cell;
};

const bodyRow = (told, id, row, index) => {
  const number = told.earlier + index + 1;
  const line = element("tr");
  line.id = `${id}.${number}`;
  const head = element("th", "", link(line.id, number));
  head.scope = "row";
  line.append(head);
  readState(row.state).forEach(({ letter, locks }, lane) => {
    const acts = lane === row.thread;
    const cell = acts ? actCell(told, id, number, row) : element("td");
    cell.classList.add(LANES[letter]);
    cell.dataset.lane = lane;
    const held = locks.length > 0 ? `holds ${locks.join(", ")}` : "";
    cell.classList.toggle("owner", locks.length > 0);
    if (acts) {
      cell.tabIndex = index === 0 ? 0 : -1;
      const said = locks.length === 1 && drawings.steps[row.step][0] === `locks ${locks[0]}`;
      if (held && !said) cell.append(element("span", "held", held));
    } else if (held || SAID[letter]) {
      // What the border shows is also said.
      cell.title = [SAID[letter], held].filter(Boolean).join(", ");
      cell.append(element("i", "", cell.title));
    }
    line.append(cell);
  });
  return line;
};

// The arrows lie over the table: from each notification to the step in which the thread wakes up, or
// beside it where the thread does not get that far.
const arrowsOf = (told, rows) => rows.flatMap((row, index) => {
  const number = told.earlier + index + 1;
  const arrows = row.wokenBy.map((waker) => ({ from: waker, to: number, lane: row.thread }));
  for (const lane of row.wakes) {
    const wakesUp = (later) => later.thread === lane && later.wokenBy.includes(number);
    if (!rows.some(wakesUp)) arrows.push({ from: number, to: number, lane });
  }
  return arrows;
});

const SVG = "http://www.w3.org/2000/svg";

const drawArrows = (table, svg, arrows, id) => {
  svg.replaceChildren();
  svg.setAttribute("width", table.offsetWidth);
  svg.setAttribute("height", table.offsetHeight);
  const row = (number) => document.getElementById(`${id}.${number}`);
  const middle = (cell) => cell.offsetTop + Math.min(cell.offsetHeight / 2, 14);
  for (const { from, to, lane } of arrows) {
    const [start, end] = [row(from), row(to)];
    const source = start && start.querySelector(".act");
    const target = end && end.cells[lane + 1];
    if (!source || !target) continue;
    // Across in the row of the notification, where the cells between are empty, then down the border.
    const right = target.offsetLeft > source.offsetLeft;
    const edge = (cell, atRight) => cell.offsetLeft + (atRight ? cell.offsetWidth - 5 : 0);
    const x1 = edge(source, right);
    const x2 = edge(target, !right) - (right ? 5 : 0);
    const [y1, y2] = [middle(source), middle(target)];
    const tip = right ? 6 : -6;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", `M${x1} ${y1} H${x2} V${y2} h${tip} m${-tip} -4 l${tip} 4 l${-tip} 4`);
    svg.append(path);
  }
};

// Gives the parts of an interleaving their names.
const readDrawing = ([cause, threads, rows, earlier, objects]) => ({
  how: drawings.causes[cause],
  threads: threads.map(([name, end, last]) => [drawings.names[name], end, last]),
  rows: rows.map(readRow),
  earlier,
  objects,
});

// Draws the interleaving of that id into an element; `prefix` begins the ids of the steps.
const drawInterleaving = (id, into, prefix = id) => {
  const told = readDrawing(drawings.interleavings[id]);
  const ends = told.threads.map((thread) => element("li", "", endSentence(thread)));
  const table = element("table");
  table.style.setProperty("--threads", told.threads.length);
  const caption = element("caption", "hidden", "A column is a thread, and time goes downward.");
  const { rows } = told;
  const last = readState(rows[rows.length - 1].state);
  const corner = element("th", "", "#");
  corner.setAttribute("aria-label", "step");
  corner.scope = "col";
  const head = element("tr", "", corner, ...told.threads.map((thread, lane) => headCell(thread, lane, last[lane])));
  const lines = rows.map((row, index) => bodyRow(told, prefix, row, index));
  table.append(caption, element("thead", "", head), element("tbody", "", ...lines));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const box = element("div", "lanes", table, svg);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Swim lanes");
  if (prefix === id) {
    into.append(element("p", "", told.how), element("p", "fine", "Where each thread stands at the end:"), element("ul", "ends", ...ends));
  }
  if (told.earlier > 0) {
    into.append(element("p", "fine", `The ${told.earlier} steps before these are in ${drawings.whole}.`));
  }
  const made = told.objects.map((index) => drawings.objects[index].join(": ")).join("; ");
  into.append(box, element("p", "fine", made && `Created at: ${made}.`));
  const arrows = arrowsOf(told, rows);
  new ResizeObserver(() => drawArrows(table, svg, arrows, prefix)).observe(table);
};

// Following a thread: the steps of the others fade.
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
document.addEventListener("click", (event) => {
  const button = event.target.closest(".follow");
  if (button) follow(button);
});

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
