// What people do to a job: a button acts at once or opens a dialog that asks; the answer is said in words.
import { base } from "./base.js";
import { WAITING, ask, follow } from "./api.js";

const page = document.getElementById("jobhead"); // of one job; on the list of all, each row is one
const acted = document.getElementById("acted");
let job = page?.dataset.job; // that somebody acts on

const placeOf = (name) => page ?? document.querySelector(`[data-job="${CSS.escape(name)}"]`);

// On a job's page focus goes to the words: the button may be another one by now.
let state = null; // of the job when they were said
function say(words, bad = false) {
  state = bad ? null : stateNow();
  acted.textContent = page ? words : `${job}: ${words}`;
  acted.classList.toggle("bad", bad);
  (page ? acted : placeOf(job)?.querySelector("summary") ?? acted).focus();
}

async function act(verb, body, tell) {
  const url = `/api/v1/jobs/${job}`;
  if (verb === "delete") {
    await ask(url, { method: "DELETE" });
    if (page) location.assign(`${base}/`);
    else placeOf(job)?.remove();
    document.dispatchEvent(new Event("nas:acted"));
    return "Deleted.";
  }
  const answer = await ask(`${url}/${verb}`, { body });
  if (verb === "extend") await follow(answer.id, (state) => tell(WAITING[state] ?? "A dispatcher measures what changed."));
  if (page && !document.getElementById("main").dataset.events) location.reload(); // a job that was over has no stream
  document.dispatchEvent(new Event("nas:acted"));
  if (verb === "priority") return `Priority ${answer.priority}.`;
  if (verb === "extend") return "Extended and queued.";
  if (answer.request) return verb === "cancel" ? "Cancelling." : "Asked to pause.";
  return `Now ${answer.state}.`;
}

const stateNow = () => placeOf(job)?.querySelector(".state")?.textContent;

// Puts the job into a dialog and opens it.
function open(dialog) {
  const { priority, asked } = placeOf(job).dataset;
  const words = JSON.parse(asked);
  dialog.querySelector("[data-name]").textContent = job;
  dialog.querySelector("[data-problem]").hidden = true;
  for (const field of dialog.querySelectorAll("input[name]")) {
    if (field.name === "priority") field.defaultValue = priority;
    else field.placeholder = words[field.name];
  }
  dialog.querySelector("form").reset();
  dialog.showModal();
}

// Fields as the API takes them; what is empty is left out.
function bodyOf(form) {
  const body = {};
  for (const field of form.querySelectorAll("input[name]")) {
    const value = field.value.trim();
    if (!value) continue;
    if (field.name.startsWith("budget.")) (body.overrides ??= []).push(`${field.name}=${value}`);
    else body[field.name] = field.valueAsNumber;
  }
  return body;
}

async function press(button) {
  button.disabled = true;
  button.closest("details")?.removeAttribute("open");
  try {
    say(await act(button.dataset.verb, button.dataset.body && JSON.parse(button.dataset.body)));
  } catch (error) {
    say(`That didn't work: ${error.message}`, true);
  }
  button.disabled = false;
}

async function confirmed(form) {
  const dialog = form.closest("dialog");
  const problem = form.querySelector("[data-problem]");
  const progress = form.querySelector("[data-progress]");
  const button = form.querySelector(".button.main");
  const tell = (words) => progress && (progress.textContent = words);
  problem.hidden = button.disabled = true;
  const body = bodyOf(form);
  try {
    if (form.dataset.verb === "extend" && !Object.keys(body).length) throw new Error("Nothing would change: fill in a field.");
    const words = await act(form.dataset.verb, body, tell);
    dialog.close();
    form.reset();
    say(words);
  } catch (error) {
    const places = error.problems?.map(({ path, message }) => `${path}: ${message}`);
    problem.textContent = places?.length ? places.join("; ") : error.message;
    problem.hidden = false;
  }
  tell("");
  button.disabled = false;
}

// "Cancelling." is no news any more once the job is cancelled.
document.addEventListener("nas:changed", () => {
  if (state !== null && state !== stateNow() && !acted.textContent.endsWith(`${stateNow()}.`)) acted.textContent = "";
});
document.addEventListener("click", ({ target }) => {
  const verb = target.closest("button[data-verb]");
  const opener = target.closest("[data-dialog]");
  job = (verb ?? opener)?.closest("[data-job]").dataset.job ?? job;
  if (verb) press(verb);
  if (opener) {
    opener.closest("details")?.removeAttribute("open");
    open(document.getElementById(opener.dataset.dialog));
  }
  if (target.closest("[data-close]")) target.closest("dialog").close();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});
document.addEventListener("keydown", ({ key, target }) => {
  const menu = target.closest("details.menu[open]");
  if (key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
// What is open stands still while the page is kept up to date; it is made up for when it closes.
document.addEventListener("toggle", ({ target }) => {
  if (target.matches("details.menu:not([open])")) document.dispatchEvent(new Event("nas:acted"));
}, true);
document.addEventListener("submit", (event) => {
  if (!event.target.matches("dialog form")) return;
  event.preventDefault();
  confirmed(event.target);
});
