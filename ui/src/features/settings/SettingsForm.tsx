// Preferences. Each is saved as soon as it is changed; a command line when the box is left.
import { useState } from "react";
import type { Overview, Settings } from "../../bindings";
import { CopyButton } from "../../components/CopyButton";
import { Checkbox, Select, TextField } from "../../components/Field";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { joinCommand, splitCommand } from "../../data/argv";
import { useStartAtLogin } from "../../data/login";
import { trashDays } from "../../data/settings";
import styles from "./SettingsForm.module.css";
import { asTheme } from "./theme";
import { Updates } from "./Updates";

const THEMES = [
  { value: "system", label: "As the system" },
  { value: "dark", label: "Dark" },
  { value: "light", label: "Light" },
];

export function SettingsForm({ settings, overview }: { settings: Settings; overview: Overview | undefined }) {
  const save = useAction("putSettings");
  const put = (fields: Partial<Settings>) => save.mutate({ ...settings, ...fields });
  return (
    <div className={styles.form}>
      <section className={styles.section} aria-label="Appearance">
        <h2>Appearance</h2>
        <Select
          label="Theme"
          options={THEMES}
          value={asTheme(settings.theme)}
          onChange={(event) => put({ theme: event.target.value })}
        />
      </section>
      <section className={styles.section} aria-label="Editor">
        <h2>Editor</h2>
        <EditorField editor={settings.editor ?? []} onSave={(editor) => put({ editor })} />
      </section>
      <section className={styles.section} aria-label="Agents">
        <h2>Agents</h2>
        <NumberField
          label="Minutes without a heartbeat until an agent is offline"
          hint="For agents that fetch their own work; the others send none."
          least={1}
          most={10_080}
          range="1 to 10,080 minutes (a week)."
          value={settings.agent_offline_minutes || 5}
          onSave={(agent_offline_minutes) => put({ agent_offline_minutes })}
        />
      </section>
      <section className={styles.section} aria-label="Trash">
        <h2>Trash</h2>
        <NumberField
          label="Days in the trash until a card is deleted for ever"
          hint="0 keeps cards until you delete them yourself."
          least={0}
          most={3_650}
          range="0 to 3,650 days."
          value={trashDays(settings)}
          onSave={(trash_days) => put({ trash_days })}
        />
      </section>
      <LoginField />
      <Updates look={settings.look_for_updates ?? false} onLook={(look_for_updates) => put({ look_for_updates })} />
      {save.error && <InlineError problem={save.error} />}
      {overview && <About overview={overview} />}
    </div>
  );
}

/** Nothing in a browser: what the system starts is the window. */
function LoginField() {
  const login = useStartAtLogin();
  if (login.on === null && login.problem === null) return null;
  return (
    <section className={styles.section} aria-label="Start">
      <h2>Start</h2>
      <Checkbox
        label="Open Flightboard when I log in"
        hint="The queue and the schedules go on for as long as the window, or “flightboard serve”, is open."
        checked={login.on ?? false}
        disabled={login.on === null}
        onChange={(event) => login.put(event.target.checked)}
      />
      {login.problem && <InlineError problem={login.problem} />}
    </section>
  );
}

function EditorField({ editor, onSave }: { editor: string[]; onSave(editor: string[]): void }) {
  const saved = joinCommand(editor);
  const [text, setText] = useState(saved);
  const [error, setError] = useState<string | null>(null);
  const leave = () => {
    const words = splitCommand(text);
    if (words.length > 0 && !words.some((word) => word.includes("{path}"))) {
      return setError("Say where the folder goes: write {path} in the command.");
    }
    setError(null);
    if (text !== saved) onSave(words);
  };
  return (
    <TextField
      label="Command that opens a folder"
      mono
      placeholder="code {path}"
      hint="Left empty, the system’s file manager opens it."
      value={text}
      error={error}
      onChange={(event) => setText(event.target.value)}
      onBlur={leave}
      onKeyDown={(event) => event.key === "Enter" && leave()}
    />
  );
}

interface NumberFieldProps {
  label: string;
  hint: string;
  least: number;
  most: number;
  /** Says which numbers are taken. */
  range: string;
  value: number;
  onSave(value: number): void;
}

function NumberField({ label, hint, least, most, range, value, onSave }: NumberFieldProps) {
  const [text, setText] = useState(String(value));
  const [error, setError] = useState<string | null>(null);
  const leave = () => {
    const wanted = Number(text);
    if (text.trim() === "" || !Number.isInteger(wanted) || wanted < least || wanted > most) return setError(range);
    setError(null);
    if (wanted !== value) onSave(wanted);
  };
  return (
    <TextField
      label={label}
      type="number"
      min={least}
      max={most}
      hint={hint}
      value={text}
      error={error}
      onChange={(event) => setText(event.target.value)}
      onBlur={leave}
      onKeyDown={(event) => event.key === "Enter" && leave()}
    />
  );
}

function About({ overview }: { overview: Overview }) {
  return (
    <section className={styles.section} aria-label="About">
      <h2>About</h2>
      <dl className={styles.facts}>
        <dt>Version</dt>
        <dd>{overview.version}</dd>
        <dt>Data</dt>
        <dd>
          {overview.data_dir}
          <CopyButton text={overview.data_dir} label="Copy the data directory’s path" />
        </dd>
      </dl>
      <p className={styles.note}>
        Cards, logs and artifacts stay in this directory. Nothing of them is sent anywhere but where you say so: to
        webhooks and linked repositories. The agents that you start talk to their own services.
      </p>
    </section>
  );
}
