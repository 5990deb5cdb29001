import { describe, expect, it } from "vitest";
import { frameDocument } from "./htmlFrame";

describe("an HTML artifact's frame", () => {
  it("puts the policy before anything of the document's own", () => {
    const framed = frameDocument('<!DOCTYPE html><html><head><script src="https://evil.example/x.js"></script>');
    expect(framed.indexOf("Content-Security-Policy")).toBeLessThan(framed.indexOf("evil.example"));
    expect(framed.match(/<!doctype/gi)).toHaveLength(1);
  });

  it("allows no network, no script and no form", () => {
    const framed = frameDocument("<p>hi");
    expect(framed).toContain("default-src 'none'");
    expect(framed).toContain("form-action 'none'");
    expect(framed).not.toContain("script-src");
    expect(framed).not.toContain("https:");
  });
});
