// Buttons that ask a dispatcher for something that takes a while, and follow it to its end.
import { base } from "./base.js";

const WAIT = 1500; // milliseconds between two looks
const SILENT = 20; // looks at a task that nobody begins, before that is said

function tell(box, words) {
  box.querySelector("[data-told]").textContent = words;
}

async function answer(url, options) {
  const found = await fetch(base + url, options);
  const body = await found.json().catch(() => ({}));
  if (!found.ok) throw new Error(body.error?.message ?? `the server answered ${found.status}`);
  return body;
}

async function follow(box, id) {
  for (let looks = 1; ; looks += 1) {
    const task = await answer(`/api/v1/tasks/${id}`);
    if (task.state === "failed") throw new Error(task.error?.message ?? "it failed");
    if (task.state === "done") return;
    if (task.state === "running") tell(box, "Being made.");
    else tell(box, looks < SILENT ? "Waiting for a dispatcher." : "Still waiting: does a dispatcher run? See the cluster's page.");
    await new Promise((done) => setTimeout(done, WAIT));
  }
}

async function work(box, begin) {
  const button = box.querySelector("[data-begin]");
  if (button) button.disabled = true;
  try {
    const id = await begin();
    box.dataset.task = id;
    await follow(box, id);
    tell(box, "Done.");
    location.hash = box.closest("section").id;
    location.reload();
  } catch (error) {
    tell(box, `That didn't work: ${error.message}`);
    if (button) button.disabled = false;
  }
}

function ask(box) {
  const asked = { trial: Number(box.dataset.trial) };
  const option = box.querySelector("[data-option]");
  if (option?.checked) asked[option.dataset.option] = true;
  const body = JSON.stringify(asked);
  const csrf = document.querySelector("meta[name=csrf-token]")?.content;
  const headers = { "Content-Type": "application/json", ...(csrf && { "X-CSRF-Token": csrf }) };
  return answer(box.dataset.taskUrl, { method: "POST", headers, body }).then((task) => task.id);
}

for (const box of document.querySelectorAll("[data-task-url]")) {
  box.querySelector("[data-begin]")?.addEventListener("click", () => work(box, () => ask(box)));
  if (box.dataset.task && box.querySelector("[data-told]")) work(box, async () => box.dataset.task);
}
