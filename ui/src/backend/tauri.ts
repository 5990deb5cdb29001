// The window's door. The only file that imports @tauri-apps: everything typed goes through the
// generated commands, terminal bytes through a raw channel.
import { Channel, invoke } from "@tauri-apps/api/core";
import { commands, type Event, type Fetched, type Shown } from "../bindings";
import {
  asProblem,
  type Backend,
  type Listener,
  OPERATIONS,
  type Operations,
  refuseUrl,
  safeUrl,
  type TerminalHandlers,
  type TerminalLink,
} from "./backend";
import { deliverFrame } from "./frames";

export function tauriBackend(): Backend {
  return {
    ...(Object.fromEntries(OPERATIONS.map((name) => [name, commands[name]])) as Operations),
    kind: "window",
    canOpen: true,
    subscribe,
    followLinks,
    startsAtLogin: commands.startsAtLogin,
    startAtLogin: commands.startAtLogin,
    updateSource: commands.updateSource,
    lookForUpdate: commands.lookForUpdate,
    installUpdate: async (version, onFetched) => {
      await commands.installUpdate(version, new Channel<Fetched>(onFetched));
    },
    openTerminal,
    pickFolder: commands.pickFolder,
    pickFile: commands.pickFile,
    saveBoard: commands.saveBoard,
    saveArtifact: commands.saveArtifact,
    saveAttachment: commands.saveAttachment,
    openPath: async (path) => {
      await commands.openPath(path);
    },
    openUrl: async (url) => {
      const safe = safeUrl(url);
      if (safe === null) throw refuseUrl(url);
      await commands.openUrl(safe);
    },
  };
}

function subscribe(listener: Listener): () => void {
  const channel = new Channel<Event>((event) => listener.onEvent(event));
  commands.subscribe(channel).then(
    () => listener.onConnection("connected"),
    () => listener.onConnection("connecting"),
  );
  return () => {
    channel.onmessage = () => {};
  };
}

function followLinks(heard: (shown: Shown) => void): () => void {
  const channel = new Channel<Shown>(heard);
  void commands.followLinks(channel);
  return () => {
    channel.onmessage = () => {};
  };
}

/** The terminal's id arrives a moment later; what is asked before that waits in line. */
function openTerminal(run: number, size: { cols: number; rows: number }, handlers: TerminalHandlers): TerminalLink {
  const channel = new Channel<ArrayBuffer>((frame) => deliverFrame(new Uint8Array(frame), handlers));
  // Raw bytes have no type that could be generated, so this one command is called by its name.
  const opened = invoke<number>("open_terminal", { run, size, channel });
  opened.catch((thrown) => handlers.onClosed(asProblem(thrown)));
  let last: Promise<unknown> = opened;

  const inTurn = (step: (id: number) => Promise<unknown>) => {
    const before = last;
    last = opened.then(async (id) => {
      await before.catch(() => {});
      await step(id);
    });
    last.catch(() => {});
  };

  return {
    input: (text) => inTurn((id) => commands.terminalInput(id, text)),
    ack: (bytes) => inTurn((id) => commands.terminalAck(id, bytes)),
    resize: (cols, rows) => inTurn((id) => commands.terminalResize(id, cols, rows)),
    visible: (visible) => inTurn((id) => commands.terminalVisible(id, visible)),
    close: () => {
      channel.onmessage = () => {};
      inTurn((id) => commands.closeTerminal(id));
      handlers.onClosed(null);
    },
  };
}
