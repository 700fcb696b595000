// The browser's half of what surrounds every page: the address, the pace of refreshes, badge, toast, themes.
// Pages' own scripts register in `wind.pages[key]`: `arrive(view)` when the reader comes to a page or changes
// the view, `receive(reply)` at each answer, `draw()` when colours change. What is shown, in which words and
// colours, is decided by the server.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });
  const EVERY_MS = 5000;
  const SILENT_AFTER_MS = 4 * EVERY_MS;
  const GIVE_UP_MS = 12000; // longer than the server waits for its database
  const STALE_AFTER = 3;
  const KEPT = ["zone", "theme"]; // what the address keeps from page to page

  const state = {
    pages: [], // as the server described them
    page: null, // the one that is shown
    view: "", // what is looked at, as JSON
    dark: false,
    arrival: null, // the last arrival as the server told it, and when it told
    repliedAt: null,
    askedAt: -Infinity,
    asked: 0,
    toast: "",
    hidden: "", // the toast that the reader has put away
    shown: {}, // id -> props as JSON, so that only what changed is touched
    figures: {}, // graph id -> what the server last said of it
  };
  wind.state = state;

  const none = () => window.dash_clientside.no_update;
  const seconds = () => performance.now() / 1000;

  /** Set a component's properties, unless they are set already. */
  function show(id, props) {
    const text = JSON.stringify(props);
    const name = JSON.stringify(id);
    if (state.shown[name] === text) return;
    state.shown[name] = text;
    window.dash_clientside.set_props(id, props);
  }

  // --- the address: it says what is looked at; controls change the address and nothing else -------

  /** Change parameters of the address (`null` removes one), and its path where one is given. */
  function go(changes, path) {
    const address = new URL(window.location.href);
    if (path !== undefined) {
      address.pathname = path;
      [...address.searchParams.keys()].filter((key) => !KEPT.includes(key)).forEach((key) => address.searchParams.delete(key));
    }
    Object.entries(changes).forEach(([key, value]) =>
      value === null ? address.searchParams.delete(key) : address.searchParams.set(key, value)
    );
    if (address.href === window.location.href) return;
    const isOther = address.pathname !== window.location.pathname;
    window.history[isOther ? "pushState" : "replaceState"]({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-link]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const address = new URL(link.href);
    go(Object.fromEntries(address.searchParams), address.pathname);
    window.scrollTo(0, 0);
  });

  function pageAt(path) {
    const fits = state.pages.filter((each) => path === each.path || path.startsWith(`${each.path}/`));
    return fits.sort((a, b) => b.path.length - a.path.length)[0] || state.pages[0];
  }

  function viewAt(page, address) {
    const query = Object.fromEntries(address.searchParams);
    delete query.theme; // is the browser's own affair
    return { page: page.key, rest: decodeURIComponent(address.pathname.slice(page.path.length).replace(/^\/+/, "")), query };
  }

  /** Where a control of the page stands in this view. */
  function standing(view, [parameter, otherwise]) {
    if (parameter === "turbine") return view.rest || otherwise;
    const { from, to } = view.query;
    if (parameter === "from-to") return from && to ? [from.slice(0, 10), to.slice(0, 10)] : [null, null];
    if (parameter === "range" && from && to) return "free"; // none of the look-backs
    return view.query[parameter] || otherwise;
  }

  /** On a narrow screen the names of the pages are a strip that scrolls sideways. */
  function bringToView(index) {
    const strip = document.querySelector(".pages");
    const name = strip && strip.children[index];
    if (name) strip.scrollLeft = name.offsetLeft - strip.offsetLeft - (strip.clientWidth - name.offsetWidth) / 2;
  }

  /** A page's layout with its controls as the address has them. */
  function filled(node, page, view) {
    if (Array.isArray(node)) return node.map((each) => filled(each, page, view));
    if (!node || !node.props) return node;
    const props = { ...node.props, children: filled(node.props.children, page, view) };
    const bound = typeof props.id === "string" && page.controls[props.id];
    if (bound) props.value = allowed(props, standing(view, bound));
    return { ...node, props };
  }

  function allowed(props, value) {
    const known = (props.data || []).map((each) => each.value ?? each);
    return !known.length || known.includes(value) || value === "free" ? value : props.value;
  }

  // --- badge and toast, which also tell when the server falls silent ----------------------------

  function ago(age) {
    if (age < 60) return `${Math.floor(age)} s`;
    if (age < 3600) return `${Math.floor(age / 60)} min`;
    const hours = Math.floor(age / 3600);
    return hours < 48 ? `${hours} h ${Math.floor((age % 3600) / 60)} min` : `${Math.floor(hours / 24)} d`;
  }

  function badge() {
    const { arrival } = state;
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
    const silent = state.repliedAt !== null && performance.now() - state.repliedAt > SILENT_AFTER_MS;
    const text = silent && !document.hidden
      ? "The dashboard's server does not answer. You see the last good data."
      : state.toast;
    if (text !== state.hidden) state.hidden = "";
    show("toast-text", { children: text });
    show("toast", { className: text && text !== state.hidden ? "toast" : "toast hidden" });
  }

  // --- the pace: every 5 s, while somebody looks, and never two questions at once -------------------
  // (dcc.Interval would pile them up on a slow server, and Dash's `running` never recovers from a lost one)

  function ask() {
    const waited = performance.now() - state.askedAt;
    const answered = state.repliedAt >= state.askedAt;
    if (document.hidden || waited < EVERY_MS || (!answered && waited < GIVE_UP_MS)) return;
    askNow();
  }

  function askNow() {
    state.askedAt = performance.now();
    state.asked += 1;
    window.dash_clientside.set_props("refresh", { data: state.asked });
  }

  window.setInterval(() => {
    if (state.repliedAt === null) return;
    badge();
    toast();
    ask();
  }, 250);
  window.addEventListener("online", () => (state.askedAt = -Infinity));

  // --- figures: the server's traces and layout laid over the frame of the theme ---------------------

  function framed(graph, said) {
    const frame = state.page.frames[graph][state.dark ? "dark" : "light"];
    const traces = Object.fromEntries((said.data || []).map((each) => [each.uid, each]));
    const layout = { ...frame.layout };
    Object.entries(said.layout || {}).forEach(([key, value]) => {
      const isObject = value && typeof value === "object" && !Array.isArray(value);
      layout[key] = isObject ? { ...layout[key], ...value } : value;
    });
    return { data: frame.data.map((each) => shaded({ ...each, ...traces[each.uid] })), layout };
  }

  /** A trace whose points have one of the theme's `shades` each. */
  function shaded({ shades, shade, ...trace }) {
    if (!shades) return trace;
    return { ...trace, marker: { ...trace.marker, color: (shade || []).map((each) => shades[each]) } };
  }

  function drawFigures() {
    Object.entries(state.figures).forEach(([graph, said]) => {
      if (state.page.frames[graph]) show(graph, { figure: framed(graph, said) });
    });
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

  /** First and last index of each stretch without a gap. */
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

  // --- what pages use, and Dash's callbacks ---------------------------------------------------------

  Object.assign(wind, { show, go, askNow, spark, runs, none });

  function own() {
    return wind.pages[state.page.key] || {};
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    wind: {
      /** The address has changed: perhaps another page, perhaps another view of the same. */
      route(_path, _search, pages) {
        state.pages = pages;
        const address = new URL(window.location.href);
        const page = pageAt(address.pathname);
        const view = viewAt(page, address);
        const text = JSON.stringify(view);
        if (text === state.view) return [none(), none()];
        const isOther = !state.page || state.page.key !== page.key;
        state.view = text;
        state.page = page;
        const content = isOther ? filled(page.layout, page, view) : none();
        if (isOther) {
          state.shown = {};
          state.figures = {};
          window.dash_clientside.set_props("held", { data: null }); // a page built anew has nothing
          document.title = `${page.title} · Wind power`;
          pages.forEach((each) =>
            show({ type: "nav", page: each.key }, { className: each.key === page.key ? "page-link here" : "page-link", "aria-current": each.key === page.key ? "page" : undefined })
          );
          show("page", { className: "page loading" });
          bringToView(pages.indexOf(page));
        } else {
          Object.entries(page.controls).forEach(([id, bound]) => {
            const value = standing(view, bound);
            if (value) window.dash_clientside.set_props(id, { value });
          });
        }
        window.dash_clientside.set_props("zone", { value: view.query.zone === "site" ? "site" : "utc" });
        if (own().arrive) own().arrive(view, isOther);
        state.askedAt = performance.now();
        return [content, view];
      },

      /** The reader has used a control. */
      choose(value, id) {
        const bound = id === "zone" ? ["zone", "utc"] : state.page && state.page.controls[id];
        if (!bound || value === null || value === undefined) return;
        const view = JSON.parse(state.view);
        if (JSON.stringify(value) === JSON.stringify(standing(view, bound))) return;
        if (bound[0] === "from-to") return value[0] && value[1] ? go({ from: value[0], to: value[1], range: null }) : value[0] ? undefined : go({ from: null, to: null });
        if (bound[0] === "range") return value === "free" ? undefined : go({ range: value === bound[1] ? null : value, from: null, to: null });
        if (bound[0] === "turbine") return go(JSON.parse(state.view).query, `${state.page.path}/${encodeURIComponent(value)}`);
        go({ [bound[0]]: value === bound[1] ? null : value });
      },

      receive(reply, dark) {
        if (!reply || !state.page) return none();
        const by = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id);
        const isNew = by.includes("reply.data");
        state.dark = Boolean(dark);
        if (isNew && reply.page !== state.page.key) return none();
        if (isNew) {
          state.repliedAt = performance.now();
          state.toast = reply.toast;
          toast();
          show("page", { className: "page" });
          Object.entries(reply.props || {}).forEach(([id, props]) => show(id, props));
          Object.entries(reply.sparks || {}).forEach(([id, values]) => spark(id, values, 0, 100));
          if (reply.held) window.dash_clientside.set_props("held", { data: reply.held });
          if (reply.arrival) {
            state.arrival = { ...reply.arrival, toldAt: seconds() };
            badge();
          }
          Object.assign(state.figures, reply.figures || {});
          if (own().receive) own().receive(reply);
        }
        drawFigures();
        if (own().draw) own().draw();
        return none();
      },

      switchScheme(clicks) {
        const root = document.documentElement;
        const now = root.dataset.mantineColorScheme;
        const next = clicks ? (now === "dark" ? "light" : "dark") : now;
        if (clicks) {
          root.dataset.mantineColorScheme = next;
          window.localStorage.setItem("mantine-color-scheme-value", next);
          go({ theme: next });
        }
        window.dash_clientside.set_props("scheme", {
          children: next === "dark" ? "☾" : "☀",
          "aria-label": next === "dark" ? "Switch to light" : "Switch to dark",
        });
        return next === "dark";
      },

      hideToast(clicks, text) {
        if (clicks) state.hidden = text;
        toast();
        return none();
      },
    },
  });
})();
