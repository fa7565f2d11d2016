/** `mainstay status [NAME]`: what the daemon runs and how its objects are, as tables or JSON. */
import type { DaemonReport } from '@mainstay/core';
import type { ObjectStatus } from '@mainstay/sdk';
import type { ClientArguments } from '../options.js';
import { fieldLines } from '../output/fields.js';
import { clean, duration, moment, table } from '../output/table.js';
import { ask } from './ask.js';

interface StatusBody extends Omit<DaemonReport, 'plugins' | 'taps'> {
  readonly version: string;
  readonly pid: number;
  readonly instance?: string;
}

/** Answers what to print. */
export async function status(args: ClientArguments): Promise<string> {
  const [name] = args.names;
  if (name !== undefined) {
    const { objects } = await ask<{ objects: readonly ObjectStatus[] }>(args, `/v1/objects/${encodeURIComponent(name)}`);
    return args.json ? json(objects) : objects.map((object) => oneObject(object, Date.now())).join('\n');
  }
  const body = await ask<StatusBody>(args, '/v1/status');
  return args.json ? json(body) : overview(body, Date.now());
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function overview(body: StatusBody, now: number): string {
  const instance = body.instance === undefined ? '' : ` (${body.instance})`;
  const head = `Mainstay ${body.version}${instance}, pid ${body.pid}, up ${duration(now - body.startedAt)}, configuration number ${body.generation}: ${body.files.join(', ')}\n`;
  const rows = body.lanes.map((lane) => [
    lane.lane,
    lane.answered || lane.phase !== 'started' ? lane.phase : 'not answering',
    lane.pid,
    lane.restarts,
    lane.eventsDropped,
    lane.plugins.join(' '),
  ]);
  const lanes = table(['LANE', 'STATE', 'PID', 'RESTARTS', 'LOST', 'PLUGINS'], rows);
  return [head, lanes + warnings(body.lanes), ...byKind(body.objects, now)].join('\n');
}

/** What a lane's process says of itself and the operator should know: one line each. */
function warnings(lanes: StatusBody['lanes']): string {
  const lines = lanes.flatMap(({ lane, facts = {} }) =>
    Object.values(facts).flatMap((fact) => {
      const warning = (fact as { readonly warning?: unknown } | null)?.warning;
      return typeof warning === 'string' ? [`${clean(lane)} lane: ${clean(warning)}\n`] : [];
    }),
  );
  return lines.length === 0 ? '' : `\n${lines.join('')}`;
}

/** A table for each kind, its columns in the order in which the plugin gives them. */
export function byKind(objects: readonly ObjectStatus[], now: number): readonly string[] {
  const kinds = [...new Set(objects.map((object) => object.kind))];
  return kinds.map((kind) => {
    const own = objects.filter((object) => object.kind === kind);
    const columns = [...new Set(own.flatMap((object) => Object.keys(object.summary)))];
    const rows = own.map((object) => {
      const moments = momentsOf(object);
      const cells = columns.map((column) => {
        const value = object.summary[column];
        return moments.has(column) ? moment(value, now) : value;
      });
      return [object.name, object.state, ...cells];
    });
    return table([kind.toUpperCase(), 'STATE', ...columns.map((column) => column.toUpperCase())], rows);
  });
}

export function oneObject(object: ObjectStatus, now: number): string {
  const { kind, name, state, summary, detail } = object;
  const times = { moments: momentsOf(object), now };
  return `${clean(kind)} ${clean(name)}: ${clean(state)}\n${fieldLines({ ...summary, ...detail }, times)}`;
}

/** Anybody's plugin may say anything. */
function momentsOf({ moments }: ObjectStatus): ReadonlySet<string> {
  return new Set(Array.isArray(moments) ? moments : []);
}
