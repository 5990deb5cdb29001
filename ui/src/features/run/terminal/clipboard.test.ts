import { describe, expect, it } from "vitest";
import { clipboardRequest } from "./clipboard";

describe("a program's reach for the clipboard", () => {
  it("is a question when it writes", () => {
    expect(clipboardRequest("c;aMOpbGxv")).toEqual({ kind: "write", text: "héllo" });
  });

  it.each([
    ["a read", "c;?"],
    ["an empty write, which would clear it", "c;"],
    ["broken base64", "c;%%%"],
    ["bytes that are no text", "c;//4="],
    ["no payload", "c"],
    ["far too much", `c;${"A".repeat(200_000)}`],
  ])("%s is refused", (_, data) => expect(clipboardRequest(data)).toEqual({ kind: "refused" }));
});
