// Shows every <time datetime> in the reader's own time zone; UTC is its tooltip.
const words = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

function localise() {
  for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
    time.textContent = words.format(new Date(time.dateTime));
    time.dataset.local = "";
  }
}

localise();
document.addEventListener("nas:changed", localise);
