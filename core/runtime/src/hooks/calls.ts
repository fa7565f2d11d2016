/** How the owner of hooks calls them. Made by the bus for each plugin; refuses hooks of others. */
import { catalogue, type HookKind, type HookName } from '@mainstay/hooks';
import { type HookCalls, MainstayError } from '@mainstay/sdk';
import type { HookBus } from './bus.js';
import { knownHook } from './declaration.js';
import type { EngineOf } from './engine.js';
import { frozenCopy } from './frozen.js';

export function callsFor(owner: string, bus: HookBus): HookCalls {
  const check = (name: HookName, kind: HookKind) => {
    const entry = catalogue[name] as (typeof catalogue)[HookName] | undefined;
    if (entry?.owner !== owner || entry.kind !== kind) throw refusal(owner, name, kind);
  };
  const calls: HookCalls = {
    observe(name, key, payload) {
      check(name, 'observe');
      bus.raise(name, key, payload);
    },
    forget(name, key) {
      check(name, 'observe');
      bus.forget(name, key);
    },
    isTapped: (name, key) => bus.isTapped(name, key),
    adjust(name, key, value, payload) {
      check(name, 'adjust');
      const answer = bus.callSync(name, key, (engine, call) => {
        const result = (engine as EngineOf<'adjust'>).call(frozenCopy(value), frozenCopy(payload), call);
        return { value: result as typeof value, contributions: call.contributions as never };
      });
      return answer ?? { value, contributions: [] };
    },
    guard(name, key, payload) {
      check(name, 'guard');
      return bus.callSync(name, key, (engine, call) => {
        const answer = (engine as EngineOf<'guard'>).call(frozenCopy(payload), call);
        return answer === undefined ? undefined : { plugin: call.heldBy ?? '', answer: answer as never };
      });
    },
    shape(name, key, value, payload) {
      check(name, 'shape');
      return bus.shape(name, key, value, payload) as Promise<typeof value>;
    },
  };
  return Object.freeze(calls);
}

function refusal(plugin: string, name: string, kind: HookKind): MainstayError {
  const entry = catalogue[knownHook(plugin, name)];
  if (entry.owner !== plugin) {
    return new MainstayError('HOOK_NOT_OWNER', `plugin ${plugin} calls ${name}, which only ${entry.owner} may call`);
  }
  return new MainstayError('HOOK_WRONG_KIND', `plugin ${plugin} calls ${name} as ${kind}, but it is of the kind ${entry.kind}`);
}
