// Elements without HTML text: what a name holds can never become markup.

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria") && name !== "list" && name !== "role") element[name] = value;
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z",
  undo: "M9 6 4 11l5 5v-3.6c5.2-.6 8.6.8 11 4.6-.6-5.6-4-9.400-11-9.800z",
  redo: "M15 6l5 5-5 5v-3.600c-5.200-.6-8.600.8-11 4.600.6-5.600 4-9.400 11-9.800z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  minus: "M5 11h14v2H5z",
  fit: "M4 5h2v14H4zM18 5h2v14h-2zM7 12l3.500-3.500V11h3V8.500L17 12l-3.500 3.500V13h-3v2.500z",
  pencil: "M4 16.500V20h3.500L18 9.500 14.500 6zM15.600 4.900l3.500 3.500 1.300-1.300a1 1 0 0 0 0-1.400l-2.100-2.100a1 1 0 0 0-1.400 0z",
  export: "M11 4h2v8.200l3-3 1.400 1.400L12 16l-5.400-5.400L8 9.200l3 3zM5 18h14v2H5z",
  theme: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2a7 7 0 0 1 0 14z",
  help: "M11 17h2v2h-2zM12 5a4 4 0 0 0-4 4h2a2 2 0 1 1 3 1.700c-1.300.8-2 1.700-2 3.300h2c0-.9.3-1.300 1.200-1.900A4 4 0 0 0 12 5z",
  trash: "M9 4h6v2h5v2H4V6h5zM6 9h12l-1 11H7z",
  cut: "M11 3h2v18h-2zM3 8h6v8H3zM15 8h6v8h-6z",
  check: "M9.500 18.500 3.500 12.500 5.300 10.700l4.200 4.200 9.200-9.200 1.800 1.800z",
  solo: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 20c.5-4 3.500-6 8-6s7.500 2 8 6z",
  file: "M6 3h8l5 5v13H6z",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

// A button with a picture and a name; `text` shows the name as well.
export function button(name, picture, run, { text = false, ...more } = {}) {
  const content = [picture && icon(picture), text ? h("span", {}, text === true ? name : text) : null];
  const naming = text ? { title: more.title ?? name } : { title: name, "aria-label": name };
  return h("button", { type: "button", class: text ? "button" : "button round", onclick: run, ...naming, ...more }, content);
}
