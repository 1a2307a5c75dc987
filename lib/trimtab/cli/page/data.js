"use strict";
/* The page's data: what a filter leaves of it, sums, and how figures are written. Touches no element. */
const Data = (() => {
  const DAY_S = 86400;
  const CLASSES = [  // in the order of a row's columns; the stack's order is STACK
    {key: "input", label: "Input"},
    {key: "write_5m", label: "Cache write, 5 min"},
    {key: "write_1h", label: "Cache write, 1 h"},
    {key: "read", label: "Cache read"},
    {key: "output", label: "Output"},
    {key: "web_search", label: "Web searches"},
  ];
  const STACK = [3, 2, 1, 0, 4, 5];
  const MICRO = 1e6;
  const all = JSON.parse(document.getElementById("data").textContent);
  const names = all.names;

  const SPEND = {day: 0, project: 1, session: 2, model: 3, agent: 4, requests: 5, tokens: 6, searches: 11, unpriced: 12, usd: 13};
  const LOAD = {at: 0, project: 1, session: 2, agent: 3, model: 4, tool: 5, target: 6, tier: 7, tokens: 8, kept_out: 9, carriers: 10, recoveries: 11, usd: 12};
  const SAVING = {day: 0, project: 1, session: 2, model: 3, loads: 4, views: 5, loaded: 6, shown: 7, recoveries: 8, fetched: 9, added: 10, net: 11, usd: 12};
  const MAIL = {day: 0, project: 1, session: 2, model: 3, sender: 4, receiver: 5, messages: 6, before: 7, after: 8, recoveries: 9, fetched: 10, added: 11, net: 12, usd: 13};

  all.sessions = all.sessions.map(([session, project, first_at, last_at, requests, conversations]) => ({session, project, first_at, last_at, requests, conversations}));
  const sessions = new Map(all.sessions.map((session) => [session.session, session]));
  const days = all.spend.map((row) => row[SPEND.day]).concat(all.savings.map((row) => row[SAVING.day]));
  const today = Math.floor(all.generated_at / DAY_S);
  const firstDay = days.reduce((least, day) => Math.min(least, day), today);
  const lastDay = days.reduce((most, day) => Math.max(most, day), firstDay);

  /* A filter has project, model, session (places in the lists of names, or null), from and to (days, or null). */
  const everything = {project: null, model: null, session: null, from: null, to: null};

  function inRange(filter, day) {
    return (filter.from === null || day >= filter.from) && (filter.to === null || day <= filter.to);
  }

  function matching(rows, column, filter) {
    return rows.filter((row) =>
      (filter.project === null || row[column.project] === filter.project) &&
      (filter.model === null || row[column.model] === filter.model) &&
      (filter.session === null || row[column.session] === filter.session) &&
      inRange(filter, "day" in column ? row[column.day] : Math.floor(row[column.at] / DAY_S)));
  }

  const spend = (filter) => matching(all.spend, SPEND, filter);
  const loads = (filter) => matching(all.loads, LOAD, filter);
  const savings = (filter) => matching(all.savings, SAVING, filter);
  const mail = (filter) => matching(all.mail, MAIL, filter);

  /* Budgets and alerts are of projects: a session stands for its own, models do not narrow them. */
  function ofProject(filter, project) {
    const session = filter.session === null ? undefined : sessions.get(filter.session);
    const wanted = session ? session.project : filter.project;
    return wanted === null || project === "" || project === names.project[wanted];
  }
  const alerts = (filter) => all.alerts.filter((alert) => ofProject(filter, alert.project) && inRange(filter, Math.floor(alert.at / DAY_S)));
  const budgets = (filter) => all.budgets.filter((budget) => ofProject(filter, budget.project) &&
    (filter.to === null || budget.first_day <= filter.to) &&
    (filter.from === null || budget.last_day === null || budget.last_day >= filter.from));

  /* What sessions begin with is of a project and its last weeks: time and model do not narrow it. */
  const standings = (filter) => all.standings.filter((one) => ofProject(filter, one.project));

  /* Sums of rows of spend: tokens of five classes, USD of six (null without any price). */
  function totals(rows) {
    const sum = {requests: 0, unpriced: 0, searches: 0, tokens: [0, 0, 0, 0, 0], usd: null, sessions: new Set()};
    for (const row of rows) {
      sum.requests += row[SPEND.requests];
      sum.unpriced += row[SPEND.unpriced];
      sum.searches += row[SPEND.searches];
      for (let place = 0; place < 5; place++) sum.tokens[place] += row[SPEND.tokens + place];
      if (row.length > SPEND.usd) {
        sum.usd = sum.usd || [0, 0, 0, 0, 0, 0];
        for (let place = 0; place < 6; place++) sum.usd[place] += row[SPEND.usd + place];
      }
      sum.sessions.add(row[SPEND.session]);
    }
    if (sum.usd) sum.usd = sum.usd.map((micro) => micro / MICRO);
    sum.allTokens = sum.tokens.reduce((a, b) => a + b, 0);
    sum.allUsd = sum.usd && sum.usd.reduce((a, b) => a + b, 0);
    return sum;
  }

  function savingTotals(rows) {
    const sum = {loads: 0, views: 0, loaded: 0, shown: 0, recoveries: 0, fetched: 0, added: 0, net: 0, usd: null};
    for (const row of rows) {
      for (const name of ["loads", "views", "loaded", "shown", "recoveries", "fetched", "added", "net"]) sum[name] += row[SAVING[name]];
      if (row[SAVING.usd] !== null) sum.usd = (sum.usd || 0) + row[SAVING.usd] / MICRO;
    }
    return sum;
  }

  function mailTotals(rows) {
    const sum = {messages: 0, before: 0, after: 0, recoveries: 0, fetched: 0, added: 0, net: 0, usd: null};
    for (const row of rows) {
      for (const name of ["messages", "before", "after", "recoveries", "fetched", "added", "net"]) sum[name] += row[MAIL[name]];
      if (row[MAIL.usd] !== null) sum.usd = (sum.usd || 0) + row[MAIL.usd] / MICRO;
    }
    return sum;
  }

  /* Rows by what `keyOf` says of them, as a Map. */
  function grouped(rows, keyOf) {
    const groups = new Map();
    for (const row of rows) {
      const key = keyOf(row);
      const group = groups.get(key);
      if (group) group.push(row); else groups.set(key, [row]);
    }
    return groups;
  }

  /* The first day of the day's period: the day, its Monday, or the first of its month. */
  function periodOf(day, size) {
    if (size === "day") return day;
    if (size === "week") return day - (day + 3) % 7;
    const date = new Date(day * DAY_S * 1000);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_S / 1000;
  }

  /* All periods from the first row's to the last row's, those without a row too: [{start, rows}]. */
  function periods(rows, size) {
    if (!rows.length) return [];
    const groups = grouped(rows, (row) => periodOf(row[0], size));
    const last = Math.max(...groups.keys());
    const found = [];
    for (let start = Math.min(...groups.keys()); start <= last;) {
      found.push({start, rows: groups.get(start) || []});
      start = size === "day" ? start + 1 : size === "week" ? start + 7 : periodOf(start + 31, "month");
    }
    return found;
  }

  /* The end of a name that is too long for a table; titles have all of it. */
  const LONGEST = 60;
  const clipped = (name) => (name.length > LONGEST ? `…${[...name].slice(1 - LONGEST).join("")}` : name);

  /* Projects by their last folder, with the one above where two have the same. */
  const projectLabels = (() => {
    const parts = names.project.map((path) => path.split(/[\\/]/).filter(Boolean));
    const short = parts.map((part) => part[part.length - 1] || "");
    return parts.map((part, place) => {
      if (!short[place]) return names.project[place] || "unknown project";
      const twice = short.filter((name) => name === short[place]).length > 1;
      return clipped(twice ? part.slice(-2).join("/") : short[place]);
    });
  })();
  const modelLabel = (place) => clipped(names.model[place]) || "unknown model";
  const agentLabel = (place) => clipped(names.agent[place]) || "main conversation";

  const formats = new Map();
  function dateFormat(options) {
    const key = JSON.stringify(options);
    if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", {timeZone: "UTC", ...options}));
    return formats.get(key);
  }
  const date = (day, options) => dateFormat(options || {day: "numeric", month: "short", year: "numeric"}).format(day * DAY_S * 1000);
  const time = (at) => dateFormat({day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit"}).format(at * 1000);
  function periodLabel(start, size) {
    if (size === "day") return date(start, {weekday: "short", day: "numeric", month: "short", year: "numeric"});
    return size === "week" ? `week of ${date(start)}` : date(start, {month: "long", year: "numeric"});
  }
  function sessionLabel(place) {
    const session = sessions.get(place);
    if (!session) return "older sessions, summed";
    return `${time(session.last_at)} · ${projectLabels[session.project]} · ${names.session[place].slice(0, 8)}`;
  }

  const exact = (figure) => Math.round(figure).toLocaleString("en-US");
  /* At most five signs: 9,999 then 12.3k, 4.56M, 1.23G. */
  function short(figure) {
    const size = Math.abs(figure), sign = figure < 0 ? "−" : "";
    if (size < 9999.5) return sign + Math.round(size).toLocaleString("en-US");
    for (const [unit, letter] of [[1e3, "k"], [1e6, "M"], [1e9, "G"], [1e12, "T"]]) {
      if (size < unit * 999.5) return sign + (size / unit).toPrecision(3) + letter;
    }
    return sign + size.toExponential(2);
  }
  /* $12.34, and smaller amounts with two digits that count. */
  function dollars(figure) {
    const size = Math.abs(figure), sign = figure < 0 ? "−" : "";
    if (size >= 0.995 || size === 0) return `${sign}$${size.toLocaleString("en-US", {minimumFractionDigits: 2, maximumFractionDigits: 2})}`;
    return `${sign}$${size >= 0.0995 ? size.toFixed(2) : Number(size.toPrecision(2)).toLocaleString("en-US", {maximumFractionDigits: 8})}`;
  }
  const cost = (figure) => (figure === null || figure === undefined ? "no price" : dollars(figure));
  function percent(part, whole) {
    if (!whole) return "–";
    const share = 100 * part / whole;
    if (share > 0 && share < 0.1) return "<0.1 %";
    return `${share.toFixed(1)} %`.replace("-", "−");
  }
  const counted = (count, noun, plural) => `${exact(count)} ${count === 1 ? noun : plural || noun + "s"}`;

  return {all, names, sessions, firstDay, lastDay, today, everything, CLASSES, STACK, SPEND, LOAD, SAVING, MAIL, DAY_S, MICRO,
    spend, loads, savings, mail, standings, alerts, budgets, totals, savingTotals, mailTotals, grouped, periods, inRange, projectLabels, modelLabel, agentLabel,
    sessionLabel, date, time, periodLabel, exact, short, dollars, cost, percent, counted};
})();
