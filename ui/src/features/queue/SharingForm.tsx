// Whose cards take turns with whose: projects with each other, or the tags that are named here.
import { type FormEvent, useState } from "react";
import type { QueuePolicy } from "../../bindings";
import { Button } from "../../components/Button";
import { Select } from "../../components/Field";
import { ListField } from "../../components/ListField";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./Money.module.css";
import { SENTENCES } from "./money";

const MOST = 20;

/** The tags that were typed, each once; a string says what is wrong. */
export function tagsOf(lines: readonly string[]): string[] | string {
  const tags = [...new Set(lines.map((line) => line.trim().replace(/^#/, "")).filter(Boolean))];
  const bad = tags.find((tag) => [...tag].length > 50 || /[,\p{Cc}]/u.test(tag));
  if (bad !== undefined) return `“${bad}” is not a tag; a tag is 1 to 50 characters without commas or line breaks`;
  return tags.length > MOST ? SENTENCES.tooMany : tags;
}

export function SharingForm({ policy }: { policy: QueuePolicy }) {
  const [lines, setLines] = useState<string[]>(policy.share_by_tags ?? []);
  const [byTags, setByTags] = useState(lines.length > 0);
  const put = useAction("putQueuePolicy");
  const tags = byTags ? tagsOf(lines) : [];
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (typeof tags === "string") return;
    put.mutate(
      { ...policy, share_by_tags: tags },
      { onSuccess: () => toast({ text: "Who takes turns with whom is saved." }) },
    );
  };
  return (
    <form className={styles.form} onSubmit={save} aria-label="Sharing">
      <div className={styles.add}>
        <Select
          label="Places are shared between"
          value={byTags ? "tags" : "projects"}
          options={[
            { value: "projects", label: "Projects" },
            { value: "tags", label: "Tags" },
          ]}
          onChange={(event) => setByTags(event.target.value === "tags")}
        />
      </div>
      {byTags && (
        <ListField
          label="Tags that take turns"
          item="Tag"
          placeholder="team-a"
          hint="A card with several of them counts for the first. Cards with none of them take turns by project."
          values={lines}
          onChange={setLines}
        />
      )}
      <p className={styles.hint}>
        Among cards of the same priority, whoever has the fewest at work comes next, so that a hundred cards of one do
        not keep the others waiting.
      </p>
      {typeof tags === "string" && <InlineError problem={{ message: tags, next: null }} />}
      {put.error && <InlineError problem={put.error} />}
      <div className={styles.foot}>
        <Button type="submit" look="primary" disabled={put.isPending || typeof tags === "string"}>
          Save sharing
        </Button>
      </div>
    </form>
  );
}
