(height) => {
  const found = [], seen = (color) => color && color !== "rgba(0, 0, 0, 0)";
  const keep = (box) => box.width > 1 && box.height > 1 && box.top < height;
  for (const element of document.querySelectorAll("body, body *")) {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    if (!keep(box) || style.visibility === "hidden") continue;
    const fill = element instanceof SVGElement ? style.fill : style.backgroundColor;
    const shape = element.tagName, border = style.borderTopWidth !== "0px" && style.borderLeftWidth !== "0px" && style.borderTopColor;
    const drawn = ["svg", "title", "path", "line", "text", "circle"].includes(shape);
    if (!drawn && (seen(fill) || border)) {
      const round = parseFloat(style.borderTopLeftRadius) || 0;
      found.push({ box: [box.left, box.top, box.width, box.height], fill: seen(fill) ? fill : "none", stroke: border || "none", round });
    }
    if (parseFloat(style.borderLeftWidth) > 4) found.push({ box: [box.left, box.top, 8, box.height], fill: style.borderLeftColor, stroke: "none", round: 4 });
    for (const node of element.childNodes) {
      if (node.nodeType !== 3 || !node.data.trim() || ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(shape)) continue;
      const range = document.createRange(); let line = null;
      for (let at = 0; at < node.length; at += 1) {
        range.setStart(node, at); range.setEnd(node, at + 1);
        const place = range.getBoundingClientRect();
        if (!place.width || place.top > height) continue;
        if (line && Math.abs(line.top - place.top) < 2) line.text += node.data[at];
        else { line = { top: place.top, left: place.left, bottom: place.bottom, text: node.data[at], turned: style.writingMode.startsWith("vertical"), size: parseFloat(style.fontSize), color: element instanceof SVGElement ? style.fill : style.color, weight: style.fontWeight, mono: /mono/i.test(style.fontFamily) }; if (!line.turned) found.push(line); }
      }
    }
  }
  return found;
}
