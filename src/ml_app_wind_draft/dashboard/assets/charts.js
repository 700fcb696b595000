// Figures over time: keeps a series, splices each refresh's tail into it, keeps the reader's zoom, knows zones.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });
  const BEYOND_NOW = 0.02;
  const MOST_BEYOND = 0.4; // of the view, for a forecast
  const NARROW = 640;

  // --- zones: plotly has none, so that times are moved by the zone's offset ------------------------

  const offsets = new Map();
  const clocks = new Map();

  /** Seconds that a clock of the zone is ahead of UTC. */
  function offsetAt(zone, seconds) {
    if (zone === "UTC") return 0;
    const hour = Math.floor(seconds / 3600);
    const name = `${zone} ${hour}`;
    if (!offsets.has(name)) {
      if (!clocks.has(zone)) {
        const parts = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
        clocks.set(zone, new Intl.DateTimeFormat("en-GB", parts));
      }
      const said = Object.fromEntries(clocks.get(zone).formatToParts(hour * 3600000).map((each) => [each.type, Number(each.value)]));
      const shown = Date.UTC(said.year, said.month - 1, said.day, said.hour, said.minute, said.second);
      offsets.set(name, shown / 1000 - hour * 3600);
    }
    return offsets.get(name);
  }

  function shown(seconds, zone) {
    return (seconds + offsetAt(zone.name, seconds)) * 1000;
  }

  /** `14 Jan, 10:00 UTC` */
  function said(seconds, zone, withYear) {
    const parts = { timeZone: "UTC", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const moment = new Date(shown(seconds, zone));
    return `${moment.toLocaleString("en-GB", withYear ? { ...parts, year: "numeric" } : parts)} ${zone.label}`;
  }

  // --- series ---------------------------------------------------------------------------------------

  /** What is held with a reply's tail in its place; `null` if the tail does not belong to it. */
  function taken(held, reply) {
    if (reply.since === null) return reply;
    if (!held || held.key !== reply.key) return null;
    return { ...reply, series: spliced(held.series, reply) };
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

  /** A forecast's bands as polygons and its median, by trace. */
  function fanned(fan, at) {
    const x = fan.q50.map((_, hour) => at(fan.start + hour * fan.step));
    const between = (low, high) => ({ x: [...x, ...x.slice().reverse()], y: [...fan[high], ...fan[low].slice().reverse()] });
    const ends = fan.q50.map((_, hour) => `${fan.q05[hour].toLocaleString("en-US")}–${fan.q95[hour].toLocaleString("en-US")} kW`);
    return { fan_90: between("q05", "q95"), fan_50: between("q25", "q75"), forecast: { x, y: fan.q50, customdata: ends } };
  }

  function beyond(fan, start, now) {
    const least = BEYOND_NOW * (now - start);
    if (!fan) return least;
    const last = fan.start + fan.step * fan.q50.length;
    return Math.max(least, Math.min(last - now, MOST_BEYOND * (now - start)));
  }

  function narrow(layout) {
    if (window.innerWidth >= NARROW) return layout;
    const coarse = window.matchMedia("(pointer: coarse)").matches;
    return {
      ...layout,
      dragmode: coarse ? false : layout.dragmode,
      margin: { ...layout.margin, l: 42, r: 4 },
      xaxis: { ...layout.xaxis, nticks: 4 },
    };
  }

  // --- a figure over time -----------------------------------------------------------------------------

  /** `graph` and `reset` are ids; `shape(layout, view, keep)` may change a figure before it is drawn. */
  function timeChart(graph, reset, shape) {
    const chart = {
      view: null, // {key, start, now, zone, series, ...}
      fan: null, // {start, step, q05, ...}
      sent: { keep: null, range: null }, // the time axis as it was last given to plotly
      resets: 0,

      forget() {
        Object.assign(chart, { view: null, fan: null, sent: { keep: null, range: null }, resets: 0 });
      },

      /** Take over a reply; false if its tail does not belong to what is held. */
      take(reply) {
        const view = taken(chart.view, reply);
        if (view) chart.view = view;
        return Boolean(view);
      },

      /** The reader's button that leaves the zoom, clicked so many times. */
      resetTo(resets) {
        chart.resets = resets || 0;
      },

      /** Draw without the traces in `off`; `change` may have the last word on the figure. */
      draw(off, change) {
        if (!chart.view) return;
        const frame = wind.state.page.frames[graph][wind.state.dark ? "dark" : "light"];
        window.setTimeout(onDoubleClick, 500);
        const drawn = figure(frame, off || new Set());
        window.dash_clientside.set_props(graph, { figure: change ? change(drawn) : drawn });
      },
    };

    function figure(frame, off) {
      const { series, start, now, key, zone, past } = chart.view;
      const at = (seconds) => shown(seconds, zone);
      const x = series.t.map(at);
      const fan = past ? null : chart.fan;
      const end = past ? now : now + beyond(fan, start, now);
      const ahead = fan ? fanned(fan, at) : {};
      const keep = `${key}:${zone.key}:${chart.resets}`;
      const axis = `${chart.view.range}:${zone.key}:${chart.resets}:${fan ? "ahead" : ""}`;
      // Plotly keeps a reader's zoom only while the range that it was given stays the same.
      if (axis !== chart.sent.keep || !zoomedIn()) chart.sent = { keep: axis, range: [at(start), at(end)] };
      const { layout } = frame;
      const [later, line, ...more] = layout.shapes;
      const drawn = {
        ...layout,
        uirevision: axis,
        xaxis: { ...layout.xaxis, range: chart.sent.range, hoverformat: layout.xaxis.hoverformat.replace("UTC", zone.label) },
        shapes: [
          { ...later, x0: at(now), x1: at(end + (now - start)) },
          { ...line, x0: at(now), x1: at(now), visible: !past },
          ...more,
        ],
        annotations: layout.annotations.map((each) => (each.name === "now" ? { ...each, x: at(now), visible: !past } : each)),
      };
      return {
        data: frame.data.map((trace) => {
          const points = ahead[trace.uid] || (trace.uid === "band" ? band(x, series) : { x, y: series[trace.uid] || [] });
          return { ...trace, ...points, visible: !off.has(trace.uid) };
        }),
        layout: narrow(shape ? shape(drawn, chart.view, keep, at) : drawn),
      };
    }

    function plot() {
      return document.querySelector(`#${graph} .js-plotly-plot`);
    }

    function zoomedIn() {
      const { range } = (plot() && plot().layout && plot().layout.xaxis) || {};
      return Boolean(range && chart.sent.range) && range.some((each, index) => each !== chart.sent.range[index]);
    }

    function onDoubleClick() {
      const drawn = plot();
      if (!drawn || !drawn.on || drawn.dataset.wind) return;
      drawn.dataset.wind = "bound";
      drawn.on("plotly_doubleclick", () => document.getElementById(reset).click());
    }

    return chart;
  }

  /** For a chart's `relayoutData`: the class of the button that leaves the zoom. */
  function zoomed(graph, relayout) {
    const by = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id);
    if (by.some((each) => each !== `${graph}.relayoutData`)) return "text-button hidden";
    const keys = Object.keys(relayout || {});
    return keys.some((key) => key.includes("axis")) ? "text-button" : wind.none();
  }

  Object.assign(wind, { timeChart, taken, zoomed, shown, said, band });
})();
