// Refreshes the page in place while it is looked at. Without this the page reloads itself.
"use strict";

const EVERY = 5000; // milliseconds
const main = document.getElementById("status");
const announced = document.getElementById("announced");
const offline = document.getElementById("offline");
let timer = 0;

function show(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").body;
  // What the reader opened or closed stays so.
  for (const kept of main.querySelectorAll("details[id]")) {
    const same = fresh.querySelector("#" + kept.id);
    if (same) same.open = kept.open;
  }
  // Read out to who cannot see it, when it is another.
  const [before, after] = [main, fresh].map((side) => side.querySelector("h1").textContent);
  if (before !== after) announced.textContent = after;
  main.replaceChildren(...fresh.childNodes);
}

async function refresh() {
  window.clearTimeout(timer);
  try {
    const answer = await fetch("fragment", { cache: "no-store", signal: AbortSignal.timeout(EVERY) });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.text());
    offline.hidden = true;
  } catch {
    offline.hidden = false;
  }
  if (!document.hidden) timer = window.setTimeout(refresh, EVERY);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) window.clearTimeout(timer);
  else refresh();
});
timer = window.setTimeout(refresh, EVERY);
