// An address that leads nowhere.
import { Link } from "@tanstack/react-router";
import { EmptyState } from "../components/States";

export function NotFoundView() {
  return (
    <main>
      <EmptyState title="There is nothing at this address." action={<Link to="/">Back to the board</Link>} />
    </main>
  );
}
