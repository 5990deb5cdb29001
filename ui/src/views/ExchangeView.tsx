// Import and export, one of the settings: GitHub's issues, the board as a file, another program's board.
import { ErrorState, Skeleton } from "../components/States";
import { useGithub, useProjects } from "../data/queries";
import { ExportBoard, ImportFile, ImportVibeKanban } from "../features/exchange/FileExchange";
import { GithubLinks } from "../features/exchange/GithubLinks";
import { Section } from "./Page";
import { SettingsPage } from "./SettingsPage";

export function ExchangeView() {
  const github = useGithub();
  const projects = useProjects();
  return (
    <SettingsPage note="Issues that are cards here too, and whole boards that come and go as files.">
      <Section title="Issues at GitHub">
        {github.isError && <ErrorState problem={github.error} onRetry={() => void github.refetch()} />}
        {github.data && projects.data ? (
          <GithubLinks github={github.data} projects={projects.data} />
        ) : (
          !github.isError && <Skeleton lines={2} height={28} />
        )}
      </Section>
      <Section title="Export">
        <ExportBoard />
      </Section>
      <Section title="Import">
        <ImportFile />
        <ImportVibeKanban />
      </Section>
    </SettingsPage>
  );
}
