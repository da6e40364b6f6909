// Draws the Pareto front with plotly.js in the page's own colours.
const chart = document.getElementById("chart");
let drawn = "";

function themed(layout) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { gridcolor: colour("--line"), linecolor: colour("--line") };
  return {
    ...layout,
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("--text") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    xaxis: { ...layout.xaxis, ...axis },
    yaxis: { ...layout.yaxis, ...axis },
    hoverlabel: {
      bgcolor: colour("--card"), bordercolor: colour("--line"), align: "left",
      font: { color: colour("--text") },
    },
  };
}

async function draw() {
  const answer = await fetch(chart.dataset.figure);
  if (!answer.ok) {
    if (!drawn) chart.textContent = "The figure can't be read; the table below has the numbers.";
    return;
  }
  const body = await answer.text();
  drawn = body;
  show();
}

function show() {
  const figure = JSON.parse(drawn);
  if (!figure.data.length) {
    Plotly.purge(chart);
    chart.textContent = "Nothing to draw yet: no trial has reached the last rung.";
    return;
  }
  if (!chart.matches(".js-plotly-plot")) chart.textContent = "";
  Plotly.react(chart, figure.data, themed(figure.layout), { responsive: true, displayModeBar: false });
}

if (chart) {
  draw();
  document.addEventListener("nas:changed", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn && show());
}
