// The turbine page: one figure of power, error, alarm rules and wind; beside it power curve and wind rose.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });
  const DIRECTIONS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];
  const SPEEDS = ["below 5", "5–8", "8–12", "12 and more"];
  const RADIUS = 104; // of the rose, in its own units
  const page = { chart: null, legend: null, off: new Set(), said: null, curve: null, rose: null };

  // --- power, error, rules, wind ----------------------------------------------------------------------

  function shape(layout, view, keep, at) {
    const { rated, limits, series } = view;
    const inPercent = page.said && page.said.metric === "pct";
    const rules = [...series.below, ...series.mae].filter((each) => each !== null);
    const limit = Math.max(limits.below, limits.mae);
    // Days of calm make wild shares: the panel shows what lies around the limit.
    const low = Math.max(-3 * limit, Math.min(-limit / 2, ...rules));
    const high = Math.min(6 * limit, Math.max(1.5 * limit, ...rules));
    const name = inPercent ? "Error = measured − expected, % of rated" : "Error = measured − expected, kW";
    return {
      ...layout,
      yaxis: { ...layout.yaxis, range: [-0.04 * rated, 1.08 * rated], uirevision: keep },
      yaxis2: { ...layout.yaxis2, uirevision: `${keep}${inPercent}` },
      yaxis4: { ...layout.yaxis4, range: [low - 0.06 * (high - low), high + 0.1 * (high - low)], uirevision: keep },
      shapes: [...layout.shapes, ...alarmShapes(layout, view, at), ...limitLines(layout, limits)],
      annotations: layout.annotations.map((each) => (each.name === "error" ? { ...each, text: name } : each)),
    };
  }

  /** Shaded where the alarm table has an alarm, over all panels. */
  function alarmShapes(layout, { now }, at) {
    return ((page.said && page.said.alarms) || []).map(([start, end, rule]) => ({
      type: "rect", name: `alarm:${rule}`, xref: "x", yref: "paper", x0: at(start), x1: at(end === null ? now : end), y0: 0, y1: 1,
      fillcolor: layout.meta.alarm, opacity: 0.13, line: { width: 0 }, layer: "below",
    }));
  }

  function limitLines(layout, limits) {
    return [...new Set([limits.below, limits.mae])].map((limit) => ({
      type: "line", name: "limit", xref: "paper", x0: 0, x1: 1, yref: "y4", y0: limit, y1: limit,
      line: { color: layout.meta.alarm, width: 1, dash: "dash" },
      label: { text: `limit ${limit} %`, textposition: "start", yanchor: "bottom", font: { size: 10.5, color: layout.meta.alarm } },
    }));
  }

  /** Errors in percent of rated power instead of kW. */
  function inMetric(figure) {
    if (!page.said || page.said.metric !== "pct") return figure;
    const { rated } = page.chart.view;
    const scaled = (trace) => ({
      ...trace,
      y: trace.y.map((each) => (each === null ? null : (100 * each) / rated)),
      hovertemplate: trace.hovertemplate.replace(",.0f} kW", ",.1f} % of rated"),
    });
    return { ...figure, data: figure.data.map((each) => (each.yaxis === "y2" ? scaled(each) : each)) };
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

  // --- power curve ---------------------------------------------------------------------------------------

  function inAlarm(seconds) {
    return page.said.alarms.some(([start, end]) => seconds >= start && (end === null || seconds < end));
  }

  /** Points of the curve: the server's sample for means over longer buckets, else the rows in view. */
  function curvePoints() {
    if (page.curve.points) return page.curve.points;
    const { t, wind: speed, power } = page.chart.view.series;
    const points = [];
    t.forEach((each, at) => {
      if (speed[at] !== null && power[at] !== null) points.push([speed[at] * page.curve.factor, power[at], each]);
    });
    return points;
  }

  function drawCurve() {
    if (!page.curve || !page.chart.view || !page.said) return;
    const frame = wind.state.page.frames.curve[wind.state.dark ? "dark" : "light"];
    const { bins, model, maker } = page.curve;
    const points = curvePoints();
    const alarm = points.filter((each) => inAlarm(each[2]));
    const parts = { rows: points.filter((each) => !inAlarm(each[2])), alarm, model, maker, bins };
    wind.show("maker-key", { className: maker.length ? "key" : "key hidden" });
    const { rated } = page.chart.view;
    const fastest = Math.max(12, ...points.map((each) => each[0]));
    window.dash_clientside.set_props("curve", {
      figure: {
        data: frame.data.map((trace) => {
          const own = parts[trace.uid];
          const marker = trace.uid === "bins" ? { ...trace.marker, opacity: own.map((each) => (each[2] ? 1 : 0.35)) } : trace.marker;
          return { ...trace, marker, x: own.map((each) => each[0]), y: own.map((each) => each[1]) };
        }),
        layout: {
          ...frame.layout,
          xaxis: { ...frame.layout.xaxis, range: [0, Math.min(30, Math.ceil(fastest) + 0.5)] },
          yaxis: { ...frame.layout.yaxis, range: [-0.04 * rated, 1.08 * rated] },
        },
      },
    });
  }

  // --- wind rose -------------------------------------------------------------------------------------------

  function drawRose() {
    const box = document.getElementById("rose");
    if (!box || !page.rose || page.drawnRose === page.rose) return;
    page.drawnRose = page.rose;
    const { share, rows, from } = page.rose;
    if (!rows) {
      box.innerHTML = "<p class='empty'>No rows with wind speed and direction in view.</p>";
      return;
    }
    const totals = share.map((each) => each.reduce((sum, part) => sum + part, 0));
    const ring = [1, 2, 5, 10, 20, 25].find((each) => Math.max(...totals) <= 4 * each) || 30;
    const rings = Math.max(2, Math.ceil(Math.max(...totals) / ring));
    const scale = RADIUS / (rings * ring);
    const main = totals.indexOf(Math.max(...totals));
    const circles = Array.from({ length: rings }, (_, at) => {
      const radius = (at + 1) * ring * scale;
      return `<circle class="ring" r="${radius}"/><text class="ring-name" x="${(radius * 0.38).toFixed(1)}" y="${(-radius * 0.925 - 1).toFixed(1)}">${(at + 1) * ring} %</text>`;
    });
    const petals = share.map((parts, sector) => {
      let inner = 0;
      const rings_ = parts.map((part, speed) => {
        const outer = inner + part;
        const path = part ? `<path class="speed-${speed}" d="${petal(sector, inner * scale, outer * scale)}"/>` : "";
        inner = outer;
        return path;
      });
      const says = parts.map((part, speed) => `${SPEEDS[speed]} m/s: ${part.toFixed(1)} %`).join("\n");
      return `<g class="petal"><title>From ${DIRECTIONS[sector]}: ${totals[sector].toFixed(1)} % of rows\n${says}</title>${rings_.join("")}</g>`;
    });
    const names = ["N", "E", "S", "W"].map((name, at) => {
      const angle = (at * Math.PI) / 2;
      return `<text class="direction" x="${(RADIUS + 13) * Math.sin(angle)}" y="${-(RADIUS + 13) * Math.cos(angle) + 4}">${name}</text>`;
    });
    const about = `Wind rose: the wind came most often from ${DIRECTIONS[main]}, ${totals[main].toFixed(1)} % of ${rows.toLocaleString("en-US")} rows`;
    box.innerHTML = `<svg viewBox="-126 -126 252 252" role="img" aria-label="${about}">${circles.join("")}${petals.join("")}${names.join("")}</svg><p class="note">Most often from <b>${DIRECTIONS[main]}</b>, ${totals[main].toFixed(1)} % of ${rows.toLocaleString("en-US")} rows${from === "nacelle" ? " · by nacelle direction" : ""}</p>`;
  }

  function petal(sector, inner, outer) {
    const half = Math.PI / 16 - 0.025;
    const middle = (sector * Math.PI) / 8;
    const point = (radius, angle) => `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
    return `M${point(inner, middle - half)}L${point(outer, middle - half)}A${outer} ${outer} 0 0 1 ${point(outer, middle + half)}L${point(inner, middle + half)}A${inner} ${inner} 0 0 0 ${point(inner, middle - half)}Z`;
  }

  function draw() {
    if (!page.chart || !page.legend) return;
    page.chart.draw(new Set([...page.off].flatMap((key) => page.legend[key])), inMetric);
    drawCurve();
    drawRose();
  }

  wind.pages.turbine = {
    arrive(_view, isOther) {
      page.chart = page.chart || wind.timeChart("chart", "reset", shape);
      if (!isOther) return;
      page.chart.forget();
      Object.assign(page, { off: new Set(), said: null, curve: null, rose: null, drawnRose: null });
    },

    receive(reply) {
      if (!reply.series) return;
      page.said = { metric: reply.metric, alarms: reply.alarms };
      page.curve = reply.curve || page.curve;
      page.rose = reply.rose || page.rose;
      if (reply.fan) page.chart.fan = reply.fan.fan;
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
