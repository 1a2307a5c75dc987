"use strict";
/* The filters: `Filters.now` is what they say, as `Data` takes it. */
const Filters = (() => {
  const {all, names, SPEND} = Data;
  const {h} = Elements;
  const SESSION_OPTIONS = 400;
  const RANGES = [["all", "All time"], ["1", "Today"], ["7", "Last 7 days"], ["30", "Last 30 days"], ["90", "Last 90 days"], ["month", "This month"], ["own", "From – to"]];
  const now = {...Data.everything};
  let onchange = () => {};

  const form = document.getElementById("filters");

  function fill(select, pairs, value) {
    select.replaceChildren(...pairs.map(([key, label, title]) => h("option", {value: key, title, selected: key === String(value === null ? "" : value)}, label)));
  }

  const dayOf = (text) => (/^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00Z`) / 1000 / Data.DAY_S : null);
  const textOf = (day) => (day === null ? "" : new Date(day * Data.DAY_S * 1000).toISOString().slice(0, 10));

  function showFilters() {
    const ordered = (labels) => labels.map((label, place) => [place, label]).sort((a, b) => a[1].localeCompare(b[1], "en"));
    const used = (column) => new Set([...all.spend.map((row) => row[column]), ...(column === SPEND.project ? all.sessions.map((one) => one.project) : [])]);
    const projects = used(SPEND.project), models = used(SPEND.model);
    fill(form.project, [["", "All projects"], ...ordered(Data.projectLabels).filter(([place]) => projects.has(place)).map(([place, label]) => [String(place), label, names.project[place]])], now.project);
    fill(form.model, [["", "All models"], ...ordered(names.model.map((_, place) => Data.modelLabel(place))).filter(([place]) => models.has(place)).map(([place, label]) => [String(place), label])], now.model);
    fill(form.range, RANGES, form.range.value || "all");
    showSessions();
    for (const name of ["from", "to"]) {
      form[name].min = textOf(Data.firstDay);
      form[name].max = textOf(Math.max(Data.today, Data.lastDay));
    }
  }

  /* The sessions that the other filters leave, the newest first. */
  function showSessions() {
    const matching = new Set(Data.spend({...now, session: null}).map((row) => row[SPEND.session]));
    const found = all.sessions.filter((one) => matching.has(one.session));
    if (now.session !== null && !matching.has(now.session)) now.session = null;
    const listed = found.filter((one, place) => place < SESSION_OPTIONS || one.session === now.session);
    const rest = found.length - listed.length;
    fill(form.session, [["", rest ? `All sessions (the newest ${SESSION_OPTIONS} are listed; narrow the time for others)` : "All sessions"],
      ...listed.map((one) => [String(one.session), Data.sessionLabel(one.session), names.session[one.session]])], now.session);
  }

  function setRange(key) {
    const first = new Date(Data.today * Data.DAY_S * 1000).getUTCDate();
    now.to = null;
    now.from = key === "all" ? null : key === "month" ? Data.today - first + 1 : Data.today - Number(key) + 1;
    form.from.value = textOf(now.from);
    form.to.value = "";
  }

  const place = (text) => (text === "" ? null : Number(text));

  function changed(event) {
    const {name, value} = event.target;
    if (name === "project" || name === "model" || name === "session") now[name] = place(value);
    if (name === "range" && value !== "own") setRange(value);
    if (name === "range" && value === "own") form.from.focus();
    if (name === "from" || name === "to") {
      now[name] = dayOf(value);
      form.range.value = now.from === null && now.to === null ? "all" : "own";
    }
    onchange();
  }

  function reset(event) {
    event.preventDefault();
    Object.assign(now, Data.everything);
    form.range.value = "all";
    form.from.value = form.to.value = "";
    showFilters();
    onchange();
  }

  /* Only this session. */
  function pickSession(place) {
    now.session = place;
    onchange();
    form.session.focus();
  }

  function begin(changing) {
    onchange = changing;
    form.addEventListener("change", changed);
    form.addEventListener("reset", reset);
    form.addEventListener("submit", (event) => event.preventDefault());
    showFilters();
  }

  return {now, begin, showSessions, pickSession};
})();
