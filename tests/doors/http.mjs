// A client of the public routes that keeps its connections, and a reader of the event stream. Both say what they heard
// and judge nothing.

import { Agent, request } from "node:http";

/** Over TCP with a key. `sockets` is how many requests may be under way. */
export class Client {
  constructor(address, key, sockets = 1) {
    const { hostname, port } = new URL(address);
    this.target = { hostname, port, headers: { authorization: `Bearer ${key}` } };
    this.agent = new Agent({ keepAlive: true, maxSockets: sockets });
  }

  /** The status and the JSON of the answer; milliseconds from sending to its last byte. */
  ask(method, path, body) {
    return new Promise((done, fail) => {
      const begun = performance.now();
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = { ...this.target.headers };
      if (text !== undefined) headers["content-type"] = "application/json";
      const call = request({ ...this.target, headers, agent: this.agent, method, path }, async (answer) => {
        let told = "";
        for await (const piece of answer.setEncoding("utf8")) told += piece;
        done({
          status: answer.statusCode,
          body: told === "" ? null : JSON.parse(told),
          took: performance.now() - begun,
        });
      });
      call.on("error", fail);
      call.end(text);
    });
  }

  async rpc(operation, body = {}) {
    const { status, body: answer } = await this.ask("POST", `/rpc/${operation}`, body);
    if (status !== 200) throw new Error(`${operation}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  close() {
    this.agent.destroy();
  }
}

/** Opens the event stream and calls `onEvent(id, data)` for each; resolves once it is open, to what closes it. */
export function listen(address, key, query, onEvent, lastId) {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(address);
    const headers = {
      authorization: `Bearer ${key}`,
      ...(lastId === undefined ? {} : { "last-event-id": `${lastId}` }),
    };
    const call = request({ hostname, port, headers, path: `/api/events${query}`, agent: false }, (answer) => {
      if (answer.statusCode !== 200) return fail(new Error(`the stream was refused: ${answer.statusCode}`));
      let rest = "";
      answer.setEncoding("utf8").on("data", (piece) => {
        const frames = (rest + piece).split("\n\n");
        rest = frames.pop();
        for (const frame of frames) {
          const field = (name) =>
            frame
              .split("\n")
              .find((line) => line.startsWith(`${name}: `))
              ?.slice(name.length + 2);
          if (field("data") !== undefined) onEvent(Number(field("id")), JSON.parse(field("data")));
        }
        done({ close: () => call.destroy() });
      });
      answer.on("error", () => {});
    });
    call.on("error", fail);
    call.end();
  });
}
