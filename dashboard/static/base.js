// The path below which the dashboard lies, behind a proxy: put before every address from JSON or data-….
export const base = document.documentElement.dataset.base || "";
