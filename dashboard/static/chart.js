// Every chart of the dashboard: <div data-chart="URL"> inside a .chart-card (macros.html).
//
// The URL answers {note, empty, data, layout, live?: the cost by which reports become marks at once,
// table: {columns: [{title, unit, number, decimals}], rows, link}}:
// a plotly figure whose colours are written "var(--front)", and the same numbers as a table. A point
// whose customdata is a trial's number, and the table's first column, lead to link + number.
import { base } from "./base.js";

const CONFIG = { responsive: true, displayModeBar: false };
// An element of this id keeps plotly.js from writing the style sheet of maps, which nothing here needs
// and the page's policy forbids.
const MAP_STYLES = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";
const charts = new Map(); // element -> {body, drawn, tabulated, fresh: marks that the body doesn't have yet}
const FRESH_MS = 15000; // after which a mark is left to the body, which draws a sample of thousands
let loading = null;

function plotly(source) {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = base + source;
    script.onload = done;
    script.onerror = () => failed(new Error("plotly.js didn't load"));
    const guard = document.createElement("template");
    guard.id = MAP_STYLES;
    document.head.append(guard, script);
  });
  return loading;
}

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

// What a custom property is in the present theme.
function colour(name) {
  probe.style.color = "";
  probe.style.color = name;
  return getComputedStyle(probe).color;
}

function coloured(value) {
  if (typeof value === "string") return /^var\(--[\w-]+\)$/.test(value) ? colour(value) : value;
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(coloured);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one)]));
}

const NARROW = 500; // pixels, below which times of an axis would run into each other

function themed(layout, width) {
  const small = { size: 13, color: "var(--muted)" };
  const family = getComputedStyle(document.body).fontFamily;
  const axis = {
    gridcolor: "var(--grid)", linecolor: "var(--line)", zerolinecolor: "var(--line)",
    automargin: true, zeroline: false, ticklabeloverflow: "allow",
  };
  const whole = {
    margin: { l: 12, r: 12, t: 12, b: 12 }, hovermode: "closest",
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    ...layout,
    font: { family, size: 13, color: "var(--text)" },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    hoverlabel: {
      bgcolor: "var(--card)", bordercolor: "var(--line)", align: "left", font: { ...small, family, color: "var(--text)" },
    },
  };
  for (const key of Object.keys(layout).filter((name) => /^[xy]axis/.test(name))) {
    const title = layout[key].title && { ...layout[key].title, font: small };
    whole[key] = { ...axis, ...layout[key], title };
    if (layout[key].type === "date" && width < NARROW) whole[key].nticks = 3;
  }
  return coloured(whole);
}

function message(element, kind, words) {
  const box = document.createElement("p");
  box.className = kind;
  box.textContent = words;
  element.replaceChildren(box);
}

async function fetched(source) {
  const answer = await fetch(base + source);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.text();
}

async function load(element) {
  const chart = charts.get(element);
  let body;
  try {
    [body] = await Promise.all([fetched(element.dataset.chart), plotly(element.dataset.plotly)]);
  } catch {
    if (!chart.body) message(element, "empty", "The chart can't be read. Trying again at the next change.");
    return;
  }
  if (body === chart.body) return;
  chart.body = body;
  show(element);
  chart.tabulated = false;
  tabulate(element);
}

function show(element) {
  const figure = JSON.parse(charts.get(element).body);
  const note = element.closest(".chart-card").querySelector(".chart-note");
  if (note && figure.note !== undefined) note.textContent = figure.note;
  if (!figure.data.length) {
    Plotly.purge(element);
    message(element, "empty", figure.empty || "Nothing to draw yet.");
    return;
  }
  if (!element.matches(".js-plotly-plot")) element.replaceChildren();
  addFresh(charts.get(element), figure);
  Plotly.react(element, coloured(figure.data), themed(figure.layout, element.clientWidth), CONFIG);
  if (charts.get(element).drawn) return;
  charts.get(element).drawn = true;
  element.on("plotly_click", ({ points: [point] }) => open(element, point.customdata));
}

// A report of the job's end of training is drawn as it comes, before the server has made the chart anew.
function reported(element, { number, accuracy, ...costs }) {
  const chart = charts.get(element);
  const cost = costs[JSON.parse(chart.body).live];
  if (typeof cost !== "number") return;
  chart.fresh.push({ x: cost, y: 100 * accuracy, number, until: Date.now() + FRESH_MS });
  show(element);
}

function addFresh(chart, { data, layout }) {
  const known = new Set(data.flatMap(({ customdata = [] }) => customdata));
  chart.fresh = chart.fresh.filter(({ number, until }) => !known.has(number) && until > Date.now());
  if (!chart.fresh.length) return;
  delete layout.xaxis.range; // it was for the costs before
  const y = chart.fresh.map((mark) => mark.y);
  const [low, high] = layout.yaxis.range ?? [Infinity, -Infinity];
  layout.yaxis.range = [Math.min(low, ...y), Math.max(high, ...y)];
  data.push({
    type: "scatter", mode: "markers", name: "just reported", showlegend: false,
    x: chart.fresh.map((mark) => mark.x), y, customdata: chart.fresh.map((mark) => mark.number),
    text: chart.fresh.map((mark) => `trial ${mark.number}, just reported`),
    marker: { color: "var(--front)", symbol: "circle-open", size: 11, line: { width: 2 } },
    hovertemplate: data.at(-1).hovertemplate,
  });
}

function open(element, number) {
  const { table } = JSON.parse(charts.get(element).body);
  if (table.link && number !== undefined && number !== null) location.href = base + table.link + number;
}

// The numbers are written when they are looked at: hundreds of rows at every update would be felt.
function tabulate(element) {
  const chart = charts.get(element);
  const numbers = element.closest(".chart-card").querySelector(".numbers");
  if (!numbers.open || chart.tabulated || !chart.body) return;
  chart.tabulated = true;
  const { table } = JSON.parse(chart.body);
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const column of table.columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.className = column.number ? "number" : "";
    cell.textContent = titled(column);
    head.append(cell);
  }
  const rows = made.createTBody();
  for (const values of table.rows.slice(0, 500)) {
    const row = rows.insertRow();
    values.forEach((value, index) => {
      const cell = row.insertCell();
      cell.className = table.columns[index].number ? "number" : "";
      cell.append(index === 0 && table.link ? link(base + table.link, value) : shown(value, table.columns[index].decimals));
    });
  }
  numbers.querySelector(".scroll").replaceChildren(made);
}

function link(to, number) {
  const made = document.createElement("a");
  made.href = to + number;
  made.textContent = number;
  return made;
}

const titled = ({ title, unit }) => (unit ? `${title} (${unit})` : title);
function shown(value, decimals) {
  if (typeof value !== "number") return value ?? "–";
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function csv({ columns, rows }) {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : (value ?? ""));
  return [columns.map(titled), ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

async function save(button) {
  const card = button.closest(".chart-card");
  const element = card.querySelector("[data-chart]");
  const source = card.dataset.source ?? element.dataset.chart;
  const body = charts.get(element)?.body || (await (await fetch(base + source)).text());
  const kind = button.dataset.save;
  const made = {
    csv: () => `data:text/csv;charset=utf-8,${encodeURIComponent(csv(JSON.parse(body).table))}`,
    json: () => `data:application/json,${encodeURIComponent(body)}`,
    svg: () => Plotly.toImage(element, { format: "svg", width: 960, height: 540 }),
  };
  const anchor = document.createElement("a");
  anchor.href = await made[kind]();
  anchor.download = `${card.dataset.name}.${kind}`;
  anchor.click();
}

// Loads each element that it observes, once, as soon as it is so near to the screen.
function loader(rootMargin) {
  return new IntersectionObserver((entries, self) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      self.unobserve(target);
      load(target);
    }
  }, { rootMargin });
}
const first = loader("400px");
const changed = loader("0px"); // what nobody sees is drawn anew when it is scrolled to

for (const element of document.querySelectorAll("[data-chart]")) {
  charts.set(element, { body: "", drawn: false, fresh: [] });
  first.observe(element);
}
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-save]");
  if (button) save(button);
});
document.addEventListener("toggle", ({ target }) => {
  const element = target.matches("details.numbers") && target.closest(".chart-card").querySelector("[data-chart]");
  if (element) tabulate(element);
}, true);
const eachLoaded = (work) => charts.forEach((chart, element) => chart.body && work(element));
document.addEventListener("nas:changed", () => eachLoaded((element) => changed.observe(element)));
document.addEventListener("nas:event", ({ detail: { kind, data } }) => {
  if (kind !== "report" || data.state !== "done") return;
  charts.forEach((chart, element) => chart.drawn && reported(element, data));
});
document.addEventListener("nas:theme", () => eachLoaded(show));
