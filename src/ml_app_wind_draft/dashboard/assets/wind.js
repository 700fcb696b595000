// The browser's half of the page: keeps the series, splices each refresh's tail into it and draws.
// What is shown, in which words and colours, is decided by the server (replies.py, figures.py).
(() => {
  "use strict";

  const EVERY_MS = 5000;
  const SILENT_AFTER_MS = 4 * EVERY_MS;
  const GIVE_UP_MS = 12000; // longer than the server waits for its database
  const STALE_AFTER = 3;
  const BEYOND_NOW = 0.02;
  const NARROW = 640;

  const page = {
    view: null, // {key, start, now, rated, range, series}
    arrival: null, // the last arrival as the server told it, and when it told
    repliedAt: null,
    askedAt: -Infinity,
    asked: 0,
    toast: "",
    sent: { keep: null, range: null }, // the time axis as it was last given to plotly
    off: new Set(), // legend keys that are switched off
    hidden: "", // the toast that the reader has put away
    shown: {}, // id -> props as JSON, so that only what changed is touched
  };

  const none = () => window.dash_clientside.no_update;
  const seconds = () => performance.now() / 1000;

  function show(id, props) {
    const text = JSON.stringify(props);
    const name = JSON.stringify(id);
    if (page.shown[name] === text) return;
    page.shown[name] = text;
    window.dash_clientside.set_props(id, props);
  }

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

  function figure(frame, resets, legend) {
    const { series, start, now, rated, range, turbine } = page.view;
    const x = series.t.map((each) => each * 1000);
    const end = (now + BEYOND_NOW * (now - start)) * 1000;
    const keep = `${range}:${resets || 0}`;
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
    for (const [first, last] of runs(p10)) {
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
    const plot = document.querySelector("#chart .js-plotly-plot");
    const { range } = (plot && plot.layout && plot.layout.xaxis) || {};
    return Boolean(range && page.sent.range) && range.some((each, index) => each !== page.sent.range[index]);
  }

  function toggle(id) {
    const isOff = !page.off.delete(id.key);
    if (isOff) page.off.add(id.key);
    show(id, { className: isOff ? "legend-key off" : "legend-key", "aria-pressed": String(!isOff) });
  }

  function onDoubleClick() {
    const plot = document.querySelector("#chart .js-plotly-plot");
    if (!plot || !plot.on || plot.dataset.wind) return;
    plot.dataset.wind = "bound";
    plot.on("plotly_doubleclick", () => document.getElementById("reset").click());
  }

  // --- spark lines ----------------------------------------------------------------------------

  function spark(id, values, low, high) {
    const known = values.filter((each) => each !== null);
    if (known.length < 2) return show(id, { style: {} });
    const bottom = low ?? Math.min(...known);
    const top = Math.max(high ?? Math.max(...known), bottom + 1e-9);
    const y = (value) => (22 - (20 * (Math.min(Math.max(value, bottom), top) - bottom)) / (top - bottom)).toFixed(1);
    const x = (index) => ((100 * index) / (values.length - 1)).toFixed(1);
    let line = "";
    let area = "";
    for (const [first, last] of runs(values)) {
      const points = [];
      for (let i = first; i <= last; i += 1) points.push(`${x(i)} ${y(values[i])}`);
      line += `M${points.join("L")}`;
      area += `M${x(first)} 24L${points.join("L")}L${x(last)} 24Z`;
    }
    const stroke = "fill='none' stroke='#000' stroke-width='1.5' vector-effect='non-scaling-stroke'";
    show(id, { style: { "--line": picture(`<path d='${line}' ${stroke}/>`), "--area": picture(`<path d='${area}'/>`) } });
  }

  function runs(values) {
    const found = [];
    values.forEach((each, index) => {
      if (each === null) return;
      const last = found[found.length - 1];
      if (last && last[1] === index - 1) last[1] = index;
      else found.push([index, index]);
    });
    return found;
  }

  function picture(content) {
    const open = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 24' preserveAspectRatio='none'>";
    return `url("data:image/svg+xml,${encodeURIComponent(`${open}${content}</svg>`)}")`;
  }

  function cardSparks() {
    const { series, rated, now } = page.view;
    const first = series.t.findIndex((each) => each >= now - 86400);
    const day = (key) => (first < 0 ? [] : series[key].slice(first));
    spark("power-spark", day("power"), 0, rated);
    spark("expected-spark", day("expected"), 0, rated);
    spark("error-spark", day("error_mean"));
    spark("wind-spark", day("wind"), 0);
  }

  // --- badge and toast, which also tell when the server falls silent ----------------------------

  function ago(age) {
    if (age < 60) return `${Math.floor(age)} s`;
    if (age < 3600) return `${Math.floor(age / 60)} min`;
    const hours = Math.floor(age / 3600);
    return hours < 48 ? `${hours} h ${Math.floor((age % 3600) / 60)} min` : `${Math.floor(hours / 24)} d`;
  }

  function badge() {
    const { arrival } = page;
    if (!arrival) return;
    if (arrival.age === null) return setBadge("waiting", "no data yet");
    if (arrival.ended) return setBadge("waiting", `replay complete · ${arrival.shown}`);
    const age = arrival.age + seconds() - arrival.toldAt;
    const patience = STALE_AFTER * Math.max(arrival.every, EVERY_MS / 1000);
    if (age > patience) return setBadge("stale", `stale · last sample ${ago(age)} ago`);
    setBadge("live", `live · ${arrival.shown}`);
  }

  function setBadge(tone, text) {
    show("live", { className: `badge ${tone}` });
    show("live-text", { children: text });
  }

  function toast() {
    const silent = page.repliedAt !== null && performance.now() - page.repliedAt > SILENT_AFTER_MS;
    const text = silent && !document.hidden
      ? "The dashboard's server does not answer. You see the last good data."
      : page.toast;
    if (text !== page.hidden) page.hidden = "";
    show("toast-text", { children: text });
    show("toast", { className: text && text !== page.hidden ? "toast" : "toast hidden" });
  }

  // --- the pace: every 5 s, while somebody looks, and never two questions at once -------------------
  // (dcc.Interval would pile them up on a slow server, and Dash's `running` never recovers from a lost one)

  function ask() {
    const waited = performance.now() - page.askedAt;
    const answered = page.repliedAt >= page.askedAt;
    if (document.hidden || waited < EVERY_MS || (!answered && waited < GIVE_UP_MS)) return;
    page.askedAt = performance.now();
    page.asked += 1;
    window.dash_clientside.set_props("refresh", { data: page.asked });
  }

  window.setInterval(() => {
    if (page.repliedAt === null) return;
    badge();
    toast();
    ask();
  }, 250);
  window.addEventListener("online", () => (page.askedAt = -Infinity));

  // --- the address ----------------------------------------------------------------------------

  function remember(changes) {
    const address = new URL(window.location.href);
    Object.entries(changes).forEach(([key, value]) => address.searchParams.set(key, value));
    window.history.replaceState(window.history.state, "", address);
  }

  // --- Dash's callbacks -----------------------------------------------------------------------

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    wind: {
      choose(search, _clicks, turbine, range, turbines) {
        const by = window.dash_clientside.callback_context.triggered_id;
        if (by && by.type === "tile") return [by.turbine, none()];
        const asked = new URLSearchParams(search || "");
        const wanted = asked.get("turbine");
        const known = turbines.map((each) => each.value || each);
        return [known.includes(wanted) ? wanted : turbine, asked.get("range") || range];
      },

      draw(reply, dark, resets, _legendClicks, frames, legend) {
        if (!reply) return [none(), none()];
        const context = window.dash_clientside.callback_context;
        const by = context.triggered.map((each) => each.prop_id);
        if (context.triggered_id && context.triggered_id.type === "legend") toggle(context.triggered_id);
        if (by.includes("reply.data")) {
          if (page.repliedAt === null) page.askedAt = performance.now();
          page.repliedAt = performance.now();
          page.toast = reply.toast;
          toast();
          show("page", { className: "page" });
          Object.entries(reply.props || {}).forEach(([id, props]) => show(id, props));
          Object.entries(reply.sparks || {}).forEach(([id, values]) => spark(id, values, 0, 100));
          if (reply.arrival) {
            page.arrival = { ...reply.arrival, toldAt: seconds() };
            badge();
          }
          if (reply.series && !take(reply)) return [none(), null];
          if (reply.series) cardSparks();
        }
        if (!page.view) return [none(), none()];
        window.setTimeout(onDoubleClick, 500);
        return [figure(frames[dark ? "dark" : "light"], resets, legend), page.view.held];
      },

      switchScheme(clicks) {
        const root = document.documentElement;
        const now = root.dataset.mantineColorScheme;
        const next = clicks ? (now === "dark" ? "light" : "dark") : now;
        if (clicks) {
          root.dataset.mantineColorScheme = next;
          window.localStorage.setItem("mantine-color-scheme-value", next);
          remember({ theme: next });
        }
        show("scheme", {
          children: next === "dark" ? "☾" : "☀",
          "aria-label": next === "dark" ? "Switch to light" : "Switch to dark",
        });
        return next === "dark";
      },

      remember(turbine, range) {
        remember({ turbine, range });
        return `${turbine}|${range}`;
      },

      hideToast(clicks, text) {
        if (clicks) page.hidden = text;
        toast();
        return none();
      },

      zoomed(relayout) {
        const by = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id);
        if (by.some((each) => each !== "chart.relayoutData")) return "text-button hidden";
        const keys = Object.keys(relayout || {});
        return keys.some((key) => key.includes("axis")) ? "text-button" : none();
      },
    },
  });
})();
