// The models page: a row's buttons choose a version or open the dialog that changes the champion.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-promote], [data-version]");
    if (!button) return;
    if (button.dataset.version) return wind.go({ version: button.dataset.version });
    const asked = { version: Number(button.dataset.promote), act: button.dataset.act, at: Date.now() };
    window.dash_clientside.set_props("promote-asked", { data: asked });
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    windModels: {
      open(asked, _cancel) {
        const none = wind.none();
        const by = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id);
        if (by.includes("promote-cancel.n_clicks")) return [false, none, none, none, "", none, none];
        if (!asked) {
          wind.askNow();
          window.setTimeout(wind.askNow, 1500); // MLflow has been asked again by then
          return [none, none, none, none, none, none, none];
        }
        const { version, act } = asked;
        const promotion = `Version ${version} becomes champion at once: new rows are scored with it, rows that are scored already keep their outcome. The change, your name and the reason are written down.`;
        const [title, text, button] = {
          "Roll back": [`Roll back to version ${version}`, promotion, act],
          Promote: [`Promote version ${version}`, promotion, act],
          Shadow: [`Put version ${version} into shadow`, `Version ${version} scores each new row after the champion has, and is not used: no alarm, sum or export reads it. It takes the place of a version that is in shadow now.`, "Put into shadow"],
          Stop: [`Take version ${version} out of shadow`, "It scores no more rows. What it said is kept.", "Stop"],
          Judge: [`Judge version ${version}`, `Version ${version} is judged against the champion on the rows that both scored and neither had seen, by the rules of training. If it passes, it becomes champion at once. This takes some seconds.`, "Judge and promote"],
        }[act];
        const reason = act === "Promote" || act === "Roll back" ? {} : { display: "none" };
        return [true, title, text, button, "", "", reason];
      },
    },
  });
})();
