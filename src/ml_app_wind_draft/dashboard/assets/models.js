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
        if (by.includes("promote-cancel.n_clicks")) return [false, none, none, none, "", none];
        if (!asked) {
          wind.askNow();
          window.setTimeout(wind.askNow, 1500); // MLflow has been asked again by then
          return [none, none, none, none, none, none];
        }
        const { version, act } = asked;
        const text = `Version ${version} becomes champion at once: new rows are scored with it, rows that are scored already keep their outcome. The change, your name and the reason are written down.`;
        return [true, act === "Roll back" ? `Roll back to version ${version}` : `Promote version ${version}`, text, act, "", ""];
      },
    },
  });
})();
