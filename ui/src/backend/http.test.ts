import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { httpBackend } from "./http";

beforeEach(() => void vi.stubGlobal("location", { protocol: "http:", host: "127.0.0.1:7000" }));
afterEach(() => void vi.unstubAllGlobals());

function answering(status: number, body: unknown) {
  const fetch = vi.fn(async () => new Response(body === undefined ? "oops" : JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

test("an operation is a POST of its request under its snake-case name", async () => {
  const fetch = answering(200, { id: 7 });
  expect(await httpBackend().moveTask({ id: 7, column: "done" })).toEqual({ id: 7 });
  const [path, options] = fetch.mock.calls[0] as unknown as [string, RequestInit];
  expect(path).toBe("/rpc/move_task");
  expect(options.method).toBe("POST");
  expect(options.body).toBe('{"id":7,"column":"done"}');
});

test("the engine's problem is thrown as it came", async () => {
  const problem = { code: "conflict", message: "Somebody was faster.", next: null };
  answering(409, problem);
  await expect(httpBackend().getTask({ id: 1 })).rejects.toEqual(problem);
});

test("an answer without a problem in it says what it was", async () => {
  answering(502, undefined);
  await expect(httpBackend().getTask({ id: 1 })).rejects.toMatchObject({ code: "internal", message: /502/ });
  answering(401, undefined);
  await expect(httpBackend().getTask({ id: 1 })).rejects.toMatchObject({ code: "unauthorized" });
});

test("a silent engine is named with the next step", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("failed to fetch");
  });
  await expect(httpBackend().getTask({ id: 1 })).rejects.toMatchObject({
    code: "unavailable",
    next: /flightboard serve/,
  });
});

test("a browser opens harmless links only, and no folders", async () => {
  const open = vi.fn();
  vi.stubGlobal("window", { open });
  await httpBackend().openUrl("https://example.org/");
  expect(open).toHaveBeenCalledWith("https://example.org/", "_blank", "noopener,noreferrer");
  await expect(httpBackend().openUrl("javascript:alert(1)")).rejects.toMatchObject({ code: "invalid" });
  await expect(httpBackend().openPath("/etc")).rejects.toMatchObject({ code: "unavailable" });
});

class FakeSocket {
  static all: FakeSocket[] = [];
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  readyState = 0;
  sent: unknown[] = [];
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(data: unknown) {
    this.sent.push(data);
  }
  close() {
    this.onclose?.();
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
}

function sockets() {
  FakeSocket.all = [];
  vi.stubGlobal("WebSocket", FakeSocket);
  return FakeSocket.all;
}

test("after a gap the listener hears that events were missed", async () => {
  vi.useFakeTimers();
  answering(200, {});
  const all = sockets();
  const events: unknown[] = [];
  const states: string[] = [];
  const stop = httpBackend().subscribe({ onEvent: (e) => events.push(e), onConnection: (s) => states.push(s) });
  all[0]?.open();
  expect(events).toEqual([]);
  all[0]?.close();
  await vi.advanceTimersByTimeAsync(300);
  all[1]?.open();
  expect(events).toEqual([{ type: "resync" }]);
  expect(states).toEqual(["connecting", "connected", "connecting", "connecting", "connected"]);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(all, "nobody listens any more").toHaveLength(2);
  vi.useRealTimers();
});

test("an ended session is not knocked at again", async () => {
  vi.useFakeTimers();
  answering(401, { code: "unauthorized", message: "over", next: null });
  const all = sockets();
  const states: string[] = [];
  const stop = httpBackend().subscribe({ onEvent: () => {}, onConnection: (s) => states.push(s) });
  all[0]?.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(states.at(-1)).toBe("ended");
  expect(all).toHaveLength(1);
  stop();
  vi.useRealTimers();
});

test("what is typed before the terminal is open is sent when it is", () => {
  const all = sockets();
  const closed: unknown[] = [];
  const handlers = {
    onOutput() {},
    onReset() {},
    onSize() {},
    onExited() {},
    onEarlier() {},
    onClosed: (p: unknown) => closed.push(p),
  };
  const link = httpBackend().openTerminal(5, { cols: 80, rows: 24 }, handlers);
  link.input("ls\r");
  link.ack(10);
  expect(all[0]?.url).toMatch(/\/terminal\/5\?cols=80&rows=24$/);
  expect(all[0]?.sent).toEqual([]);
  all[0]?.open();
  expect(all[0]?.sent).toEqual([new TextEncoder().encode("ls\r"), '{"ack":10}']);
  link.close();
  expect(closed).toEqual([null]);
});
