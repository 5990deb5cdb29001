// What a project's runs may use in a day, and each of its cards over all its runs.
import type { ComponentType } from "react";
import type { Budget, ProjectSettings } from "../../bindings";
import styles from "./Projects.module.css";

/** Belongs to another feature; the page hands it in. */
export type BudgetEditor = ComponentType<{
  label: string;
  hint: string;
  budget: Budget;
  onChange(budget: Budget | null): void;
}>;

/** Null: something in it was typed that is no budget. */
export interface Budgets {
  day: Budget | null;
  card: Budget | null;
}

export function budgetsOf({ budget, task_budget }: ProjectSettings): Budgets {
  return { day: budget ?? {}, card: task_budget ?? {} };
}

/** The settings with both; null where one of them is wrong. */
export function withBudgets(settings: ProjectSettings, { day, card }: Budgets): ProjectSettings | null {
  return day && card ? { ...settings, budget: day, task_budget: card } : null;
}

export interface ProjectBudgetsProps {
  budgets: Budgets;
  editor: BudgetEditor;
  onChange(budgets: Budgets): void;
}

export function ProjectBudgets({ budgets, editor: Editor, onChange }: ProjectBudgetsProps) {
  return (
    <>
      <h3 className={styles.part}>Budgets</h3>
      <div className={styles.wide}>
        <Editor
          label="All its runs of a day"
          hint="From midnight on this machine’s clock."
          budget={budgets.day ?? {}}
          onChange={(day) => onChange({ ...budgets, day })}
        />
      </div>
      <div className={styles.wide}>
        <Editor
          label="Each card, over all its runs"
          hint="The day’s budget of the whole board is with the queue’s rules."
          budget={budgets.card ?? {}}
          onChange={(card) => onChange({ ...budgets, card })}
        />
      </div>
    </>
  );
}
