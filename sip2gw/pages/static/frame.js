// What all pages share: live parts, copy buttons, secrets out of the address. Every page works without this file.
"use strict";

// The part of a page that the gateway sends again, already escaped.
for (const part of document.querySelectorAll("[data-live]")) {
  const stale = document.createElement("p");
  stale.className = "fault";
  stale.setAttribute("role", "status");
  stale.textContent = "This page is not live at the moment: what it shows may be old.";
  stale.hidden = true;
  part.before(stale);
  const folds = new Map();
  part.addEventListener("click", (event) => {
    const fold = event.target.closest("summary")?.parentElement;
    if (fold?.id) folds.set(fold.id, !fold.open);
  });
  const source = new EventSource(part.dataset.live);
  source.onmessage = (event) => {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    if (focused && !focused.id) return;
    // What has an id keeps the focus, and stays open or closed as the reader has left it.
    part.innerHTML = event.data;
    for (const [id, open] of folds) {
      const fold = document.getElementById(id);
      if (fold) fold.open = open; else folds.delete(id);
    }
    if (focused) document.getElementById(focused.id)?.focus({ preventScroll: true });
    stale.hidden = true;
  };
  source.onerror = () => { stale.hidden = false; };
  addEventListener("pagehide", () => source.close());
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const from = document.getElementById(button.dataset.copy);
  if (from.dataset.link) from.textContent = location.origin + from.dataset.link;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(from.value ?? from.textContent);
    button.textContent = "Copied";
  });
}

// The address by which this page was reached: a proxy with TLS before the gateway hides it.
for (const field of document.querySelectorAll("input[name=origin]")) field.value = location.origin;

// The secret of a link stands behind the #: take it out of the address, and send it in the named field. Without one,
// a browser that is in already goes on to its page.
for (const form of document.querySelectorAll("[data-fragment]")) {
  const secret = location.hash.slice(1);
  if (!secret) {
    if (form.dataset.inside) location.replace(form.dataset.inside);
    continue;
  }
  history.replaceState(null, "", location.pathname);
  form.elements[form.dataset.fragment].value = secret;
  form.submit();
}
