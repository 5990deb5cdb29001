// GitHub's issues of one repository, kim/harbor, on loopback: pages with a link to the next, edits by PATCH, and a
// refusal for whoever has no key.

import { once } from "node:events";
import { createServer } from "node:http";

export const KEY = "ghp_story";
/** Smaller than is asked for, so that there are several pages. */
const PAGE = 2;
const PATH = "/repos/kim/harbor/issues";

export async function startGithub() {
  const issues = new Map();
  const server = createServer(async (request, answer) => {
    const say = (status, body, headers = {}) => {
      answer.writeHead(status, { "content-type": "application/json", ...headers });
      answer.end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${KEY}`) return say(401, { message: "Bad credentials" });
    const url = new URL(request.url, github.address);
    if (!url.pathname.startsWith(PATH)) return say(404, { message: "Not Found" });
    if (request.method === "GET") {
      const page = Number(url.searchParams.get("page") ?? 1);
      const all = [...issues.values()];
      const next = `<${github.address}${PATH}?state=all&page=${page + 1}>; rel="next"`;
      return say(200, all.slice((page - 1) * PAGE, page * PAGE), all.length > page * PAGE ? { link: next } : {});
    }
    let body = "";
    for await (const part of request) body += part;
    const issue = issues.get(Number(url.pathname.slice(PATH.length + 1)));
    const { labels, ...rest } = JSON.parse(body);
    Object.assign(issue, rest, labels && { labels: labels.map((name) => ({ name })) });
    say(200, issue);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const github = {
    address: `http://127.0.0.1:${server.address().port}`,
    put: (number, title, labels = [], state = "open") =>
      issues.set(number, {
        number,
        title,
        body: "As seen.",
        labels: labels.map((name) => ({ name })),
        state,
        state_reason: null,
      }),
    issue: (number) => issues.get(number),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return github;
}
