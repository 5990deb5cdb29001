import { describe, expect, it } from "vitest";
import type { ToastMessage } from "../../components/Toast";
import { type Step, Steps } from "./steps";

function newSteps() {
  const told: ToastMessage[] = [];
  const undone: string[] = [];
  const steps = new Steps((message) => {
    told.push(message);
    return () => told.splice(told.indexOf(message), 1);
  });
  /** Begins a step; the engine answers when the returned function is called. */
  const begin = (text: string, canUndo = true) => {
    let resolve: (done: Step | null) => void = () => {};
    const promise = new Promise<Step | null>((answered) => {
      resolve = answered;
    });
    steps.begin(promise);
    const settle = async (done: Step | null) => {
      resolve(done);
      await promise;
    };
    return {
      done: () => settle({ text, undo: canUndo ? () => undone.push(text) : null }),
      refused: () => settle(null),
    };
  };
  return { steps, told, undone, begin };
}

describe("undo", () => {
  it("takes back the last step once", async () => {
    const { steps, told, undone, begin } = newSteps();
    await begin("moved").done();
    expect(told.map(({ text }) => text)).toEqual(["moved"]);
    steps.undo();
    steps.undo();
    await Promise.resolve();
    expect(undone).toEqual(["moved"]);
    expect(told).toEqual([]);
  });

  it("means the step that is still on its way, not the one before it", async () => {
    const { steps, told, undone, begin } = newSteps();
    await begin("moved").done();
    const deletion = begin("deleted");
    steps.undo();
    expect(undone).toEqual([]);
    await deletion.done();
    expect(undone).toEqual(["deleted"]);
    expect(told.map(({ text }) => text)).toEqual(["moved"]);
  });

  it("means the step before again, if the last one was refused or cannot be taken back", async () => {
    for (const end of ["refused", "done"] as const) {
      const { steps, undone, begin } = newSteps();
      await begin("moved").done();
      await begin("final", false)[end]();
      steps.undo();
      await Promise.resolve();
      expect(undone).toEqual(["moved"]);
    }
  });

  it("is offered beside the message, for each step that can be taken back", async () => {
    const { told, undone, begin } = newSteps();
    await begin("first").done();
    await begin("second").done();
    await begin("third", false).done();
    expect(told.map(({ action }) => action !== undefined)).toEqual([true, true, false]);
    told[0]?.action?.run();
    await Promise.resolve();
    expect(undone).toEqual(["first"]);
  });
});
