// The turbine page: keeps the series, splices each refresh's tail into it and draws.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });
  const BEYOND_NOW = 0.02;
  const NARROW = 640;
  const PLOT = "#chart .js-plotly-plot";

  const page = {
    view: null, // {key, start, now, rated, range, series}
    sent: { keep: null, range: null }, // the time axis as it was last given to plotly
    off: new Set(), // legend keys that are switched off
    resets: 0,
  };

  // --- the series -----------------------------------------------------------------------------

  /** Take over a reply; false if its tail does not belong to what is held. */
  function take(reply) {
    const whole = reply.since === null;
    if (!whole && (!page.view || page.view.key !== reply.key)) return false;
    const columns = whole ? reply.series : spliced(page.view.series, reply);
    page.view = { ...reply, series: columns };
    return true;
  }

  function spliced(held, reply) {
    const first = held.t.findIndex((each) => each >= reply.start);
    const last = held.t.findIndex((each) => each >= reply.since);
    const from = first < 0 ? held.t.length : first;
    const to = last < 0 ? held.t.length : last;
    return Object.fromEntries(
      Object.entries(reply.series).map(([key, tail]) => [key, held[key].slice(from, to).concat(tail)])
    );
  }

  // --- the figure -----------------------------------------------------------------------------

  function figure(frame, legend) {
    const { series, start, now, rated, range, turbine } = page.view;
    const x = series.t.map((each) => each * 1000);
    const end = (now + BEYOND_NOW * (now - start)) * 1000;
    const keep = `${range}:${page.resets}`;
    // Plotly keeps a reader's zoom only while the range that it was given stays the same.
    if (keep !== page.sent.keep || !zoomedIn()) page.sent = { keep, range: [start * 1000, end] };
    const { layout } = frame;
    const off = new Set([...page.off].flatMap((key) => legend[key]));
    const [beyond, line] = layout.shapes;
    return {
      data: frame.data.map((trace) => {
        const points = trace.uid === "band" ? band(x, series) : { x, y: series[trace.uid] };
        return { ...trace, ...points, visible: !off.has(trace.uid) };
      }),
      layout: {
        ...layout,
        ...(window.innerWidth < NARROW ? narrow(layout) : {}),
        uirevision: keep,
        xaxis: { ...layout.xaxis, range: page.sent.range },
        yaxis: {
          ...layout.yaxis,
          range: [-0.04 * rated, 1.08 * rated],
          uirevision: `${keep}:${turbine}`,
        },
        yaxis2: { ...layout.yaxis2, uirevision: `${keep}:${turbine}` },
        shapes: [
          { ...beyond, x0: now * 1000, x1: end + (now - start) * 1000 },
          { ...line, x0: now * 1000, x1: now * 1000 },
        ],
        annotations: layout.annotations.map((each) => (each.name === "now" ? { ...each, x: now * 1000 } : each)),
      },
    };
  }

  /** A closed polygon for each stretch without a gap: along P90, and back along P10. */
  function band(x, { p10, p90 }) {
    const points = { x: [], y: [] };
    for (const [first, last] of wind.runs(p10)) {
      const times = x.slice(first, last + 1);
      points.x.push(...times, ...times.slice().reverse(), times[0], null);
      points.y.push(...p90.slice(first, last + 1), ...p10.slice(first, last + 1).reverse(), p90[first], null);
    }
    return points;
  }

  function narrow(layout) {
    const coarse = window.matchMedia("(pointer: coarse)").matches;
    return {
      dragmode: coarse ? false : layout.dragmode,
      margin: { ...layout.margin, l: 40, r: 4 },
      xaxis: { ...layout.xaxis, nticks: 4 },
    };
  }

  function zoomedIn() {
    const plot = document.querySelector(PLOT);
    const { range } = (plot && plot.layout && plot.layout.xaxis) || {};
    return Boolean(range && page.sent.range) && range.some((each, index) => each !== page.sent.range[index]);
  }

  function toggle(id) {
    const isOff = !page.off.delete(id.key);
    if (isOff) page.off.add(id.key);
    wind.show(id, { className: isOff ? "legend-key off" : "legend-key", "aria-pressed": String(!isOff) });
  }

  function onDoubleClick() {
    const plot = document.querySelector(PLOT);
    if (!plot || !plot.on || plot.dataset.wind) return;
    plot.dataset.wind = "bound";
    plot.on("plotly_doubleclick", () => document.getElementById("reset").click());
  }

  function cardSparks() {
    const { series, rated, now } = page.view;
    const first = series.t.findIndex((each) => each >= now - 86400);
    const day = (key) => (first < 0 ? [] : series[key].slice(first));
    wind.spark("power-spark", day("power"), 0, rated);
    wind.spark("expected-spark", day("expected"), 0, rated);
    wind.spark("error-spark", day("error_mean"));
    wind.spark("wind-spark", day("wind"), 0);
  }

  function draw() {
    if (!page.view || !page.legend) return;
    const frame = wind.state.page.frames.chart[wind.state.dark ? "dark" : "light"];
    window.setTimeout(onDoubleClick, 500);
    window.dash_clientside.set_props("chart", { figure: figure(frame, page.legend) });
  }

  wind.pages.turbine = {
    arrive(_view, isOther) {
      if (isOther) Object.assign(page, { view: null, off: new Set(), sent: { keep: null, range: null } });
    },

    receive(reply) {
      if (!reply.series) return;
      if (take(reply)) return cardSparks();
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
        page.resets = resets || 0;
        if (by && by.type === "legend") toggle(by);
        draw();
        return wind.none();
      },

      zoomed(relayout) {
        const by = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id);
        if (by.some((each) => each !== "chart.relayoutData")) return "text-button hidden";
        const keys = Object.keys(relayout || {});
        return keys.some((key) => key.includes("axis")) ? "text-button" : wind.none();
      },
    },
  });
})();
