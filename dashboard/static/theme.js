// The theme: the system's, or what was chosen here. No module, so that it acts before the first paint.
const THEMES = ["system", "light", "dark"];

function theme() {
  const kept = localStorage.getItem("theme");
  return THEMES.includes(kept) ? kept : "system";
}

function apply() {
  document.documentElement.dataset.theme = theme();
}

function label(button) {
  button.querySelector("[data-theme-name]").textContent = theme();
  button.setAttribute("aria-label", `Theme: ${theme()}; change it`);
  button.hidden = false;
}

apply();
document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  label(button);
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
    localStorage.setItem("theme", next);
    apply();
    label(button);
    document.dispatchEvent(new Event("nas:theme"));
  });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => document.dispatchEvent(new Event("nas:theme")));
});
