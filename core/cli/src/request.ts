/** From the command line to what core prepares: the plugins of the distribution, the parts that are on, the reserved words. */
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PrepareRequest } from '@mainstay/core';
import { type Part, parts, plugins, reserved } from './distribution.js';
import { globalsModule } from './globals-module.js';

export interface RequestChoices {
  readonly file?: string;
  readonly configId?: string;
  readonly only: ReadonlySet<'vrrp' | 'check'>;
  readonly noBfd: boolean;
  readonly unknownKeywords: 'error' | 'warning';
  readonly verify: boolean;
}

/** -P and -C name the parts that run; without either all do. -B switches BFD off. */
export function disabledParts({ only, noBfd }: Pick<RequestChoices, 'only' | 'noBfd'>): readonly Part[] {
  const isOn = {
    vrrp: only.size === 0 || only.has('vrrp'),
    check: only.size === 0 || only.has('check'),
    bfd: !noBfd && only.size === 0,
  };
  return (['vrrp', 'check', 'bfd'] as const).filter((part) => !isOn[part]).map((part) => parts[part]);
}

export function prepareRequest(choices: RequestChoices): PrepareRequest {
  return {
    ...(choices.file !== undefined && { file: choices.file }),
    configId: choices.configId ?? hostname().split('.')[0] ?? '',
    plugins: [
      { reference: 'keepalived-globals', module: globalsModule, origin: 'distribution' },
      ...plugins.map((reference) => ({ reference, origin: 'distribution' })),
    ],
    reserved,
    disabledParts: disabledParts(choices).map(({ name, ...part }) => ({ part: name, ...part })),
    unknownKeywords: choices.unknownKeywords,
    daemonDirectory: dirname(fileURLToPath(import.meta.url)),
    verify: choices.verify,
  };
}
