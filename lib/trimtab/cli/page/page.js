"use strict";
/* Builds the page of what the filters leave. */
(() => {
  const {all, names, SPEND, LOAD, MAIL, CLASSES, STACK} = Data;
  const {h, body, empty, radios, table, scroll, figures, track, long} = Elements;
  const {exact, short, dollars, cost, percent, counted} = Data;
  const KINDS = [  // of the parts of a context, the lowest first; others come after them, in grey
    ["standing", "Standing: system prompt, tools, memory"], ["earlier", "Earlier conversation"], ["summary", "Summary of a compaction"], ["prompt", "Prompts"],
    ["note", "Notes of client and hooks"], ["answer", "The model's own words"], ["file", "Files read"],
    ["view", "Results shown folded"], ["recovered", "Folded lines fetched later"], ["command", "Commands' output"],
    ["search", "Searches"], ["agent", "Subagents' answers"], ["mcp", "MCP tools"], ["result", "Other tools"],
    ["not attributed", "Not attributed", "unknown"],
  ];
  const filter = Filters.now;
  const choice = {measure: null, period: null, split: null, session: null, agent: ""};

  const byId = (id) => document.getElementById(id);

  function unpricedNote(sum) {
    if (!sum.unpriced) return null;
    return `${sum.usd ? "and " : ""}${counted(sum.unpriced, "request")} without a known price`;
  }

  // Totals

  function tile(title, figure, notes, tone) {
    return h("div", {class: "tile"}, h("h2", {}, title), h("p", {class: `figure ${tone || ""}`}, figure),
      notes.filter(Boolean).map((note) => h("p", {class: "small"}, note)));
  }

  function showTiles(sum, saved, alerts, budgets) {
    const open = alerts.filter((alert) => alert.state === "stands").length;
    const shares = budgets.filter((budget) => budget.limit > 0).map((budget) => budget.used / budget.limit);
    const tightest = shares.length ? Math.max(...shares) : null;
    byId("tiles").replaceChildren(
      tile("Cost", sum.requests ? cost(sum.allUsd) : dollars(0), [`${counted(sum.requests, "request")} in ${counted(sum.sessions.size, "session")}`, unpricedNote(sum)]),
      tile("Tokens", short(sum.allTokens), sum.allTokens ? [`${percent(sum.tokens[3], sum.allTokens)} read from the cache`, `${short(sum.tokens[4])} written by the model`] : []),
      !saved.loads && !saved.added ? tile("Saved net", "–", ["no load went through Trimtab's hooks"]) : tile("Saved net", saved.usd === null ? `${short(saved.net)} tokens` : dollars(saved.usd), [
        saved.usd === null ? null : `${percent(saved.usd, saved.usd + (sum.allUsd || 0))} of the cost without Trimtab`,
        saved.usd === null ? null : `${short(saved.net)} tokens, each counted once`], saved.net > 0 ? "good" : saved.net < 0 ? "bad" : ""),
      tile("Open alerts", exact(open), [
        tightest === null ? "no budget set" : `tightest budget: ${percent(tightest, 1)} used`], open ? "warn" : ""));
  }

  // Spend over time

  const sizeFor = (rows) => {
    const list = rows.map((row) => row[SPEND.day]);
    const span = list.length ? list.reduce((a, b) => Math.max(a, b)) - list.reduce((a, b) => Math.min(a, b)) : 0;
    return span <= 92 ? "day" : span <= 550 ? "week" : "month";
  };

  const tickOf = (start, size) => Data.date(start, size === "month" ? {month: "short", year: "2-digit"} : {day: "numeric", month: "short"});

  function showSpend(rows, sum) {
    const choices = document.querySelector("#spend .choices"), place = body("spend");
    const measure = choice.measure || (sum.usd ? "usd" : "tokens"), size = choice.period || sizeFor(rows);
    choices.replaceChildren();
    radios(choices, "measure", "Measure", [["usd", "Cost"], ["tokens", "Tokens"]], measure, (key) => { choice.measure = key; show(); });
    radios(choices, "period", "Bars", [["day", "Day"], ["week", "Week"], ["month", "Month"]], size, (key) => { choice.period = key; show(); });
    if (!rows.length) return place.replaceChildren(nothing());
    const isUsd = measure === "usd";
    const periods = Data.periods(rows, size).map((period) => ({...period, sum: Data.totals(period.rows)}));
    const of = (one, at) => (isUsd ? (one.usd ? one.usd[at] : 0) : one.tokens[at] || 0);
    const used = STACK.filter((at) => of(sum, at) > 0);
    const format = isUsd ? dollars : short;
    const host = h("div", {id: "spend-chart"});
    const classes = CLASSES.map((one, at) => ({...one, at})).filter((one) => one.at < 5 || sum.searches);
    place.replaceChildren(host,
      scroll("Totals by class", table({text: "Totals by class of tokens", isHidden: true},
        [{label: "Class", class: "text"}, {label: "Tokens"}, {label: "of tokens", class: "wide"}, {label: "Cost"}, {label: "of cost", class: "wide"}, {label: "", class: "bar wide"}],
        classes.map((one) => [
          h("span", {}, Charts.swatch({colour: one.key}), one.label),
          one.at < 5 ? exact(sum.tokens[one.at]) : `${exact(sum.searches)} searches`,
          one.at < 5 ? percent(sum.tokens[one.at], sum.allTokens) : "–",
          one.at === 5 && sum.usd && !sum.usd[5] ? "no price" : cost(sum.usd && sum.usd[one.at]), sum.usd ? percent(sum.usd[one.at], sum.allUsd) : "–",
          sum.usd ? track(sum.usd[one.at], sum.allUsd, one.key) : track(sum.tokens[one.at], sum.allTokens, one.key)]),
        ["All", exact(sum.allTokens), "", cost(sum.allUsd), "", ""], "totals")),
      unpricedNote(sum) ? h("p", {class: "small warn"}, `Not in the cost: ${counted(sum.unpriced, "request")} of models without a known price (${unpricedModels(rows)}).`) : "",
      figures("spend", `The chart as a table, by ${size}`, () => table(`By ${size}: tokens of each class, and cost`,
        [{label: "Period", class: "text"}, {label: "Requests"}, ...CLASSES.slice(0, 5).map((one) => ({label: one.label})), {label: "Cost"}],
        periods.map((one) => [Data.periodLabel(one.start, size), exact(one.sum.requests), ...one.sum.tokens.map(exact), one.sum.requests ? cost(one.sum.allUsd) : dollars(0)]).reverse())));
    Charts.draw(host, {
      label: `${isUsd ? "Cost" : "Tokens"} by ${size}, stacked by class`,
      unit: `${isUsd ? "USD" : "Tokens"} a ${size}`,
      labels: periods.map((one) => Data.periodLabel(one.start, size)),
      ticks: periods.map((one) => tickOf(one.start, size)),
      series: used.map((at) => ({label: CLASSES[at].label, colour: CLASSES[at].key, values: periods.map((one) => of(one.sum, at))})),
      format, axis: isUsd ? axisDollars : axisTokens,
      sums: (at) => [["Total", isUsd ? (periods[at].sum.requests ? cost(periods[at].sum.allUsd) : dollars(0)) : short(periods[at].sum.allTokens)]],
    });
  }

  const axisDollars = (value) => `$${value.toLocaleString("en-US", {maximumSignificantDigits: 3})}`;
  const axisTokens = (value) => short(value).replace(/\.0+(?=[kMGT])|(?<=\.\d)0(?=[kMGT])/, "");

  function unpricedModels(rows) {
    const models = new Set(rows.filter((row) => row[SPEND.unpriced]).map((row) => Data.modelLabel(row[SPEND.model])));
    return [...models].slice(0, 4).join(", ");
  }

  // Where it went

  const SPLITS = {
    project: ["Project", (row) => row[SPEND.project], (key) => Data.projectLabels[key], (key) => names.project[key]],
    model: ["Model", (row) => row[SPEND.model], Data.modelLabel, (key) => names.model[key]],
    agent: ["Agent", (row) => row[SPEND.agent], Data.agentLabel, (key) => names.agent[key]],
    session: ["Session", (row) => row[SPEND.session], Data.sessionLabel, (key) => names.session[key]],
  };

  function showSplit(rows, sum) {
    const choices = document.querySelector("#split .choices"), place = body("split");
    choices.replaceChildren();
    const split = choice.split || (new Set(all.spend.map((row) => row[SPEND.project])).size > 1 ? "project" : "model");
    radios(choices, "split", "Split by", Object.entries(SPLITS).map(([key, [label]]) => [key, label]), split, (key) => { choice.split = key; show(); });
    if (!rows.length) return place.replaceChildren(nothing());
    const [label, keyOf, labelOf, titleOf] = SPLITS[split];
    const groups = [...Data.grouped(rows, keyOf)].map(([key, group]) => ({key, sum: Data.totals(group)}));
    groups.sort((a, b) => (b.sum.allUsd || 0) - (a.sum.allUsd || 0) || b.sum.allTokens - a.sum.allTokens);
    const most = sum.allUsd ? groups[0].sum.allUsd : Math.max(...groups.map((one) => one.sum.allTokens));
    const line = (one) => [
      h("span", {title: titleOf ? titleOf(one.key) : null}, labelOf(one.key)), exact(one.sum.requests),
      short(one.sum.tokens[0]), short(one.sum.tokens[1] + one.sum.tokens[2]), short(one.sum.tokens[3]), short(one.sum.tokens[4]),
      one.sum.unpriced && one.sum.usd ? `${cost(one.sum.allUsd)} *` : cost(one.sum.allUsd),
      sum.allUsd ? (one.sum.usd ? percent(one.sum.allUsd, sum.allUsd) : "–") : percent(one.sum.allTokens, sum.allTokens),
      track(sum.allUsd ? one.sum.allUsd || 0 : one.sum.allTokens, most)];
    long(place, "split", groups, (part) => [scroll(`Spend by ${split}`, table({text: `Spend by ${split}`, isHidden: true},
      [{label, class: "name"}, {label: "Requests", class: "wide"}, {label: "Input", class: "wide"}, {label: "Cache write", class: "wide"},
        {label: "Cache read", class: "wide"}, {label: "Output", class: "wide"}, {label: "Cost"}, {label: "Share"}, {label: "", class: "bar"}],
      part.map(line))),
      part.some((one) => one.sum.unpriced && one.sum.usd) ? h("p", {class: "small quiet"}, "* and requests without a known price") : null], "rows");
  }

  // How a context filled

  function sessionsWith(rows) {
    const matching = new Set(rows.map((row) => row[SPEND.session]));
    return all.sessions.filter((session) => session.conversations && matching.has(session.session));
  }

  /* The points of a conversation that the filters leave. */
  function pointsOf(talk) {
    return talk.number.map((_, at) => at).filter((at) =>
      (filter.model === null || talk.model[at] === filter.model) && Data.inRange(filter, Math.floor(talk.at[at] / Data.DAY_S)));
  }

  const talkLabel = (talk) => `${talk.agent ? `${Data.agentLabel(talk.type)} ${talk.agent.slice(0, 8)}` : "Main conversation"}, ${counted(talk.requests, "request")}`;

  function showContext(rows) {
    const place = body("context"), held = sessionsWith(rows);
    if (!held.length) {
      return place.replaceChildren(rows.length ? empty("Single requests are held of the newest sessions only, and none of those matches the filters.") : nothing());
    }
    const biggest = (session) => Math.max(...session.conversations.map((talk) => talk.requests));
    const session = held.find((one) => one.session === choice.session) || held.find((one) => biggest(one) >= 5) || held[0];
    const talks = session.conversations.filter((one) => pointsOf(one).length);
    if (!talks.length) return place.replaceChildren(empty("No request of this session that the page holds matches the filters."));
    const talk = talks.find((one) => one.agent === choice.agent) || talks[0];
    const points = pointsOf(talk);
    const pick = (name, list, value, label, onchange) => h("select", {name, onchange: (event) => onchange(event.target.value)},
      list.map((one) => h("option", {value: value(one), selected: one === session || one === talk}, label(one))));
    const kinds = kindsOf(talk, points);
    const prompts = points.map((at) => talk.prompt[at]), kept = points.map((at) => talk.kept_out[at]);
    const top = prompts.reduce((a, b) => Math.max(a, b), 0);
    const cuts = points.map((at, index) => [index, talk.cuts.includes(at)]).filter(([, cut]) => cut).map(([index]) => index);
    const fetched = points.map((at) => talk.recoveries[at]);
    const hasKept = kept.some(Boolean);
    const series = kinds.map((one) => ({...one, values: points.map((at) => talk.parts[one.kind][at])}));
    if (hasKept) series.push({label: "Kept out by folding", colour: "kept_out", isHatched: true, values: kept});
    const host = h("div", {id: "context-chart"});
    const facts = [`Largest prompt: ${short(top)} tokens`, cuts.length ? counted(cuts.length, "compaction") : null,
      hasKept ? `folding kept out up to ${short(kept.reduce((a, b) => Math.max(a, b)))}` : null,
      fetched.some(Boolean) ? `${counted(fetched.reduce((a, b) => a + b, 0), "call")} for folded lines` : null];
    place.replaceChildren(
      h("div", {class: "pickers"},
        h("label", {}, "Session shown", pick("shown-session", held, (one) => one.session, (one) => `${Data.sessionLabel(one.session)} · ${counted(one.requests, "request")}`,
          (value) => { choice.session = Number(value); choice.agent = ""; show("shown-session"); })),
        h("label", {}, "Conversation", pick("shown-agent", talks, (one) => one.agent, talkLabel, (value) => { choice.agent = value; show("shown-agent"); }))),
      h("p", {class: "lead"}, `Each bar is a request, divided into what its prompt was made of. ${facts.filter(Boolean).join(" · ")}.`,
        talk.requests > talk.number.length ? ` Drawn with ${exact(talk.number.length)} of its ${exact(talk.requests)} requests.` : ""),
      host,
      h("ul", {class: "legend"}, series.map((one) => h("li", {}, Charts.swatch(one), one.label)).reverse(),
        cuts.length ? h("li", {}, h("span", {class: "cut", "aria-hidden": "true"}), "compaction") : null,
        fetched.some(Boolean) ? h("li", {}, h("span", {"aria-hidden": "true", class: "fetched"}, "▼"), "folded lines fetched") : null),
      figures("context", "The chart as a table, by request", () => table("Tokens in each request's prompt, by what they are (estimates that sum to the prompt, which is as billed)",
        [{label: "Request", class: "text"}, {label: "When", class: "text"}, {label: "Prompt"}, ...series.map((one) => ({label: one.label})).reverse(), {label: "Output"}, {label: "Fetched"}],
        points.map((at, index) => [`${talk.number[at]}${cuts.includes(index) ? ", after a compaction" : ""}`, Data.time(talk.at[at]), exact(talk.prompt[at]),
          ...series.map((one) => exact(one.values[index])).reverse(), exact(talk.output[at]), talk.recoveries[at] ? counted(talk.recoveries[at], "call") : "–"]))));
    Charts.draw(host, {
      label: "Prompt tokens by request, stacked by what they are",
      unit: "Tokens of the prompt, request by request",
      labels: points.map((at) => `Request ${talk.number[at]} · ${Data.time(talk.at[at])}`),
      ticks: points.map((at) => String(talk.number[at])),
      tickWidth: 48, gapless: points.length > 40,
      series, format: short, axis: axisTokens,
      sums: (at) => [["Prompt", exact(prompts[at])], ["Output", exact(talk.output[points[at]])], ...(fetched[at] ? [["Fetched folded lines", counted(fetched[at], "call")]] : [])],
      marks: [...cuts.map((at) => ({place: at, colour: "bad", isLine: true})), ...fetched.flatMap((count, at) => (count ? [{place: at, colour: "recovered"}] : []))],
    });
  }

  /* The kinds that the points have, in the order of KINDS; more than their list has colours for are grey. */
  function kindsOf(talk, points) {
    const known = KINDS.map(([kind, label, colour]) => ({kind, label, colour: colour || kind}));
    for (const kind of Object.keys(talk.parts)) {
      if (!known.some((one) => one.kind === kind)) known.splice(-1, 0, {kind, label: kind, colour: "unknown"});
    }
    return known.filter((one) => talk.parts[one.kind] && points.some((at) => talk.parts[one.kind][at]));
  }

  // Most expensive loads

  function targetOf(load) {
    const folder = names.project[load[LOAD.project]], target = load[LOAD.target];
    return folder && target.startsWith(`${folder}/`) ? target.slice(folder.length + 1) : target;
  }

  function showLoads(loads) {
    const place = body("loads");
    if (!loads.length) return place.replaceChildren(all.loads.length ? nothing() : empty("No load is recorded: neither the ledger nor a transcript has one."));
    const list = [...loads].sort((a, b) => (b[LOAD.usd] === null ? -1 : b[LOAD.usd]) - (a[LOAD.usd] === null ? -1 : a[LOAD.usd]) || b[LOAD.tokens] - a[LOAD.tokens]);
    const most = Math.max(1, ...list.map((load) => load[LOAD.usd] || 0));
    const clipped = (text) => (text.length > 160 ? `${text.slice(0, 159)}…` : text);
    const line = (load) => [
      h("span", {}, h("span", {class: "tool"}, load[LOAD.tool] || "?"), h("span", {class: "target", title: load[LOAD.target]}, clipped(targetOf(load)) || "–")),
      h("button", {type: "button", class: "plain", title: `Show session ${names.session[load[LOAD.session]]}`, onclick: () => pickSession(load[LOAD.session])}, Data.time(load[LOAD.at])),
      load[LOAD.tier] && load[LOAD.tier] !== "complete" ? load[LOAD.tier] : "whole",
      short(load[LOAD.tokens]), load[LOAD.kept_out] ? short(load[LOAD.kept_out]) : "–", `× ${exact(load[LOAD.carriers])}`,
      load[LOAD.usd] === null ? "no price" : dollars(load[LOAD.usd] / Data.MICRO), track(load[LOAD.usd] || 0, most)];
    const note = all.loads_total > all.loads.length ? ` Of ${exact(all.loads_total)} loads the page holds the ${exact(all.loads.length)} dearest of all, of each project and of each newest session.` : "";
    long(place, "loads", list, (part) => [
      h("p", {class: "lead"}, `What a file or an output cost in all requests that carried it: written to the cache once, read from it again with each later request. Estimates.${note}`),
      scroll("Most expensive loads", table({text: "Most expensive loads", isHidden: true},
        [{label: "Load", class: "name"}, {label: "When", class: "text wide"}, {label: "Shown", class: "text wide"}, {label: "Tokens"}, {label: "Kept out", class: "wide"}, {label: "Requests", class: "wide"}, {label: "Cost"}, {label: "", class: "bar wide"}],
        part.map(line)))], "loads");
  }

  function pickSession(place) {
    choice.session = place;
    choice.agent = "";
    Filters.pickSession(place);
    byId("context").scrollIntoView({block: "start"});
  }

  // Savings

  function showSavings(rows, saved, spend, sum) {
    const place = body("savings");
    if (!rows.length) return place.replaceChildren(all.savings.length ? nothing() : empty("No load went through Trimtab's hooks in this history, so nothing was saved."));
    const steps = [["Loaded", saved.loaded, "control", `tokens in ${counted(saved.loads, "load")}`], ["Shown", saved.shown, "read", percent(saved.shown, saved.loaded)],
      ["Fetched later", saved.fetched, "fetched", counted(saved.recoveries, "recovery", "recoveries")],
      ["Added by Trimtab", saved.added, "added", percent(saved.added, saved.loaded)], ["Net saved", saved.net, "saved", percent(saved.net, saved.loaded)]];
    const size = choice.period || sizeFor(spend.length ? spend : rows);
    const periods = Data.periods(rows, size).map((one) => ({...one, sum: Data.savingTotals(one.rows)}));
    const worth = saved.usd === null ? "No request with a known price carried it, so it has no price."
      : `Worth ${dollars(saved.usd)}: ${percent(saved.usd, saved.usd + (sum.allUsd || 0))} of what the same requests would have cost without Trimtab.`;
    const host = h("div", {id: "savings-chart"});
    const series = [
      {label: "Kept out by folding", colour: "saved", values: periods.map((one) => one.sum.loaded - one.sum.shown)},
      {label: "Fetched later after all", colour: "fetched", isDown: true, values: periods.map((one) => -one.sum.fetched)},
      {label: "Added by Trimtab", colour: "added", isDown: true, values: periods.map((one) => -one.sum.added)}];
    place.replaceChildren(
      h("div", {class: "flow"}, steps.flatMap(([label, tokens, colour, remark], index) => {
        const last = index === steps.length - 1 ? " last" : "";
        return [h("span", {class: last}, label), h("span", {class: `amount${last}`}, exact(tokens)), track(tokens, saved.loaded, colour), h("span", {class: "quiet small"}, remark)];
      })),
      h("p", {class: "lead"}, h("strong", {}, worth), " ", h("span", {id: "method"},
        "Method: a folded token, if the transcript shows our view, saves one cache write and one cache read per later request that would have carried it; subtracted are what was fetched after all, with its extra request, and what Trimtab added.")),
      host,
      h("ul", {class: "legend"}, series.map((one) => h("li", {}, Charts.swatch(one), one.label))),
      figures("savings", `The chart as a table, by ${size}`, () => table(`Tokens (o200k_base) by ${size}`,
        [{label: "Period", class: "text"}, ...["Loaded", "Shown", "Fetched later", "Added", "Net saved", "Worth"].map((label) => ({label}))],
        periods.map((one) => [Data.periodLabel(one.start, size), ...["loaded", "shown", "fetched", "added", "net"].map((name) => exact(one.sum[name])), one.sum.loads || one.sum.added ? cost(one.sum.usd) : "–"]).reverse())));
    Charts.draw(host, {
      label: `Tokens saved by ${size}, less those fetched later and added`,
      unit: `Tokens a ${size}; what was fetched or added counts against the saving`,
      labels: periods.map((one) => Data.periodLabel(one.start, size)),
      ticks: periods.map((one) => tickOf(one.start, size)),
      series, format: short, axis: axisTokens,
      sums: (at) => [["Net saved", `${short(periods[at].sum.net)} tokens`], ...(periods[at].sum.usd === null ? [] : [["Worth", dollars(periods[at].sum.usd)]])],
    });
  }

  // Messages between agents

  function showMail(rows) {
    const place = body("mail");
    if (!rows.length) return place.replaceChildren(all.mail.length ? nothing() : empty("No message between agents went through Trimtab's hooks in this history."));
    const pairs = [...Data.grouped(rows, (row) => `${row[MAIL.sender]} ${row[MAIL.receiver]}`).values()].map((group) => ({
      name: `${names.group[group[0][MAIL.sender]]} → ${names.group[group[0][MAIL.receiver]]}`, sum: Data.mailTotals(group)}));
    pairs.sort((a, b) => b.sum.net - a.sum.net || b.sum.before - a.sum.before);
    const sum = Data.mailTotals(rows), most = Math.max(...pairs.map((one) => one.sum.net));
    const line = (name, one, last) => [name, exact(one.messages), exact(one.before), exact(one.after), exact(one.fetched), exact(one.added),
      exact(one.net), one.before > one.after || one.added ? cost(one.usd) : "–", last];
    place.replaceChildren(
      h("p", {class: "lead"}, "Who wrote to whom: before is what the client would have sent, after what was shown. Fetched is what was read of it again, added what agents are told of their reports when they start; net saved is what is left, in o200k_base tokens."),
      scroll("Messages by pair of groups", table({text: "Messages by pair of groups", isHidden: true},
        [{label: "From → to", class: "name"}, {label: "Messages", class: "wide"}, {label: "Before"}, {label: "After"}, {label: "Fetched later", class: "wide"}, {label: "Added", class: "wide"},
          {label: "Net saved"}, {label: "Worth", class: "wide"}, {label: "", class: "bar wide"}],
        pairs.map((one) => line(one.name, one.sum, track(one.sum.net, most, "saved"))), line("All", sum, ""))));
  }

  // Budgets and alerts

  function showBudgets(budgets) {
    const amount = (budget, figure) => (budget.unit === "USD" ? dollars(figure) : `${short(figure)} ${budget.unit}`);
    const line = (budget) => {
      const share = budget.limit > 0 ? budget.used / budget.limit : budget.used > 0 ? Infinity : 0;
      const tone = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "good";
      const spent = h("i", {}), forecast = budget.forecast === null ? null : h("i", {class: "forecast"});
      spent.style.width = `${Math.min(100, 100 * share)}%`;
      if (forecast) forecast.style.width = `${Math.min(100, 100 * budget.forecast / (budget.limit || 1))}%`;
      const period = budget.last_day === null ? `since ${Data.date(budget.first_day)}` : `${Data.date(budget.first_day)} – ${Data.date(budget.last_day)}`;
      const words = `${amount(budget, budget.used)} of ${amount(budget, budget.limit)}`;
      return h("li", {}, h("div", {class: "row"}, h("strong", {}, budget.name), h("span", {}, words)),
        h("div", {class: `meter ${tone}`, role: "meter", "aria-label": budget.name, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.min(100, Math.round(100 * share)), "aria-valuetext": `${words}, ${percent(share, 1)}`}, forecast, spent),
        h("div", {class: "row small quiet"}, h("span", {class: tone === "good" ? null : tone}, `${percent(share, 1)} used${share >= 1 ? ": used up" : ""}`),
          budget.forecast === null ? null : h("span", {}, `forecast ${amount(budget, budget.forecast)}`), h("span", {}, period)));
    };
    body("budgets").replaceChildren(budgets.length ? h("ul", {class: "list"}, budgets.map(line))
      : empty(all.budgets.length ? "No budget matches the filters." : "No budget is set."));
  }

  function showAlerts(alerts) {
    const tone = {critical: "bad", error: "bad", warning: "warn"};
    const line = (alert) => h("li", {}, h("div", {class: "row"},
      h("span", {class: `level ${(alert.state === "stands" && tone[alert.level]) || "quiet"}`}, alert.level, alert.state === "stands" ? null : h("span", {class: "quiet"}, alert.state === "gone" ? " · gone by now" : " · acknowledged")), h("span", {class: "small quiet"}, Data.time(alert.at))),
      h("div", {}, alert.message), h("div", {class: "small quiet"}, alert.source));
    if (!alerts.length) return body("alerts").replaceChildren(empty(all.alerts.length ? "No alert matches the filters." : "No alert was raised."));
    long(body("alerts"), "alerts", alerts, (part) => [h("ul", {class: "list"}, part.map(line))], "alerts");
  }

  function showNotes() {
    body("notes").replaceChildren(h("ul", {}, [
      `Days and times are of ${all.zone}. Everything here was recorded when the page was written; it does not change by itself.`,
      "Tokens of requests are counts, as billed, each response once. How a context divides, what a load cost and what folding saved are estimates.",
      "A cost is as the price list says for each class and model; a model that it does not have shows “no price” and is in no sum of money.",
      "Filters by project and time hold for everything; budgets and alerts are of whole projects, so a model does not narrow them.",
      ...all.notes].map((note) => h("li", {}, note))));
  }

  const nothing = () => (all.spend.length ? empty("Nothing matches the filters.") : empty("No request is recorded yet: use the client for a while, then make the page again."));
  /* Everything, of what the filters leave. `focus` names a control of a part that is made anew. */
  function show(focus) {
    const was = document.activeElement;
    const again = was && was.type === "radio" && was.closest("section") ? `input[name="${was.name}"][value="${was.value}"]` : null;
    Filters.showSessions();
    const rows = Data.spend(filter), sum = Data.totals(rows);
    const savings = Data.savings(filter), saved = Data.savingTotals(savings);
    const alerts = Data.alerts(filter), budgets = Data.budgets(filter);
    showTiles(sum, saved, alerts, budgets);
    showSpend(rows, sum);
    showSplit(rows, sum);
    showContext(rows);
    Standing.show(Data.standings(filter));
    showLoads(Data.loads(filter));
    showSavings(savings, saved, rows, sum);
    showMail(Data.mail(filter));
    showBudgets(budgets);
    showAlerts(alerts);
    byId("shown").textContent = `Shown: ${counted(sum.requests, "request")}, ${exact(sum.allTokens)} tokens, ${cost(sum.allUsd)}.`;
    const control = again ? document.querySelector(again) : focus ? document.querySelector(`[name="${focus}"]`) : null;
    if (control) control.focus();
  }

  // Colours

  function kept(theme) {
    try {
      if (theme === undefined) return localStorage.getItem("trimtab-theme");
      localStorage.setItem("trimtab-theme", theme);
    } catch { /* a browser that keeps nothing for files: the choice lasts until the page is closed */ }
    return null;
  }

  function setTheme(theme) {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    Charts.redraw();
  }

  function begin() {
    const theme = ["light", "dark"].includes(kept()) ? kept() : "system";
    setTheme(theme);
    radios(byId("theme"), "theme", "Colours", [["system", "Auto"], ["light", "Light"], ["dark", "Dark"]], theme, (key) => { kept(key); setTheme(key); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Charts.redraw());
    byId("about").textContent = `${all.scope ? `${all.scope} · ` : ""}${all.spend.length ? `${Data.date(Data.firstDay)} – ${Data.date(Data.lastDay)} · ` : ""}written ${Data.time(all.generated_at)}, ${all.zone}`;
    Filters.begin(show);
    showNotes();
    show();
  }

  begin();
})();
