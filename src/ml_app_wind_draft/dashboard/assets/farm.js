// The farm page: the farm's power over time, and each turbine's performance as a row of cells.
(() => {
  "use strict";

  const wind = (window.wind = window.wind || { pages: {} });
  const STEPS = [50, 70, 85, 95, 105, 115]; // percent of expected; below each a colour of its own
  const CALM = -1;
  const page = { chart: null, heat: null, drawn: null };

  function shape(layout, view, keep) {
    const top = Math.max(view.rated, ...view.series.p90.filter((each) => each !== null));
    return { ...layout, yaxis: { ...layout.yaxis, range: [-0.03 * view.rated, 1.06 * top], uirevision: keep } };
  }

  // --- cells: a year of them would be heavy as a plot, and each must say its time ---------------------

  function tone(percent) {
    if (percent === null || percent === undefined) return "none";
    if (percent === CALM) return "calm";
    const step = STEPS.findIndex((each) => percent < each);
    return `p${step < 0 ? STEPS.length : step}`;
  }

  function says(turbine, at) {
    const { series, cell, zone } = page.heat;
    const percent = series[turbine][at];
    const from = wind.said(series.t[at], zone);
    const what = percent === null || percent === undefined ? "nothing to compare" : percent === CALM ? "too little wind to judge" : `${percent} % of expected`;
    return `${turbine} · ${cell / 3600} h from ${from}: ${what}`;
  }

  function drawHeat() {
    const box = document.getElementById("heat");
    if (!box || !page.heat || page.drawn === page.heat) return;
    page.drawn = page.heat;
    const { series, turbines, zone, coverage } = page.heat;
    const count = series.t.length;
    const row = (turbine) => {
      const cells = series.t.map((_, at) => `<i class="cell ${tone(series[turbine][at])}" data-at="${at}"></i>`).join("");
      return `<a class="heat-name" data-link href="/turbine/${encodeURIComponent(turbine)}">${turbine}</a><div class="heat-row" data-turbine="${turbine}" role="img" aria-label="${summary(turbine)}" style="--count:${count}">${cells}</div><span class="heat-coverage">${coverage[turbine]}</span>`;
    };
    box.innerHTML = `<span></span><div class="heat-days" style="--count:${count}">${days(series.t, zone)}</div><span class="heat-coverage head" title="Share of intervals in view that have a row with power">data</span>${turbines.map(row).join("")}`;
  }

  function summary(turbine) {
    const known = page.heat.series[turbine].filter((each) => each !== null && each !== CALM);
    if (!known.length) return `${turbine}: nothing to compare`;
    const low = known.filter((each) => each < STEPS[2]).length;
    return `${turbine}: ${low} of ${known.length} cells below ${STEPS[2]} % of expected`;
  }

  /** The day's name over its first cell; every second, third ... where they would touch. */
  function days(times, zone) {
    const names = times.map((each) => new Date(wind.shown(each, zone)).toLocaleDateString("en-GB", { timeZone: "UTC", day: "numeric", month: "short" }));
    const firsts = names.map((each, at) => at).filter((at) => at === 0 || names[at] !== names[at - 1]);
    const every = Math.ceil(firsts.length / (window.innerWidth < 640 ? 4 : 10));
    const room = times.length / (window.innerWidth < 640 ? 5 : 14); // cells that a name takes
    return firsts
      .filter((at, index) => index % every === 0 && !(at === 0 && firsts[1] < room))
      .map((at) => `<span style="left:${(100 * at) / times.length}%">${names[at]}</span>`)
      .join("");
  }

  document.addEventListener("pointerover", (event) => {
    const cell = event.target.closest && event.target.closest("#heat .cell");
    if (!cell || !page.heat) return;
    const text = says(cell.parentElement.dataset.turbine, Number(cell.dataset.at));
    cell.title = text;
    wind.show("heat-says", { children: text });
  });

  wind.pages.farm = {
    arrive(_view, isOther) {
      page.chart = page.chart || wind.timeChart("farm-chart", "farm-reset", shape);
      if (!isOther) return;
      page.chart.forget();
      page.heat = page.drawn = null;
    },

    receive(reply) {
      if (!reply.chart) return;
      if (reply.fan) page.chart.fan = reply.fan.fan;
      const heat = wind.taken(page.heat, reply.heat);
      if (page.chart.take(reply.chart) && heat) {
        const isSame = page.heat && reply.heat.since !== null && !reply.heat.series.t.length;
        page.heat = isSame && page.heat.zone.key === heat.zone.key && JSON.stringify(page.heat.coverage) === JSON.stringify(heat.coverage) ? page.heat : heat;
        return;
      }
      window.dash_clientside.set_props("held", { data: null });
      wind.askNow();
    },

    draw() {
      page.chart.draw();
      drawHeat();
    },
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    windFarm: {
      redraw(resets) {
        if (!page.chart) return wind.none();
        page.chart.resetTo(resets);
        page.chart.draw();
        return wind.none();
      },

      zoomed: (relayout) => wind.zoomed("farm-chart", relayout),
    },
  });
})();
