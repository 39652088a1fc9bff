"use strict";
// The code of a link is behind its #. It leaves the address bar before it is sent.
const enter = document.getElementById("enter");
if (enter && location.hash.length > 1) {
  document.getElementById("code").value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  enter.submit();
}

const state = () => document.getElementById("ladder");
let last = "";

async function look() {
  try {
    const answer = await fetch("/connect/ladder" + location.search);
    if (answer.ok && !document.hidden) {
      const text = await answer.text();
      if (text !== last) {
        last = text;
        // The page's own HTML, escaped by the gateway.
        state().replaceWith(new DOMParser().parseFromString(text, "text/html").getElementById("ladder"));
      }
    }
  } catch {
    // It is asked again.
  }
  setTimeout(look, 2000);
}

if (state()) {
  state().setAttribute("aria-live", "polite");
  look();
}
