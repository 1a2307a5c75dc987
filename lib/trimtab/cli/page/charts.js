"use strict";
/* Stacked bars by uPlot, with what it leaves out: a tip, arrow keys, and words for those who can't see it. */
const Charts = (() => {
  const NARROW = 480;  // pixels, under which a chart is a phone's
  const shown = new Map();  // host -> {spec, plot}
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  /* The colour of a custom property in the theme in force. */
  function colour(name) {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  /* Diagonal lines, for what is not in the context. */
  function hatched(name) {
    const tile = document.createElement("canvas");
    const size = tile.width = tile.height = Math.round(7 * devicePixelRatio);
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour(name);
    pen.lineWidth = 1.6 * devicePixelRatio;
    for (const shift of [-size, 0, size]) {
      pen.beginPath();
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
      pen.stroke();
    }
    return pen.createPattern(tile, "repeat");
  }

  /* Sums from the bottom: of what is over zero and of what is under it apart. */
  function stacked(series, length) {
    const up = new Array(length).fill(0), down = new Array(length).fill(0);
    return series.map((one) => one.values.map((value, place) => (value < 0 ? down[place] += value : one.isDown ? down[place] : up[place] += value)));
  }

  function options(host, spec, sums) {
    const width = Math.max(host.clientWidth, 200), narrow = width < NARROW;
    const text = colour("quiet"), line = colour("line");
    const font = '12px system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
    const most = Math.max(0, ...sums.map((sum) => Math.max(...sum))), least = Math.min(0, ...sums.map((sum) => Math.min(...sum)));
    const room = (most - least || 1) * 0.06;
    const bars = uPlot.paths.bars({size: spec.gapless ? [1, Infinity] : [0.78, 60], gap: 0});
    const axis = {stroke: text, font, grid: {stroke: line, width: 1}, ticks: {show: false}};
    return {
      width, height: narrow ? 230 : 280,
      padding: [12, 22, 0, 0],
      legend: {show: false},
      cursor: {y: false, drag: {x: false, y: false}, points: {show: false}},
      scales: {
        x: {time: false, range: [-0.5, spec.labels.length - 0.5]},
        y: {range: [least < 0 ? least - room : 0, most > 0 ? most + room : least < 0 ? room : 1]},
      },
      axes: [
        {...axis, grid: {show: false}, size: 30, splits: (plot) => ticks(plot, spec), values: (plot, places) => places.map((place) => spec.ticks[place])},
        {...axis, size: narrow ? 52 : 62, space: 36, values: (plot, values) => values.map((value) => spec.axis(value))},
      ],
      series: [{}, ...spec.series.map((one) => ({
        label: one.label,
        paths: bars,
        points: {show: false},
        width: 0,
        fill: one.isHatched ? hatched(one.colour) : colour(one.colour),
        fillTo: () => 0,
      })).reverse()],
      hooks: {
        draw: [(plot) => marks(plot, spec)],
        setCursor: [(plot) => tip(host, plot.cursor.idx)],
      },
    };
  }

  /* As many places for labels as there is room for, evenly. */
  function ticks(plot, spec) {
    const room = Math.max(1, Math.floor(plot.bbox.width / devicePixelRatio / (spec.tickWidth || 72)));
    const every = Math.ceil(spec.labels.length / room);
    const places = [];
    for (let place = 0; place < spec.labels.length; place += every) places.push(place);
    return places;
  }

  /* Dashed lines and small triangles over the bars. */
  function marks(plot, spec) {
    const pen = plot.ctx, {top, height} = plot.bbox, scale = devicePixelRatio;
    pen.save();
    for (const mark of spec.marks || []) {
      const x = Math.round(plot.valToPos(mark.place, "x", true));
      pen.strokeStyle = pen.fillStyle = colour(mark.colour);
      if (mark.isLine) {
        const left = Math.round(plot.valToPos(mark.place - 0.5, "x", true)) + 0.5;
        pen.setLineDash([4 * scale, 3 * scale]);
        pen.lineWidth = scale;
        pen.beginPath();
        pen.moveTo(left, top);
        pen.lineTo(left, top + height);
        pen.stroke();
      } else {
        pen.beginPath();
        pen.moveTo(x - 5 * scale, top - 10 * scale);
        pen.lineTo(x + 5 * scale, top - 10 * scale);
        pen.lineTo(x, top - 2 * scale);
        pen.fill();
      }
    }
    pen.restore();
  }

  function element(name, text, className) {
    const found = document.createElement(name);
    if (text !== undefined) found.textContent = text;
    if (className) found.className = className;
    return found;
  }

  function swatch(one) {
    const found = element("span", undefined, one.isHatched ? "swatch hatched" : "swatch");
    found.style.setProperty("--swatch", `var(--${one.colour})`);
    return found;
  }

  /* The figures at a place, beside the cursor; none hides them. */
  function tip(host, place) {
    const {spec, plot, box} = shown.get(host) || {};
    if (!plot) return;
    if (place === null || place === undefined || plot.cursor.left < 0) {
      box.hidden = true;
      return;
    }
    const rows = [...spec.series].reverse().filter((one) => one.values[place]).map((one) => {
      const row = element("div");
      row.append(swatch(one), element("span", one.label), element("span", spec.format(one.values[place])));
      return row;
    });
    box.replaceChildren(element("b", spec.labels[place]), ...rows);
    for (const [label, value] of spec.sums(place)) {
      const row = element("div", undefined, "sum");
      row.append(element("span"), element("span", label), element("span", value));
      box.append(row);
    }
    box.hidden = false;
    const over = plot.over, left = over.offsetLeft + plot.valToPos(place, "x");
    const room = host.clientWidth - left - 16;
    if (host.clientWidth < NARROW) {  // under the chart, which it would cover
      box.style.left = "0";
      box.style.top = `${host.clientHeight}px`;
    } else {
      box.style.left = room > box.offsetWidth ? `${left + 14}px` : `${Math.max(0, left - box.offsetWidth - 14)}px`;
      box.style.top = `${over.offsetTop + plot.root.offsetTop}px`;
    }
    host.setAttribute("aria-valuenow", String(place + 1));
    host.setAttribute("aria-valuetext", words(spec, place));
  }

  const words = (spec, place) => [spec.labels[place], ...spec.sums(place).map(([label, value]) => `${label} ${value}`),
    ...spec.series.filter((one) => one.values[place]).map((one) => `${one.label} ${spec.format(one.values[place])}`)].join(", ");

  function keys(event) {
    const host = event.currentTarget, {spec, plot} = shown.get(host) || {};
    if (!plot) return;
    const last = spec.labels.length - 1;
    const now = plot.cursor.left >= 0 && plot.cursor.idx !== null && plot.cursor.idx !== undefined ? plot.cursor.idx : null;
    const step = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10}[event.key];
    let place;
    if (event.key === "Escape") {
      plot.setCursor({left: -10, top: -10});
      return;
    }
    if (event.key === "Home") place = 0;
    else if (event.key === "End") place = last;
    else if (step) place = now === null ? (step > 0 ? 0 : last) : Math.min(last, Math.max(0, now + step));
    else return;
    event.preventDefault();
    plot.setCursor({left: plot.valToPos(place, "x"), top: 10});
  }

  /* Draws `spec` into `host`, in place of what was there. spec: label, unit (what the axis counts), labels and ticks (a text for each place), series
     ({label, colour, values, isHatched, isDown}, the lowest first), format, axis, sums(place) -> [[label, text]], marks
     ({place, colour, isLine}), gapless. */
  function draw(host, spec) {
    remove(host);
    host.className = "chart";
    host.tabIndex = 0;
    host.setAttribute("role", "slider");
    host.setAttribute("aria-label", `${spec.label}. Arrow keys move along it; its figures are in the table below.`);
    host.setAttribute("aria-valuemin", "1");
    host.setAttribute("aria-valuemax", String(spec.labels.length));
    host.setAttribute("aria-valuenow", String(spec.labels.length));
    host.setAttribute("aria-valuetext", words(spec, spec.labels.length - 1));
    host.onkeydown = keys;
    host.onblur = () => shown.has(host) && shown.get(host).plot.setCursor({left: -10, top: -10});
    const sums = stacked(spec.series, spec.labels.length);
    const data = [spec.labels.map((_, place) => place), ...sums.reverse()];
    const box = element("div", undefined, "tip");
    box.hidden = true;
    box.setAttribute("aria-hidden", "true");
    const plot = new uPlot(options(host, spec, sums), data, host);
    host.append(box);
    host.prepend(element("div", spec.unit, "unit"));
    const watch = new ResizeObserver(() => {
      const width = Math.max(host.clientWidth, 200);
      if (width !== plot.width) plot.setSize({width, height: width < NARROW ? 230 : 280});
    });
    watch.observe(host);
    shown.set(host, {spec, plot, box, watch});
  }

  function remove(host) {
    const old = shown.get(host);
    if (!old) return;
    old.watch.disconnect();
    old.plot.destroy();
    host.replaceChildren();
    shown.delete(host);
  }

  /* Draws all anew, in the colours of another theme; drops those that left the page. */
  function redraw() {
    for (const [host, {spec}] of [...shown]) {
      if (host.isConnected) draw(host, spec); else remove(host);
    }
  }

  return {draw, redraw, remove, swatch};
})();
