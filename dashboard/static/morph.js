// Makes one element like another by changing as little as possible: what a reader has open, focused or
// selected stays as it is, and nothing moves that didn't change.
export function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    const kept = old.tagName === "DETAILS" && name === "open";
    if (!kept && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const theirs = [...fresh.childNodes];
  keep(old, theirs);
  theirs.forEach((node, index) => place(old, old.childNodes[index], node));
  while (old.childNodes.length > theirs.length) old.lastChild.remove();
}

// What has a data-key stays the same element, wherever it stands by now: a row that a reader is about to
// act on never becomes another one's.
const keyOf = (node) => node?.dataset?.key;

function keep(old, theirs) {
  const there = new Set(theirs.map(keyOf));
  for (const mine of [...old.children]) {
    if (!keyOf(mine) || there.has(keyOf(mine))) continue;
    if (mine.nextSibling?.nodeType === Node.TEXT_NODE) mine.nextSibling.remove();
    mine.remove();
  }
}

function place(parent, mine, theirs) {
  if (keyOf(mine) !== keyOf(theirs)) {
    const known = keyOf(theirs) && [...parent.children].find((one) => keyOf(one) === keyOf(theirs));
    parent.insertBefore(known || document.importNode(theirs, true), mine ?? null);
    if (known) morph(known, theirs);
  } else if (!mine) parent.append(document.importNode(theirs, true));
  else if (mine.isEqualNode(theirs) || same(mine, theirs)) return;
  else if (mine.nodeType !== theirs.nodeType || mine.nodeName !== theirs.nodeName || mine.nodeName === "TIME") {
    mine.replaceWith(document.importNode(theirs, true));
  } else if (mine.nodeType === Node.ELEMENT_NODE) morph(mine, theirs);
  else mine.data = theirs.data;
}

// What scripts filled or may be in a reader's hands: times in local words, charts, fields, open menus.
function same(mine, theirs) {
  if (mine.nodeName === "TIME" && theirs.nodeName === "TIME") return mine.dateTime === theirs.dateTime;
  return mine.dataset?.chart !== undefined || mine === document.activeElement || mine.matches?.("details.menu[open]");
}
