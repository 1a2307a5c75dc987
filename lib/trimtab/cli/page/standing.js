"use strict";
/* What sessions begin with: the parts of a project's recorded first request, by `trimtab audit`. */
const Standing = (() => {
  const {all} = Data;
  const {h, body, empty, table, scroll, track, long} = Elements;
  const {exact, short, dollars, cost, percent, counted} = Data;
  const PART = {group: 0, name: 1, owner: 2, tokens: 3, usd: 4, used: 5, had: 6, last: 7};

  const usd = (part) => (part[PART.usd] === null ? null : part[PART.usd] / Data.MICRO);
  const sum = (parts, of) => parts.reduce((total, part) => total + of(part), 0);
  const tokens = (parts) => sum(parts, (part) => part[PART.tokens]);
  const spent = (parts) => (parts.some((part) => part[PART.usd] !== null) ? sum(parts, (part) => usd(part) || 0) : null);

  function used(one, part) {
    if (!one.requests) return "–";
    if (part[PART.used] === null) return "not known";
    if (!part[PART.used] && !part[PART.had]) return "new: no session had it";
    return part[PART.used] ? `${counted(part[PART.used], "time")}, last ${Data.date(Math.floor(part[PART.last] / Data.DAY_S))}` : `never in ${counted(part[PART.had], "session")}`;
  }

  function lead(one, others) {
    const never = one.parts.filter((part) => part[PART.used] === 0 && part[PART.had]);
    const billed = one.first_tokens === null ? "" : ` Sessions began with ${exact(one.first_tokens)} tokens, billed (median, their own prompts included).`;
    const price = one.requests ? ` In the ${exact(one.days)} days before, ${counted(one.requests, "request")} of ${counted(one.sessions, "session")} carried what each began with: ${cost(one.usd)}.` : "";
    const waste = one.requests && never.length ? ` Never used: ${exact(tokens(never))} tokens, ${cost(spent(never))}.` : "";
    const rest = others ? ` ${counted(others, "other project")} has an audit: choose one above.`.replace("projects has", "projects have") : "";
    return h("p", {class: "lead"}, h("strong", {title: one.project}, one.project), `: ${one.is_billed ? "" : "about "}${exact(tokens(one.parts))} tokens of ${one.model} (${one.is_billed ? "billed; how they divide is an estimate" : "an estimate"}; ${Data.time(one.at)}, client ${one.client}).${billed}${price}${waste}${rest}`);
  }

  function groups(one) {
    const found = [...Data.grouped(one.parts, (part) => part[PART.group])].map(([name, parts]) => ({name, parts, tokens: tokens(parts)}));
    found.sort((a, b) => b.tokens - a.tokens);
    const whole = tokens(one.parts);
    return scroll("What sessions begin with, by group", table({text: "What sessions begin with, by group", isHidden: true},
      [{label: "Group", class: "name"}, {label: "Parts", class: "wide"}, {label: "Tokens"}, {label: "of all", class: "wide"}, {label: "Cost"}, {label: "", class: "bar wide"}],
      found.map((group) => [group.name, exact(group.parts.length), exact(group.tokens), percent(group.tokens, whole), one.requests ? cost(spent(group.parts)) : "–", track(group.tokens, found[0].tokens, "standing")]),
      ["All", exact(one.parts.length), exact(whole), "", one.requests ? cost(spent(one.parts)) : "–", ""], "groups"));
  }

  function line(one, part, most) {
    const owner = part[PART.owner];
    const clipped = (text) => (text.length > 100 ? `…${text.slice(-99)}` : text);
    return [h("span", {}, h("span", {class: "target", title: part[PART.name]}, clipped(part[PART.name])), " ", h("span", {class: "small quiet", title: owner}, clipped(owner))),
      h("span", {}, part[PART.group]), short(part[PART.tokens]), one.requests ? (usd(part) === null ? "no price" : dollars(usd(part))) : "–", used(one, part), track(part[PART.tokens], most, "standing")];
  }

  function show(found) {
    const place = body("standing");
    if (!found.length) return place.replaceChildren(empty(all.standings.length ? "No audit matches the filters." : "No audit is kept: `trimtab audit` makes one of the project that it is run in."));
    const one = found.reduce((newest, other) => (other.at > newest.at ? other : newest));
    const host = h("div", {}), most = Math.max(1, ...one.parts.map((part) => part[PART.tokens]));
    place.replaceChildren(lead(one, found.length - 1), groups(one), host);
    long(host, "parts", one.parts, (parts) => [h("p", {class: "lead"}, "Every part, the largest first; who brings it is beside its name."), scroll("Parts, the largest first", table({text: "Parts, the largest first", isHidden: true},
      [{label: "Part", class: "name"}, {label: "Group", class: "text wide"}, {label: "Tokens"}, {label: "Cost"}, {label: "Used", class: "text"}, {label: "", class: "bar wide"}],
      parts.map((part) => line(one, part, most)), null, "parts"))], "parts");
    return undefined;
  }

  return {show};
})();
