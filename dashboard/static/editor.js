// A plain <textarea> with line numbers beside it and marks on the lines that are wrong.
export class Editor {
  constructor(box) {
    this.field = box.querySelector("textarea");
    this.numbers = box.querySelector(".line-numbers");
    this.stripes = box.querySelector(".stripes");
    this.wrong = new Set();
    this.field.addEventListener("scroll", () => this.scrolled());
    this.field.addEventListener("input", () => this.number());
    this.field.addEventListener("keydown", (event) => this.indented(event));
    this.number();
  }

  get text() {
    return this.field.value;
  }

  // As if it was typed, so that undo brings the former text back.
  set text(words) {
    this.field.focus();
    this.field.select();
    if (!document.execCommand("insertText", false, words)) this.field.value = words;
    this.field.setSelectionRange(0, 0);
    this.field.scrollTop = 0;
    this.field.dispatchEvent(new Event("input"));
  }

  number() {
    const count = this.text.split("\n").length;
    const lines = Array.from({ length: count }, (_, index) => `${this.wrong.has(index + 1) ? "● " : ""}${index + 1}`);
    this.numbers.textContent = lines.join("\n");
    this.scrolled();
  }

  mark(lines) {
    this.wrong = new Set(lines.filter((line) => line > 0));
    this.field.setAttribute("aria-invalid", String(this.wrong.size > 0));
    this.number();
    const height = this.lineHeight();
    this.stripes.replaceChildren(
      ...[...this.wrong].map((line) => {
        const stripe = document.createElement("i");
        stripe.style.top = `${(line - 1) * height}px`;
        return stripe;
      }),
    );
  }

  // Put the cursor on the word at a place, both from 1, and the place into sight.
  go(line, column) {
    const lines = this.text.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const here = (lines[line - 1] ?? "").slice(column - 1);
    const word = here.match(/^["']?[^\s:,{}[\]]+["']?|^\S/)?.[0].length ?? 0;
    const start = Math.min(before + column - 1, this.text.length);
    this.field.focus();
    this.field.setSelectionRange(start, start + word);
    this.field.scrollTop = (line - 4) * this.lineHeight();
    this.field.scrollLeft = 0;
  }

  lineHeight() {
    return parseFloat(getComputedStyle(this.field).lineHeight);
  }

  scrolled() {
    this.numbers.scrollTop = this.field.scrollTop;
    this.stripes.style.transform = `translateY(${-this.field.scrollTop}px)`;
  }

  // A new line begins where the one before it did.
  indented(event) {
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
    const line = this.text.slice(0, this.field.selectionStart).split("\n").at(-1);
    const indent = line.match(/^ */)[0];
    if (indent && document.execCommand("insertText", false, `\n${indent}`)) event.preventDefault();
  }
}
