// The fake engine's keys and webhooks. It sends nothing: a test message always arrives.
import type { Delivery, Event, Key, Problem, Webhook, WebhookId } from "../bindings";
import type { Operations } from "./backend";

type DoorOperations = Pick<
  Operations,
  | "createKey"
  | "listKeys"
  | "revokeKey"
  | "addWebhook"
  | "editWebhook"
  | "removeWebhook"
  | "listWebhooks"
  | "testWebhook"
  | "listDeliveries"
  | "resendDelivery"
>;

const KEY = "fbk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

export function fakeDoors(changed: (also: Partial<Extract<Event, { type: "changed" }>>) => void): DoorOperations {
  let keys: Key[] = [];
  let webhooks: Webhook[] = [];
  let deliveries: Delivery[] = [];
  let last = 0;
  const next = () => {
    last += 1;
    return last;
  };
  const webhook = (id: WebhookId) => webhooks.find((one) => one.id === id) ?? refuse(`webhook ${id} does not exist`);
  const put = (fresh: Webhook) => {
    webhooks = [...webhooks.filter((one) => one.id !== fresh.id), fresh].sort((a, b) => a.id - b.id);
    changed({ webhooks: true });
    return fresh;
  };
  return {
    createKey: async ({ name, role, project, agent, expires_at }) => {
      const key: Key = {
        id: next(),
        name: name.trim() || refuse("the key has no name; say whose it is or what for"),
        prefix: KEY.slice(0, 8),
        role,
        project: project ?? null,
        agent: agent ?? null,
        created_at: Date.now(),
        expires_at: expires_at ?? null,
        last_used_at: null,
        revoked_at: null,
        good: true,
      };
      keys = [key, ...keys];
      changed({ keys: true });
      return { key, secret: KEY };
    },
    listKeys: async () => keys,
    revokeKey: async ({ id }) => {
      keys = keys.map((key) => (key.id === id ? { ...key, revoked_at: Date.now(), good: false } : key));
      changed({ keys: true });
      return keys.find((key) => key.id === id) ?? refuse(`key ${id} does not exist`);
    },
    addWebhook: async ({ name, url, types = [], project, private_allowed = false, enabled = true }) => ({
      webhook: put({
        id: next(),
        name: name ?? new URL(url).host,
        url,
        types,
        project: project ?? null,
        enabled,
        private_allowed,
        waiting: 0,
        failures: 0,
        resting_until: null,
        created_at: Date.now(),
        updated_at: Date.now(),
      }),
      secret: SECRET,
    }),
    editWebhook: async ({ id, new_secret, name, url, types, private_allowed, enabled }) => {
      const known = webhook(id);
      const fresh = {
        ...known,
        name: name ?? known.name,
        url: url ?? known.url,
        types: types ?? known.types,
        private_allowed: private_allowed ?? known.private_allowed,
        enabled: enabled ?? known.enabled,
      };
      return { webhook: put(fresh), secret: new_secret ? SECRET : null };
    },
    removeWebhook: async ({ id }) => {
      webhooks = webhooks.filter((one) => one.id !== webhook(id).id);
      changed({ webhooks: true });
      return {};
    },
    listWebhooks: async () => webhooks,
    testWebhook: async ({ id }) => {
      const sent: Delivery = {
        id: next(),
        webhook: webhook(id).id,
        message: `test_${last}`,
        event: "webhook.test",
        payload: JSON.stringify({ type: "webhook.test", data: { webhook: webhook(id).name } }),
        state: "delivered",
        attempts: 1,
        next_at: null,
        code: 200,
        trouble: null,
        took: 34,
        created_at: Date.now(),
        ended_at: Date.now(),
      };
      deliveries = [sent, ...deliveries];
      changed({ webhooks: true });
      return sent;
    },
    listDeliveries: async ({ webhook: id }) => deliveries.filter((sent) => sent.webhook === webhook(id).id),
    resendDelivery: async ({ id }) => {
      const sent = deliveries.find((one) => one.id === id) ?? refuse("that message is gone");
      changed({ webhooks: true });
      return sent;
    },
  };
}

function refuse(message: string): never {
  throw { code: "invalid", message, next: null } satisfies Problem;
}
