// Brings the page up to date every two seconds without a flicker. While
// nothing answers, the page says so instead of showing old figures as new.
const pause = 2000;

async function refresh() {
  try {
    const answer = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
  } catch {
    document.querySelector("main").classList.add("stale");
  }
  setTimeout(refresh, pause);
}

setTimeout(refresh, pause);
