import { expect, test, vi } from "vitest";
import { Selection } from "./selection";

test("an action is about the chosen cards, or else the one under the keyboard", () => {
  const selection = new Selection();
  expect(selection.subjects()).toEqual([]);
  selection.arrive(4);
  expect(selection.subjects()).toEqual([4]);
  selection.toggle(5);
  selection.toggle(6);
  expect(selection.subjects()).toEqual([5, 6]);
  selection.toggle(5);
  expect(selection.subjects()).toEqual([6]);
  selection.clear();
  expect(selection.subjects()).toEqual([5]);
});

test("a range reaches from the current card to the other, either way", () => {
  const selection = new Selection();
  selection.arrive(3);
  selection.extend(1, [1, 2, 3, 4]);
  expect([...selection.chosen()].sort()).toEqual([1, 2, 3]);
  selection.extend(9, [1, 2, 3, 4, 9]);
  expect([...selection.chosen()].sort()).toEqual([1, 2, 3, 4, 9]);
});

test("a range from another column is the clicked card alone", () => {
  const selection = new Selection();
  selection.arrive(50);
  selection.extend(2, [1, 2, 3]);
  expect([...selection.chosen()]).toEqual([2]);
});

test("the focus is given once, to the card that it was asked for", () => {
  const selection = new Selection();
  selection.goTo(7);
  expect(selection.takeFocus(6)).toBe(false);
  expect(selection.takeFocus(7)).toBe(true);
  expect(selection.takeFocus(7)).toBe(false);
});

test("arriving where the keyboard already is tells nobody", () => {
  const selection = new Selection();
  selection.arrive(1);
  const heard = vi.fn();
  selection.listen(heard);
  selection.arrive(1);
  selection.clear();
  expect(heard).not.toHaveBeenCalled();
});
