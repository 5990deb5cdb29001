// What the board's benchmark runs inside the page.

/** The page's own mark, in milliseconds since the epoch; false until it is there. */
export const MARKED = `
  const [mark] = performance.getEntriesByName("board");
  return mark ? performance.timeOrigin + mark.startTime : false;`;

export const COUNT = `
  const all = document.createNodeIterator(document, NodeFilter.SHOW_ALL);
  let nodes = 0;
  while (all.nextNode()) nodes += 1;
  return {
    nodes,
    elements: document.querySelectorAll("*").length,
    faces: document.querySelectorAll("[data-card]").length,
    viewport: innerWidth + " × " + innerHeight,
  };`;

export const IDLE = `
  const [count, done] = arguments;
  const frames = [];
  let last;
  requestAnimationFrame(function frame(now) {
    if (last !== undefined) frames.push(now - last);
    last = now;
    if (frames.length < count) requestAnimationFrame(frame);
    else done(frames);
  });`;

// Down the longest column in steps of a quick wheel, and back again from its end.
export const SCROLL = `
  const [count, done] = arguments;
  const columns = [...document.querySelectorAll('[role="listbox"]')];
  const column = columns.sort((a, b) => b.scrollHeight - a.scrollHeight)[0];
  const frames = [];
  let last;
  let step = 120;
  requestAnimationFrame(function frame(now) {
    if (last !== undefined) frames.push(now - last);
    last = now;
    const before = column.scrollTop;
    column.scrollTop += step;
    if (column.scrollTop === before) step = -step;
    if (frames.length < count) return void requestAnimationFrame(frame);
    column.scrollTop = 0;
    done(frames);
  });`;

// Frames count from the moment when the card is off the ground until it is let go.
export const RECORD = `
  window.dragFrames = [];
  let last;
  let over = false;
  addEventListener("pointerup", () => { over = true; }, { capture: true, once: true });
  requestAnimationFrame(function frame(now) {
    if (over) return;
    const lifted = document.querySelector('[class*="lifted"]') !== null;
    if (lifted && last !== undefined) window.dragFrames.push(now - last);
    last = lifted ? now : undefined;
    requestAnimationFrame(frame);
  });`;
