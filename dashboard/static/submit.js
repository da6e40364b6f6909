// The page of a new job: a job file that is checked as one types, and its way to a dispatcher.
import { base } from "./base.js";
import { WAITING, ask, follow } from "./api.js";
import { Editor } from "./editor.js";

const REST = 400; // milliseconds without a key before the file is checked
const MOST = 1_000_000; // characters that the service takes
const DRAFT = "nas-draft";

const form = document.getElementById("submit");
const editor = new Editor(form.querySelector(".editor"));
const verdict = document.getElementById("verdict");
const facts = document.getElementById("facts");
const problems = document.getElementById("problems");
const told = document.getElementById("told");
const button = form.querySelector("button.main");
let due = 0;
let asked = 0; // checks so far; only the answer to the newest counts

function say(kind, words) {
  verdict.className = `state-line ${kind}`;
  if (verdict.textContent !== words) verdict.textContent = words;
}

function soon(wait = REST) {
  clearTimeout(due);
  due = setTimeout(check, wait);
}

async function check() {
  const number = (asked += 1);
  if (!editor.text.trim()) {
    show([]);
    say("", "Nothing to check: the file is empty.");
    return;
  }
  try {
    const found = await ask("/api/v1/jobs/check", { body: { job_file: editor.text } });
    if (number === asked) answered(found);
  } catch (error) {
    if (number !== asked) return;
    say("wrong", `It can't be checked: ${error.message}`);
    if (error.retryAfter) soon(error.retryAfter * 1000);
  }
}

function answered(found) {
  show(found.problems);
  facts.hidden = !found.valid;
  if (!found.valid) return;
  say("right", "Right, as far as that can be told without the data.");
  for (const fact of facts.querySelectorAll("[data-fact]")) {
    const value = found[fact.dataset.fact];
    fact.textContent = Array.isArray(value) ? value.join(", ") : value.toLocaleString("en");
  }
}

function show(found) {
  editor.mark(found.map(({ line }) => line));
  problems.hidden = !found.length;
  problems.replaceChildren(...found.map(item));
  if (!found.length) return;
  facts.hidden = true;
  say("wrong", found.length === 1 ? "One problem." : `${found.length} problems.`);
}

function item({ line, column, path, where, message }) {
  const made = document.createElement("li");
  const words = document.createElement("span");
  words.textContent = line || !where ? message : `${where}: ${message}`;
  if (line) {
    const jump = document.createElement("button");
    jump.type = "button";
    jump.className = "button";
    jump.textContent = `${line}:${column}`;
    jump.setAttribute("aria-label", `Go to line ${line}, column ${column}`);
    jump.addEventListener("click", () => editor.go(line, column));
    made.append(jump);
  }
  if (path) {
    const key = document.createElement("code");
    key.textContent = path;
    words.prepend(key, " ");
  }
  made.append(words);
  return made;
}

async function submit() {
  clearTimeout(due);
  asked += 1;
  button.disabled = true;
  told.className = "";
  told.textContent = "Sending.";
  const body = { job_file: editor.text, priority: form.elements.priority.valueAsNumber };
  try {
    const answer = await ask("/api/v1/jobs?wait=0", { body });
    const job = answer.task ? await follow(answer.task.id, progress) : answer;
    told.textContent = `Recorded as ${job.name}.`;
    sessionStorage.removeItem(DRAFT);
    location.assign(`${base}/jobs/${job.name}`);
  } catch (error) {
    refused(error);
  }
}

function progress(state, seconds) {
  const words = WAITING[state] ?? "A dispatcher reads the data, counts costs and estimates the hours";
  told.textContent = state === "running" ? `${words}: ${seconds} s.` : words;
}

function refused(error) {
  button.disabled = false;
  told.className = "reason";
  told.textContent = `Not submitted: ${error.problems.length ? "see the problems above." : error.message}`;
  if (!error.problems.length) return;
  show(error.problems);
  (problems.querySelector("button") ?? told).focus();
}

function take(file) {
  if (!file) return;
  if (file.size > MOST) say("wrong", `${file.name} is too large: ${file.size} of at most ${MOST} characters.`);
  else file.text().then((text) => { editor.text = text; });
}

async function begin(event) {
  event.preventDefault();
  const chosen = new URLSearchParams(new FormData(event.target));
  const answer = await fetch(`${base}/submit?${chosen}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  editor.text = page.getElementById("job-file").value;
}

editor.field.addEventListener("input", () => {
  sessionStorage.setItem(DRAFT, editor.text);
  if (!button.disabled) told.className = told.textContent = ""; // it was said of another text
  soon();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
document.getElementById("start").addEventListener("submit", begin);
document.getElementById("upload").addEventListener("change", ({ target }) => {
  take(target.files[0]);
  target.value = "";
});
const card = document.getElementById("file");
const dropping = (is) => (event) => {
  event.preventDefault();
  card.classList.toggle("dropping", is);
};
card.addEventListener("dragover", dropping(true));
card.addEventListener("dragleave", dropping(false));
card.addEventListener("drop", (event) => {
  const file = event.dataTransfer.files[0];
  if (!file) return; // text that is dropped goes where the cursor is
  dropping(false)(event);
  take(file);
});

// What was typed here before stays, unless the address asks for another beginning.
const draft = sessionStorage.getItem(DRAFT);
if (draft && !editor.field.dataset.given) {
  editor.field.value = draft;
  editor.number();
}
soon(0);
