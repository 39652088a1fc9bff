// Announces the verdict to a screen reader when it changes. The page works without this file.
"use strict";

const ladder = document.getElementById("ladder");
const announced = document.getElementById("announced");
if (ladder && announced) {
  const text = () => document.getElementById("verdict").textContent.replace(/\s+/g, " ").trim();
  let last = text();
  new MutationObserver(() => {
    if (text() === last) return;
    last = text();
    announced.textContent = last;
  }).observe(ladder, { childList: true });
}
