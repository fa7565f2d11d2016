/**
 * One probe of a checker in whatever network namespace this program is started: `node probe-agent.js PACKAGE EXPORT TARGET CONFIG MS`.
 * Prints how it ended, in short, and how long it took. Fails where a socket stays open.
 */
import type { Checker, CheckTarget } from '@mainstay/sdk';
import { nothingBut, openNow } from './descriptors.js';
import { inShort, probe } from './probe.js';

const [packageName = '', exportName = '', target = '{}', config = '', deadlineMs = '2000'] = process.argv.slice(2);
const exported = (await import(packageName)) as Record<string, Checker>;
const checker = exported[exportName];
if (checker === undefined) throw new Error(`${packageName} exports no ${exportName}`);
const open = openNow();
const probed = await probe(checker, JSON.parse(target) as Partial<CheckTarget>, config, Number(deadlineMs));
await nothingBut(open, 'after the probe');
process.stdout.write(JSON.stringify({ said: inShort(probed), durationMs: probed.durationMs }));
