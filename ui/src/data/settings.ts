// What a preference is where nobody has set it; the engine goes by the same.
import type { Settings } from "../bindings";

/** Days until a card in the trash is deleted for ever; 0 means never. */
export function trashDays(settings: Settings | undefined): number {
  return settings?.trash_days ?? 30;
}
