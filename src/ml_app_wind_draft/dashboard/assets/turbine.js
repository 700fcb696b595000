// The turbine page: one figure of power, error and wind.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });
  const page = { chart: null, legend: null, off: new Set() }; // `off`: legend keys that are switched off

  function shape(layout, view, keep) {
    return {
      ...layout,
      yaxis: { ...layout.yaxis, range: [-0.04 * view.rated, 1.08 * view.rated], uirevision: keep },
      yaxis2: { ...layout.yaxis2, uirevision: keep },
    };
  }

  function toggle(id) {
    const isOff = !page.off.delete(id.key);
    if (isOff) page.off.add(id.key);
    wind.show(id, { className: isOff ? "legend-key off" : "legend-key", "aria-pressed": String(!isOff) });
  }

  function cardSparks() {
    const { series, rated, now } = page.chart.view;
    const first = series.t.findIndex((each) => each >= now - 86400);
    const day = (key) => (first < 0 ? [] : series[key].slice(first));
    wind.spark("power-spark", day("power"), 0, rated);
    wind.spark("expected-spark", day("expected"), 0, rated);
    wind.spark("error-spark", day("error_mean"));
    wind.spark("wind-spark", day("wind"), 0);
  }

  function draw() {
    if (page.chart && page.legend) page.chart.draw(new Set([...page.off].flatMap((key) => page.legend[key])));
  }

  wind.pages.turbine = {
    arrive(_view, isOther) {
      page.chart = page.chart || wind.timeChart("chart", "reset", shape);
      if (!isOther) return;
      page.chart.forget();
      page.off = new Set();
    },

    receive(reply) {
      if (!reply.series) return;
      if (page.chart.take(reply)) return cardSparks();
      window.dash_clientside.set_props("held", { data: null });
      wind.askNow();
    },

    draw,
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    windTurbine: {
      redraw(resets, _legendClicks, legend) {
        const { triggered_id: by } = window.dash_clientside.callback_context;
        page.legend = legend;
        page.chart.resetTo(resets);
        if (by && by.type === "legend") toggle(by);
        draw();
        return wind.none();
      },

      zoomed: (relayout) => wind.zoomed("chart", relayout),
    },
  });
})();
