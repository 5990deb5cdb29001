// The first page of the settings: preferences.
import { ErrorState, Skeleton } from "../components/States";
import { useOverview, useSettings } from "../data/queries";
import { SettingsForm } from "../features/settings/SettingsForm";
import { SettingsPage } from "./SettingsPage";

export function SettingsView() {
  const settings = useSettings();
  const overview = useOverview();
  return (
    <SettingsPage>
      {settings.isError && <ErrorState problem={settings.error} onRetry={() => void settings.refetch()} />}
      {settings.isPending && <Skeleton lines={4} height={28} />}
      {settings.data && <SettingsForm settings={settings.data} overview={overview.data} />}
    </SettingsPage>
  );
}
