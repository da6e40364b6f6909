// Buttons that ask a dispatcher for something that takes a while, and follow it to its end.
import { WAITING, ask, follow } from "./api.js";

function tell(box, words) {
  box.querySelector("[data-told]").textContent = words;
}

async function work(box, begin) {
  const button = box.querySelector("[data-begin]");
  if (button) button.disabled = true;
  try {
    const id = await begin();
    box.dataset.task = id;
    await follow(id, (state) => tell(box, WAITING[state] ?? "Being made."));
    tell(box, "Done.");
    location.hash = box.closest("section").id;
    location.reload();
  } catch (error) {
    tell(box, `That didn't work: ${error.message}`);
    if (button) button.disabled = false;
  }
}

async function begun(box) {
  const body = { trial: Number(box.dataset.trial) };
  const option = box.querySelector("[data-option]");
  if (option?.checked) body[option.dataset.option] = true;
  const task = await ask(box.dataset.taskUrl, { body });
  return task.id;
}

for (const box of document.querySelectorAll("[data-task-url]")) {
  box.querySelector("[data-begin]")?.addEventListener("click", () => work(box, () => begun(box)));
  if (box.dataset.task && box.querySelector("[data-told]")) work(box, async () => box.dataset.task);
}
