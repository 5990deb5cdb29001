// Runs before every test file: takes the rendered tree away afterwards and fills in the browser
// parts that jsdom does not have.
import { afterEach } from "vitest";

afterEach(async () => {
  if (typeof window !== "undefined") (await import("@testing-library/react")).cleanup();
});

if (typeof window !== "undefined") {
  fillIn();
  // A busy machine is slow, not wrong.
  const { configure } = await import("@testing-library/react");
  configure({ asyncUtilTimeout: 10_000 });
}

function fillIn(): void {
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  const nothing = () => {};
  const media = {
    matches: false,
    addEventListener: nothing,
    removeEventListener: nothing,
    addListener: nothing,
    removeListener: nothing,
  };
  globalThis.matchMedia ??= (query: string) => ({ ...media, media: query }) as unknown as MediaQueryList;
  window.scrollTo = nothing as typeof window.scrollTo;
  Element.prototype.scrollIntoView ??= nothing;
  Element.prototype.hasPointerCapture ??= () => false;
}
