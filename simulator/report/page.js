"use strict";
(() => {
  const WIDTH = 10000, HEIGHT = 1000, NEAR = 9;
  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
    604800, 1209600, 2592000, 7776000, 31536000, 157680000];
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const points = JSON.parse(document.getElementById("points").textContent);
  const tip = document.getElementById("tip"), reset = document.getElementById("reset");
  const charts = [...document.querySelectorAll(".chart.time")].map(open);
  let shown = { from: points.start, to: points.end };

  // ---- words
  const digits = (least, most) => new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
  const forms = { count: digits(0, 0), usd: digits(2, 2), price: digits(2, 8) };
  const amount = (cell, unit) => cell === "" ? "–" : (unit === "usd" ? "$" : "") + forms[unit].format(Number(cell));
  const date = (time) => new Date(time * 1000);
  const day = (time) => `${date(time).getUTCDate()} ${MONTHS[date(time).getUTCMonth()]} ${date(time).getUTCFullYear()}`;
  const clock = (time, seconds) => date(time).toISOString().slice(11, seconds ? 19 : 16);

  function element(name, style, text, ...inside) {
    const made = document.createElement(name);
    if (style) made.className = style;
    if (text !== undefined) made.textContent = text;
    made.append(...inside);
    return made;
  }

  // ---- a chart over time
  function open(figure) {
    const plot = figure.querySelector(".plot");
    const cursor = element("div", "cursor"), brush = element("div", "brush");
    cursor.hidden = brush.hidden = true;
    plot.append(cursor, brush);
    const chart = { id: figure.id, figure, plot, cursor, brush, svg: plot.querySelector("svg"), at: null, from: null };
    plot.addEventListener("pointermove", (event) => moved(chart, event));
    plot.addEventListener("pointerleave", () => leave(chart));
    plot.addEventListener("pointerdown", (event) => pressed(chart, event));
    plot.addEventListener("pointerup", (event) => released(chart, event));
    plot.addEventListener("pointercancel", () => leave(chart));
    plot.addEventListener("dblclick", () => zoom(points.start, points.end));
    plot.addEventListener("keydown", (event) => typed(chart, event));
    plot.addEventListener("blur", () => leave(chart));
    return chart;
  }

  const share = (time) => (time - shown.from) / (shown.to - shown.from);

  function timeAt(chart, event) {
    const box = chart.plot.getBoundingClientRect();
    const place = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return shown.from + place * (shown.to - shown.from);
  }

  function moved(chart, event) {
    const time = timeAt(chart, event);
    if (chart.from !== null) {
      const [left, right] = [chart.from, time].sort((a, b) => a - b);
      chart.brush.hidden = false;
      chart.brush.style.left = `${share(left) * 100}%`;
      chart.brush.style.width = `${(share(right) - share(left)) * 100}%`;
    }
    point(chart, time, event.clientX, event.clientY);
  }

  function pressed(chart, event) {
    if (event.pointerType === "mouse" && event.button === 0) {
      chart.from = timeAt(chart, event);
      chart.plot.setPointerCapture(event.pointerId);
      event.preventDefault();
      chart.plot.focus({ preventScroll: true });
    }
  }

  function released(chart, event) {
    const from = chart.from, to = timeAt(chart, event);
    chart.from = null;
    chart.brush.hidden = true;
    if (from !== null && Math.abs(share(to) - share(from)) > 0.01) zoom(Math.min(from, to), Math.max(from, to));
  }

  function leave(chart) {
    chart.from = null;
    chart.cursor.hidden = chart.brush.hidden = tip.hidden = true;
  }

  function typed(chart, event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") zoom(points.start, points.end);
    if (!way) return;
    event.preventDefault();
    const times = points.charts[chart.id].series[0]?.t || points.times;
    const now = chart.at === null ? (way > 0 ? -1 : times.length) : held(times, chart.at);
    const time = times[Math.min(times.length - 1, Math.max(0, now + way))];
    const box = chart.plot.getBoundingClientRect();
    point(chart, time, box.left + Math.min(1, Math.max(0, share(time))) * box.width, box.top + 20);
  }

  // ---- what a tooltip says: the last value at or before a time, as the trace has it
  function held(times, time) {
    let low = 0, high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time) low = middle; else high = middle - 1;
    }
    return low;
  }

  function point(chart, time, x, y) {
    const told = points.charts[chart.id];
    const series = told.series.map((each) => ({ ...each, place: held(each.t || points.times, time), times: each.t || points.times }));
    const at = series.length ? Math.max(...series.map((each) => each.times[each.place])) : points.times[held(points.times, time)];
    const rows = series.filter((each) => !told.bars || each.v[each.place] !== "0")
      .map((each) => row(`line ${each.style}`, each.name, amount(each.v[each.place], each.unit)));
    const close = NEAR * (shown.to - shown.from) / chart.plot.clientWidth;
    const marks = (told.marks || []).filter((mark) => Math.abs(mark.t - time) <= close);
    for (const induced of [0, 1]) {
      const of = marks.filter((mark) => mark.induced === induced);
      if (!of.length) continue;
      const count = of.reduce((sum, mark) => sum + mark.n, 0), usd = of.reduce((sum, mark) => sum + Number(mark.usd), 0);
      rows.push(row(`mark ${induced ? "induced" : "calm"}`, `${forms.count.format(count)} ${induced ? "induced" : "not induced"}`,
        amount(usd, "usd")));
    }
    chart.at = at;
    chart.cursor.hidden = false;
    chart.cursor.style.left = `${Math.min(1, Math.max(0, share(time))) * 100}%`;
    if (!rows.length) rows.push(row("", "nothing", ""));
    say([element("b", "", `${day(at)}, ${clock(at, true)}`), element("table", "", undefined, ...rows)], x, y);
  }

  function row(style, name, value) {
    const label = element("td", "", undefined, ...(style ? [element("span", `swatch ${style}`)] : []), name);
    return element("tr", "", undefined, label, element("td", "", value));
  }

  function say(parts, x, y) {
    tip.replaceChildren(...parts);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = x + 16 + box.width > innerWidth ? x - 16 - box.width : x + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, Math.min(y + 12, innerHeight - box.height - 4))}px`;
  }

  // ---- zoom: all charts over time show the same stretch
  function zoom(from, to) {
    shown = to - from < 2 ? shown : { from, to };
    const span = points.end - points.start;
    const left = (shown.from - points.start) / span * WIDTH, wide = (shown.to - shown.from) / span * WIDTH;
    for (const chart of charts) {
      chart.svg.setAttribute("viewBox", `${left} 0 ${wide} ${HEIGHT}`);
      chart.figure.querySelector(".x").replaceChildren(...ticks());
      chart.figure.classList.toggle("zoomed", shown.from !== points.start || shown.to !== points.end);
    }
    reset.hidden = shown.from === points.start && shown.to === points.end;
  }

  function ticks() {
    const step = STEPS.find((each) => (shown.to - shown.from) / each <= 7) || STEPS[STEPS.length - 1];
    const made = [];
    let before = "";
    for (let time = Math.ceil(shown.from / step) * step; time <= shown.to; time += step) {
      const tick = element("span", "", step >= 86400 ? day(time) : clock(time, step < 60));
      if (step < 86400 && day(time) !== before) tick.append(element("i", "", day(time)));
      tick.style.left = `${share(time) * 100}%`;
      before = day(time);
      made.push(tick);
    }
    return made;
  }

  reset.addEventListener("click", () => zoom(points.start, points.end));

  // ---- charts of accounts: each shape carries its own words
  for (const plot of document.querySelectorAll(".chart.still .plot")) {
    plot.addEventListener("pointermove", (event) => {
      const said = event.target.dataset?.tip;
      if (said) say([said], event.clientX, event.clientY); else tip.hidden = true;
    });
    plot.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
  addEventListener("scroll", () => charts.forEach(leave), { passive: true });
  document.documentElement.dataset.ready = "1";
})();
