// Asks the service for something, and follows what a dispatcher does for it.
import { base } from "./base.js";

const WAIT = 1000; // milliseconds between two looks at a task
const SILENT_MS = 20000; // of a task that nobody begins, before that is said

// What the service refused: its words, single problems, and when to come again.
export class Refusal extends Error {
  constructor(status, error = {}, retryAfter = 0) {
    super(error.message || `the service answered ${status}`);
    this.status = status;
    this.problems = error.problems ?? [];
    this.retryAfter = Number(retryAfter);
  }
}

export async function ask(url, { method = "POST", body } = {}) {
  const csrf = document.querySelector("meta[name=csrf-token]")?.content;
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(csrf && { "X-CSRF-Token": csrf }) };
  let answer;
  try {
    answer = await fetch(base + url, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Refusal(0, { message: "the service doesn't answer; try again" });
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, found.error, answer.headers.get("Retry-After"));
  return found;
}

// A task's result once it is done; `tell` hears meanwhile whether it waits or is worked on, and how long.
export async function follow(id, tell) {
  const begin = Date.now();
  for (;;) {
    const task = await ask(`/api/v1/tasks/${id}`, { method: "GET" });
    if (task.state === "failed") throw new Refusal(409, task.error ?? { message: "it failed" });
    if (task.state === "done") return task.result;
    const waited = Date.now() - begin;
    tell(task.state === "queued" && waited > SILENT_MS ? "silent" : task.state, Math.round(waited / 1000));
    await new Promise((done) => setTimeout(done, WAIT));
  }
}

export const WAITING = {
  queued: "Waiting for a dispatcher.",
  silent: "Still waiting: does a dispatcher run? See the cluster's page.",
};
