// Picks the backend for this page: the window's, the browser's, or (development builds only) the fake.
import type { Backend } from "./backend";

const MAY_FAKE = import.meta.env.DEV || import.meta.env.MODE === "fake";

export async function chooseBackend(): Promise<Backend> {
  const fake = new URLSearchParams(location.search).get("fake");
  if (MAY_FAKE && fake !== null) return (await import("./fake")).fakeBackend({ scene: fake });
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).tauriBackend();
  return (await import("./http")).httpBackend();
}
