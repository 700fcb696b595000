// The pipelines page: asks Kedro Viz whether it answers, and shows its frame or the card that helps.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });
  const AGAIN_MS = 4000;
  let round = 0;

  async function answers(address) {
    try {
      // An opaque answer is an answer; only a server that is not there makes this fail.
      await fetch(address, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(AGAIN_MS) });
      return true;
    } catch {
      return false;
    }
  }

  async function watch(mine) {
    const place = document.getElementById("viz-address");
    if (mine !== round || wind.state.page.key !== "pipelines") return;
    if (!place) return void setTimeout(() => watch(mine), 100);
    const address = place.textContent;
    const isUp = await answers(address);
    if (mine !== round) return;
    wind.show("viz-frame", isUp ? { src: address, className: "viz-frame" } : { className: "viz-frame hidden" });
    wind.show("viz-down", { className: isUp ? "viz-card hidden" : "viz-card" });
    wind.show("viz-waiting", { className: "viz-card hidden" });
    setTimeout(() => watch(mine), isUp ? 5 * AGAIN_MS : AGAIN_MS);
  }

  wind.pages.pipelines = {
    arrive() {
      round += 1;
      watch(round);
    },
  };
})();
