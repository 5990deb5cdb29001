// What makes a title acceptable; the engine checks the same.
const LONGEST = 500;

/** The sentence to show, or null if the title is fine. */
export function titleProblem(title: string): string | null {
  const length = [...title.trim()].length;
  if (length === 0) return "A card needs a title.";
  return length > LONGEST ? `The title has ${length} characters; ${LONGEST} is the most.` : null;
}
