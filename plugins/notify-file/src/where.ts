/** The `where` of a notify hook: which events it hears. Pure. */
import { catalogue, type HookName, type Notify } from '@mainstay/sdk';

type Where = NonNullable<Notify['where']>;

/** The payload field that holds a hook's per-object key, by what the catalogue says the key names. */
const keyFields: Readonly<Record<string, string>> = {
  vrrp_instance: 'instance',
  bfd_instance: 'session',
  lane: 'lane',
  plugin: 'plugin',
};

/** The one object whose events a hook wants, where `where` names it exactly: the bus then spares every other event the way. */
export function exactKey(hook: HookName, where: Where | undefined): string | undefined {
  const field = keyFields[catalogue[hook].key];
  const wanted = field === undefined ? undefined : where?.[field];
  return typeof wanted === 'string' && !wanted.endsWith('*') ? wanted : undefined;
}

export function matches(event: object, where: Where | undefined): boolean {
  const fields = event as Readonly<Record<string, unknown>>;
  return Object.entries(where ?? {}).every(([field, wanted]) => equals(fields[field], wanted));
}

function equals(value: unknown, wanted: string | number | boolean): boolean {
  if (typeof wanted === 'string' && wanted.endsWith('*')) {
    return typeof value === 'string' && value.startsWith(wanted.slice(0, -1));
  }
  return value === wanted;
}
