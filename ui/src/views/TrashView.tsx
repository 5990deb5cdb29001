// The trash: cards that can be restored where they stood, until they are deleted for ever.
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useSettings, useTrash } from "../data/queries";
import { trashDays } from "../data/settings";
import { EmptyTrash } from "../features/trash/EmptyTrash";
import { TrashList } from "../features/trash/TrashList";
import { retentionNote } from "../features/trash/words";
import { Page } from "./Page";

export function TrashView() {
  const trash = useTrash();
  const days = trashDays(useSettings().data);
  return (
    <Page
      title="Trash"
      note={`Cards here keep their history, artifacts and workspaces, and can be restored. ${retentionNote(days)}`}
    >
      {trash.isError && <ErrorState problem={trash.error} onRetry={() => void trash.refetch()} />}
      {trash.isPending && <Skeleton lines={3} height={28} />}
      {trash.data?.length === 0 && <EmptyState title="The trash is empty." />}
      {trash.data && trash.data.length > 0 && (
        <>
          <EmptyTrash cards={trash.data} />
          <TrashList cards={trash.data} />
        </>
      )}
    </Page>
  );
}
