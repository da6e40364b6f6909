// Keeps a page up to date. <main data-events> names a stream of events, data-watch JSON that changes;
// when either says so, the page is fetched again and its [data-live] parts are changed in place.
import { base } from "./base.js";
import { morph } from "./morph.js";

const main = document.getElementById("main");
const stale = document.getElementById("stale");
const { watch, events } = main.dataset;
const wait = Number(main.dataset.waitSeconds || 2) * 1000;
let rest = Number(main.dataset.rest || 1000); // milliseconds between two refreshes, as the server can bear
let seen = null;
let due = null;
let last = 0;
let missed = false; // something happened while nobody looked

async function text(url) {
  const answer = await fetch(url, { headers: { "Cache-Control": "no-cache" } });
  if (!answer.ok) throw new Error(`${answer.status} from ${url}`);
  return answer.text();
}

async function refresh() {
  const page = new DOMParser().parseFromString(await text(location.href), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) morph(part, fresh);
  }
  rest = Number(page.getElementById("main")?.dataset.rest || rest);
  document.dispatchEvent(new Event("nas:changed"));
  again();
}

// A part that isn't there yet says after how many seconds to ask for it again.
function again() {
  const part = document.querySelector("[data-again]");
  if (part) setTimeout(() => attempt(refresh), Number(part.dataset.again) * 1000);
}

function fresh(isFresh) {
  if (!isFresh && stale.hidden) {
    const since = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    stale.textContent = `Not up to date since ${since}: the dashboard doesn't answer. Trying again.`;
  }
  stale.hidden = isFresh;
}

async function attempt(work) {
  try {
    await work();
    fresh(true);
  } catch {
    fresh(false);
  }
}

// The server may give an answer that was hard to make some seconds longer; the last one is fetched once
// more when all is quiet.
const QUIET = 6000;
let settling = null;

function soon() {
  missed = document.hidden;
  if (missed) return;
  clearTimeout(settling);
  settling = setTimeout(() => attempt(refresh), QUIET);
  if (due) return;
  due = setTimeout(async () => {
    await attempt(refresh);
    last = Date.now();
    due = null;
  }, Math.max(0, last + rest - Date.now()));
}

async function poll() {
  if (!document.hidden) {
    await attempt(async () => {
      const now = await text(base + watch);
      if (seen !== null && now !== seen) await refresh();
      seen = now;
    });
  }
  setTimeout(poll, wait);
}

function listen() {
  const source = new EventSource(base + events);
  let opened = false;
  source.onopen = () => {
    if (opened) soon(); // whatever happened while the line was down
    opened = true;
    fresh(true);
  };
  source.onmessage = ({ data }) => {
    document.dispatchEvent(new CustomEvent("nas:event", { detail: JSON.parse(data) }));
    soon();
  };
  source.addEventListener("end", () => {
    source.close();
    soon();
    poll(); // the job is over, but may be taken up again
  });
  source.onerror = () => {
    if (opened) fresh(false);
    if (source.readyState !== EventSource.CLOSED) return;
    if (opened) setTimeout(listen, wait);
    else poll();
  };
}

again();
document.addEventListener("nas:acted", soon); // somebody did something here: don't wait to hear of it
document.addEventListener("visibilitychange", () => missed && soon());
if (events && window.EventSource) listen();
else if (watch) poll();
