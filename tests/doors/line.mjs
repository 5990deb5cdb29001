// One client of the public routes on a connection of its own, as cheap as it can be: where many clients load a server
// on the same machine, node's own client would use as much of the processor as the server does, and three times as
// much as this one. It understands what our server sends, an answer with its length, and fails on anything else.

import { createConnection } from "node:net";

const END_OF_HEAD = "\r\n\r\n";

export class Line {
  /** Over TCP with a key; one request at a time. */
  constructor(address, key) {
    const { host, hostname, port } = new URL(address);
    this.always = `HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\n`;
    this.heard = undefined;
    this.waiting = undefined;
    this.socket = createConnection({ host: hostname, port: Number(port), noDelay: true });
    this.socket.on("data", (piece) => this.hear(piece));
    this.socket.on("error", (error) => this.fail(error));
    this.socket.on("close", () => this.fail(new Error("the server hung up")));
  }

  /** The status and the JSON of the answer; milliseconds from sending to its last byte. */
  ask(method, path, body) {
    return new Promise((done, fail) => {
      const begun = performance.now();
      this.waiting = { done: (answer) => done({ ...answer, took: performance.now() - begun }), fail };
      const text = body === undefined ? "" : JSON.stringify(body);
      const of =
        body === undefined ? "" : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
      this.socket.write(`${method} ${path} ${this.always}${of}\r\n${text}`);
    });
  }

  hear(piece) {
    this.heard = this.heard === undefined ? piece : Buffer.concat([this.heard, piece]);
    const begins = this.heard.indexOf(END_OF_HEAD) + END_OF_HEAD.length;
    if (begins < END_OF_HEAD.length) return;
    const head = this.heard.latin1Slice(0, begins);
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
    if (length === undefined) return this.fail(new Error(`an answer without its length: ${head}`));
    const ends = begins + Number(length);
    if (this.heard.length < ends) return;
    if (this.heard.length > ends) return this.fail(new Error("more was answered than was asked"));
    const text = this.heard.utf8Slice(begins, ends);
    const { done } = this.waiting;
    this.heard = undefined;
    this.waiting = undefined;
    done({ status: Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length)), body: JSON.parse(text || "null") });
  }

  fail(error) {
    this.waiting?.fail(error);
    this.waiting = undefined;
  }

  close() {
    this.socket.destroy();
  }
}
