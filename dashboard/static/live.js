// Keeps a page up to date: watches JSON, and where it changed takes the page's live part anew.
const main = document.getElementById("main");
const stale = document.getElementById("stale");
const address = main.dataset.watch;
const wait = Number(main.dataset.waitSeconds) * 1000;
let seen = null;

async function text(url) {
  const answer = await fetch(url, { headers: { "Cache-Control": "no-cache" } });
  if (!answer.ok) throw new Error(`${answer.status} from ${url}`);
  return answer.text();
}

async function refresh() {
  const page = new DOMParser().parseFromString(await text(location.href), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.innerHTML === part.innerHTML) continue;
    const open = part.querySelector("details")?.open;
    part.innerHTML = fresh.innerHTML;
    if (open) part.querySelector("details")?.setAttribute("open", "");
  }
  document.dispatchEvent(new Event("nas:changed"));
}

async function look() {
  if (!document.hidden) {
    try {
      const now = await text(address);
      if (seen !== null && now !== seen) await refresh();
      seen = now;
      stale.hidden = true;
    } catch (error) {
      if (stale.hidden) {
        stale.textContent = `Not up to date since ${new Date().toLocaleTimeString()}: the dashboard doesn't answer. Trying again.`;
        stale.hidden = false;
      }
    }
  }
  setTimeout(look, wait);
}

if (address) look();
