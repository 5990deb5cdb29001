// Errors are written to stand inside a line; where one stands alone it begins like a sentence.

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
