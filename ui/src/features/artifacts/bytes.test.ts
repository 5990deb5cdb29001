import { describe, expect, it } from "vitest";
import { asText, fromBase64, hexRows, imageType } from "./bytes";

describe("an artifact's bytes", () => {
  it("come out of base64 whole, high bytes too", () => {
    expect([...fromBase64("AP9/gA==")]).toEqual([0, 255, 127, 128]);
  });

  it("are text in UTF-8 and in UTF-16 with its mark", () => {
    expect(asText(new TextEncoder().encode("naïve 🛬")).text).toBe("naïve 🛬");
    expect(asText(Uint8Array.of(0xff, 0xfe, 0x41, 0x00)).text).toBe("A");
    expect(asText(Uint8Array.of(0xfe, 0xff, 0x00, 0x41)).text).toBe("A");
  });

  it("that are no text are counted, not hidden", () => {
    expect(asText(Uint8Array.of(0x41, 0xff, 0xfe, 0x42)).wrong).toBe(2);
  });

  it("as hex stop at the limit and keep a short last row", () => {
    const rows = hexRows(
      Uint8Array.from({ length: 40 }, (_, i) => i + 60),
      20,
    );
    expect(rows).toEqual([
      { offset: "00000000", hex: "3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b", text: "<=>?@ABCDEFGHIJK" },
      { offset: "00000010", hex: "4c 4d 4e 4f", text: "LMNO" },
    ]);
  });

  it("of an image get its type from the name", () => {
    expect(imageType("a/b.PNG")).toBe("image/png");
    expect(imageType("noext")).toBe("application/octet-stream");
  });
});
