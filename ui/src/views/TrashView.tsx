// Deleted cards. Nothing of theirs is gone: a restored card stands where it stood.
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useTrash } from "../data/queries";
import { TrashList } from "../features/trash/TrashList";
import { Page } from "./Page";

export function TrashView() {
  const trash = useTrash();
  return (
    <Page title="Trash" note="Deleted cards keep their history, artifacts and workspaces, and can be restored.">
      {trash.isError && <ErrorState problem={trash.error} onRetry={() => void trash.refetch()} />}
      {trash.isPending && <Skeleton lines={3} height={28} />}
      {trash.data?.length === 0 && <EmptyState title="Nothing was deleted." />}
      {trash.data && trash.data.length > 0 && <TrashList cards={trash.data} />}
    </Page>
  );
}
