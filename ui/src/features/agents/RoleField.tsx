// The agent's role: one that brings instructions along, or a word of the person's own.
import { useState } from "react";
import type { Role } from "../../bindings";
import { Select, TextField } from "../../components/Field";
import styles from "./RoleField.module.css";

const OWN = "*";

export function RoleField({ role, roles, onChange }: { role: string; roles: Role[]; onChange(role: string): void }) {
  const known = roles.find((one) => one.name === role);
  const [own, setOwn] = useState(role !== "" && !known);
  const choose = (value: string) => {
    setOwn(value === OWN);
    onChange(value === OWN ? "" : value);
  };
  return (
    <div className={styles.pair}>
      <Select
        label="Role"
        hint={known?.summary}
        value={own ? OWN : role}
        options={[
          { value: "", label: "None" },
          ...roles.map((one) => ({ value: one.name, label: one.title })),
          { value: OWN, label: "A word of your own…" },
        ]}
        onChange={(event) => choose(event.target.value)}
      />
      {own && (
        <TextField
          label="Its role, in a word"
          mono
          placeholder="release-manager"
          value={role}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </div>
  );
}
