"use strict";
/* What the page is built of. Text gets in as text only: names of files and models may hold anything. */
const Elements = (() => {
  const ROWS = 10, MOST_ROWS = 500;
  const opened = new Set();  // the tables and lists that stay open when the page is built anew

  /* An element with attributes and children; texts become text nodes. */
  function h(name, attributes, ...children) {
    const found = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) found.addEventListener(key.slice(2), value);
      else if (key.startsWith("--")) found.style.setProperty(key, value);
      else found.setAttribute(key, value === true ? "" : String(value));
    }
    found.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return found;
  }

  const body = (section) => document.querySelector(`#${section} .body`);
  const empty = (text) => h("p", {class: "empty"}, text);

  /* Radio buttons that look like one switch. `pairs` are [value, label]. */
  function radios(host, name, legend, pairs, value, onchange) {
    host.append(h("fieldset", {class: "choice"}, h("legend", {class: "hidden"}, legend), pairs.map(([key, label]) =>
      h("label", {}, h("input", {type: "radio", name, value: key, checked: key === value, onchange: () => onchange(key)}), label))));
  }

  /* A table of texts or elements. Columns are {label, class}; the first cell of a row names it. */
  function table(caption, columns, rows, foot, classes) {
    const cells = (row, tag) => row.map((cell, place) =>
      h(place === 0 ? "th" : tag, {scope: place === 0 ? "row" : null, class: columns[place].class}, cell));
    return h("table", {class: classes},
      h("caption", {class: caption.isHidden ? "hidden" : null}, caption.text || caption),
      h("thead", {}, h("tr", {}, columns.map((column) => h("th", {scope: "col", class: column.class}, column.label)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells(row, "td")))),
      foot ? h("tfoot", {}, h("tr", {}, cells(foot, "td"))) : null);
  }

  const scroll = (label, ...children) => h("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": label}, ...children);

  /* A chart's figures as a table, made when it is opened. */
  function figures(key, label, make) {
    const found = h("details", {open: opened.has(key)}, h("summary", {}, label));
    const fill = () => found.open && found.children.length === 1 && found.append(scroll(label, make()));
    found.addEventListener("toggle", () => {
      if (found.open) opened.add(key); else opened.delete(key);
      fill();
    });
    fill();
    return found;
  }

  const track = (part, whole, colour) => h("span", {class: "track", "--swatch": colour ? `var(--${colour})` : null, "aria-hidden": "true"},
    whole > 0 && part > 0 ? bar(100 * part / whole) : null);
  function bar(width) {
    const found = h("i", {});
    found.style.width = `${Math.max(1, Math.min(100, width))}%`;
    return found;
  }

  /* The first rows of a list and a button for the others. */
  function long(place, key, list, draw, noun) {
    const isOpen = opened.has(`all ${key}`);
    place.replaceChildren(...draw(isOpen ? list.slice(0, MOST_ROWS) : list.slice(0, ROWS)).filter(Boolean));
    if (list.length <= ROWS) return;
    const text = isOpen ? "Show fewer" : list.length > MOST_ROWS ? `Show ${MOST_ROWS} of ${Data.exact(list.length)} ${noun}` : `Show all ${Data.exact(list.length)} ${noun}`;
    place.append(h("button", {type: "button", class: "more", "aria-expanded": isOpen ? "true" : "false", onclick: () => {
      if (isOpen) opened.delete(`all ${key}`); else opened.add(`all ${key}`);
      long(place, key, list, draw, noun);
      place.querySelector(".more").focus();
    }}, text));
  }

  return {h, body, empty, radios, table, scroll, figures, track, long};
})();
