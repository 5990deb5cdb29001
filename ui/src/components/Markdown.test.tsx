import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Markdown } from "./Markdown";

test("raw HTML and remote images do not reach the page", () => {
  const { container } = render(
    <Markdown>
      {"Hello <script>alert(1)</script><img src=x onerror=alert(1)>\n\n![shot](https://example.org/a.png)"}
    </Markdown>,
  );
  expect(container.querySelector("script, img")).toBeNull();
  expect(container.textContent).toContain("[image: shot]");
  expect(container.textContent).not.toContain("<script>");
});

test("a link only tells that it was clicked", () => {
  const open = vi.fn();
  render(<Markdown onOpenLink={open}>{"[docs](https://example.org/)"}</Markdown>);
  const followed = fireEvent.click(screen.getByRole("link", { name: "docs" }));
  expect(followed, "the window stays where it is").toBe(false);
  expect(open).toHaveBeenCalledExactlyOnceWith("https://example.org/");
});

test.each(["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "//example.org", "vscode://x"])(
  "%s is no link",
  (url) => {
    render(<Markdown onOpenLink={() => {}}>{`[docs](${url})`}</Markdown>);
    expect(screen.queryByRole("link")).toBeNull();
    expect(screen.getByText("docs")).toBeTruthy();
  },
);

test("tables and task lists are drawn", () => {
  render(<Markdown>{"| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n- [ ] open"}</Markdown>);
  expect(screen.getByRole("table")).toBeTruthy();
  expect(screen.getByText(/☑/)).toBeTruthy();
});
