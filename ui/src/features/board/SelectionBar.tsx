// What can be done to all chosen cards at once. There only while something is chosen.
import { Button } from "../../components/Button";
import { Kbd } from "../../components/Kbd";
import { useCount } from "../../data/queries";
import { CARD_ACTIONS, isRare, labelOf } from "./actions";
import styles from "./Board.module.css";
import { useDesk } from "./desk";
import { useChosenCount, useSelection } from "./selection";

export function SelectionBar() {
  const count = useChosenCount();
  return count === 0 ? null : <Bar count={count} />;
}

function Bar({ count }: { count: number }) {
  const selection = useSelection();
  const desk = useDesk();
  // Enabled actions follow the cards: drawn again when any card changes its state.
  useCount(countVersion);
  const cards = desk.look([...selection.chosen()]);
  const actions = CARD_ACTIONS.filter((action) => {
    if (action.id === "open" || action.id === "done") return false;
    return !isRare(action) || action.enabled(cards);
  });
  return (
    <div role="toolbar" aria-label="Chosen cards" className={styles.bar}>
      <strong>
        {count} {count === 1 ? "card" : "cards"} chosen
      </strong>
      {actions.map((action) => (
        <Button
          key={action.id}
          size="small"
          look={action.danger ? "bad" : "default"}
          disabled={!action.enabled(cards)}
          onClick={() => action.run(desk, cards)}
        >
          {labelOf(action, cards)}
        </Button>
      ))}
      <Button size="small" look="plain" onClick={() => selection.clear()}>
        Clear <Kbd>Esc</Kbd>
      </Button>
    </div>
  );
}

function countVersion(cards: { version(): number }): number {
  return cards.version();
}
