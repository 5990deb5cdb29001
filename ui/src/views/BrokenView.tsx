// What is shown when a screen itself fails: a bug of ours, said in a sentence, with the ways out.
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { Button } from "../components/Button";
import { EmptyState } from "../components/States";

export function BrokenView({ error }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <main role="alert">
      <EmptyState
        title="This screen broke"
        action={
          <>
            <Button onClick={() => location.reload()}>Load again</Button>
            <Button onClick={() => void router.navigate({ to: "/" }).then(() => router.invalidate())}>
              To the board
            </Button>
          </>
        }
      >
        <p>Agents and what you saved are not affected. Please report this line:</p>
        <p className="mono">{error instanceof Error ? error.message : String(error)}</p>
      </EmptyState>
    </main>
  );
}
